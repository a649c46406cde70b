"""The roles a membership can give. Contexts may declare more of them; a code is declared once.

Sources: DESIGN § 5, reference mutual-aid § 3. `inhabitant` and `machine` are not here: no membership gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """`working`: somebody who works for a house; two factors are proved before a page with personal data.

    `persons`: the work itself needs such pages. Without it the answer stays no, whatever is proved.
    """

    code: str
    label: str
    working: bool
    persons: bool = True


_roles: dict[str, Role] = {}


def declare_role(role: Role) -> Role:
    """Add a role. Raises ValueError when its code is already taken."""
    if role.code in _roles:
        raise ValueError(f"role {role.code!r} is declared twice")
    _roles[role.code] = role
    return role


def declared() -> Mapping[str, Role]:
    return _roles


def label_of(code: str) -> str:
    """The French label, or the code itself when its context is no longer installed."""
    return _roles[code].label if code in _roles else code


def working(codes: frozenset[str]) -> bool:
    """Whether one of these roles is a working one."""
    return any(_roles[code].working for code in codes if code in _roles)


for _role in (
    Role("helper", "aidant·e", working=False, persons=False),
    Role("matchmaker", "agent entremetteur", working=True),
    Role("lead_matchmaker", "responsable des entremetteurs", working=True),
    Role("sensitive_referent", "référent·e sensible", working=True),
    Role("org_manager", "responsable de structure", working=True),
    Role("moderator", "modérateur·rice", working=True),
    Role("budget_holder", "gestionnaire de ligne budgétaire", working=True),
    Role("caller", "appelant·e", working=True),
    Role("mentor", "mentor·e d’appelants", working=True),
    Role("supervisor", "superviseur·e", working=True),
    Role("referrer", "orientateur·rice", working=True),
    Role("keeper", "gestionnaire de registre", working=True),
    Role("desk", "agent d’accueil", working=True),
    Role("home_visitor", "visiteur·euse à domicile", working=True),
    Role("analyst", "chargé·e d’analyse", working=True, persons=False),
    Role("dpo", "délégué·e à la protection des données", working=True),
    Role("controller", "responsable de traitement", working=True),
    Role("administrator", "administrateur·rice technique", working=True, persons=False),
    Role("partner", "structure partenaire", working=False, persons=False),
    Role("field_informer", "informateur·rice de terrain", working=False, persons=False),
    Role("elected", "élu·e", working=True, persons=False),
):
    declare_role(_role)
