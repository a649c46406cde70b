from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from entremise.accounts.models import Membership, Organisation, User
from entremise.kernel import clock
from entremise.vault import queries
from entremise.vault.models import Habilitation

PASSWORD = "un mot de passe de test"
_numbers = count(1)


def organisation(name: str = "Ville de Grenoble", kind: str = "collectivite") -> Organisation:
    return Organisation.objects.get_or_create(name=name, kind=kind)[0]


def agent(
    *roles: str,
    organisation: Organisation | None = None,
    label: str = "",
    email: str = "",
    habilitated: bool = True,
) -> User:
    """An account whose password is `PASSWORD`, with these roles live today in one organisation.

    Habilitated for what its roles suggest, and committed to secrecy, unless said otherwise.
    """
    number = next(_numbers)
    house = organisation or globals()["organisation"]()
    user = User.objects.create_user(email or f"agent{number}@exemple.test", PASSWORD, label=label or f"Agent {number}")
    for role in roles:
        Membership.objects.create(user=user, organisation=house, role=role)
    if habilitated:
        habilitate(user.pk, *roles)
    return user


def habilitate(user: int, *roles: str, **changed: Any) -> None:
    """What a controller signs for these roles, and the agent's promise: rows, as cheap as a test needs."""
    if purposes := queries.proposed_purposes(roles):
        now = clock.now()
        later = now + timedelta(days=300)
        said = {
            "purposes": sorted(purposes),
            "active_until": later,
            "commitment_at": now,
            "commitment_until": later,
            "signed_by": 1,
            "professional_secrecy": not {"sensitive_referent", "referrer"}.isdisjoint(roles),
            "level": 1,
            **changed,
        }
        Habilitation.objects.update_or_create(user=user, defaults=said)
