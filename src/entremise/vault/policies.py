"""Who may do what with which category, for which purpose: a small fixed table.

The policy engine of the voted rulebook takes this table's place behind the same functions; until then the rules
are few, written here, and the same everywhere. Roles are those of `accounts`. No grant, no access.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.conf import settings

from entremise.accounts.policies import SecondFactorNeeded, proved_enough
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.vault.registry import CATEGORIES

RULE_SET = 0
"""The number of this table among rule sets: none was voted yet."""

PER_HOUR = 240
"""Distinct records that one agent may read in an hour (PD: ours, to be confirmed by use). The reference counts 60
for callers; a matchmaker's queue shows names, page after page, and a demonstration must not stop there."""

MOST_AT_ONCE = 500
"""Persons in one list."""

HOUSE = frozenset({"matchmaker", "lead_matchmaker", "sensitive_referent"})
HEADS = frozenset({"lead_matchmaker", "sensitive_referent"})
DESK = frozenset({"desk", "dpo"})
MACHINE = frozenset({"machine"})
MUTUAL_AID = frozenset({"mutualaid.contact", "mutualaid.meet"})
ALL = frozenset(CATEGORIES)
CONTACT = frozenset({"name", "phone", "preferences"})
NO_ROLE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grant:
    """Allows `actions` for `purposes` on `categories`, to `roles` or to those who stand in a `relation`.

    Relations: `self` (the person concerned), `new` (a record that did not exist), `released` (contact given).
    """

    id: str
    label: str
    actions: frozenset[str]
    purposes: frozenset[str]
    categories: frozenset[str]
    roles: frozenset[str] = NO_ROLE
    relation: str = ""


READ, WRITE, SEARCH, ERASE = (frozenset({verb}) for verb in ("read", "write", "search", "erase"))
CONTACT_PURPOSE = frozenset({"mutualaid.contact"})
RIGHTS = frozenset({"people.rights"})
ADDRESS = frozenset({"address", "position"})

TABLE = (
    Grant("table-contact", "La mise en relation lit noms, contacts et précisions pratiques.",
          READ, CONTACT_PURPOSE, CONTACT, HOUSE | {"desk"}),
    Grant("table-contact-address", "Les responsables de la mise en relation lisent aussi l’adresse.",
          READ, CONTACT_PURPOSE, ADDRESS, HEADS),
    Grant("table-meet", "Une rencontre convenue permet de lire aussi l’adresse.",
          READ, frozenset({"mutualaid.meet"}), CONTACT | {"address"}, HOUSE),
    Grant("table-geocode", "Une adresse à corriger se lit avec le point qu’elle donne.",
          READ, frozenset({"mutualaid.geocode_fix"}), ADDRESS, HOUSE),
    Grant("table-send", "L’envoi d’un message lit le téléphone et le courriel, rien d’autre.",
          READ, CONTACT_PURPOSE | RIGHTS, frozenset({"phone"}), MACHINE),
    Grant("table-rights", "L’exercice des droits donne accès à tout le dossier.",
          READ | WRITE, RIGHTS, ALL, DESK),
    Grant("table-self", "Chaque personne lit et corrige ce qui la concerne.",
          READ | WRITE, RIGHTS | MUTUAL_AID, ALL, relation="self"),
    Grant("table-new", "Chacun peut se faire connaître ou faire connaître une demande dictée.",
          WRITE, CONTACT_PURPOSE, ALL, relation="new"),
    Grant("table-keep", "La mise en relation et l’accueil tiennent les fiches à jour.",
          WRITE, MUTUAL_AID | {"mutualaid.geocode_fix"}, CONTACT | ADDRESS, HOUSE | {"desk"}),
    Grant("table-machine", "Les tâches de fond écrivent ce qui leur est confié, sans le relire.",
          WRITE, CONTACT_PURPOSE, CONTACT | ADDRESS, MACHINE),
    Grant("table-released", "Un contact transmis se lit jusqu’à la date convenue.",
          READ, MUTUAL_AID, ALL, relation="released"),
    Grant("table-search", "La recherche par téléphone évite les doublons.",
          SEARCH, CONTACT_PURPOSE | RIGHTS, frozenset({"phone"}), HOUSE | DESK | MACHINE),
    Grant("table-erase", "L’effacement est demandé par la personne ou fait par l’accueil des droits.",
          ERASE, RIGHTS, ALL, DESK),
    Grant("table-erase-self", "Chaque personne peut demander son effacement.",
          ERASE, RIGHTS, ALL, relation="self"),
)  # fmt: skip

BY_ID: Mapping[str, Grant] = {grant.id: grant for grant in TABLE}


def decide(actor: Actor, *, action: str, purpose: str, category: str, relations: frozenset[str]) -> Grant | None:
    """The first grant that allows it, None when nothing does. Pure: facts come in as `relations`."""
    for grant in TABLE:
        if (
            action in grant.actions
            and purpose in grant.purposes
            and category in grant.categories
            and (grant.relation in relations if grant.relation else actor.has(*grant.roles))
        ):
            return grant
    return None


def is_counted(actor: Actor) -> bool:
    """Agents meet the hourly cap; a person reads themself or what was given to them, a machine sends messages."""
    return actor.user_id is not None


# Who keeps the facts that rules look at.

SIGNING = "Seul le responsable de traitement signe ceci. Adressez-vous à lui."
WATCHING = "Seuls le responsable de traitement et le délégué à la protection des données suspendent un accès."
PROOF = "Cet acte engage la collectivité : prouvez d’abord votre identité par un second moyen."


def require_controller(actor: Actor) -> None:
    """Habilitations, assessments, registers and crises are the controller's; the machine's at the installation.

    Raises NotAllowed, SecondFactorNeeded.
    """
    _require(actor, ("controller",), SIGNING)


def require_watcher(actor: Actor) -> None:
    """Whoever may stop somebody at once: the controller, the DPO. Raises NotAllowed, SecondFactorNeeded."""
    _require(actor, ("controller", "dpo"), WATCHING)


def require_rights_desk(actor: Actor) -> None:
    """Whoever meets the person who asks. Raises NotAllowed, SecondFactorNeeded."""
    _require(actor, ("desk", "dpo"), "Seuls l’accueil et le délégué vérifient l’identité de qui demande.")


def require_asker(actor: Actor, roles: Collection[str]) -> int:
    """The account that asks, if its role may ask this kind. Raises NotAllowed, SecondFactorNeeded."""
    sentence = "Votre rôle ne permet pas cette demande."
    _require(actor, tuple(sorted(roles)), sentence, machine=False)
    if actor.user_id is None:
        raise NotAllowed(sentence)
    return actor.user_id


def require_fresh_factor(actor: Actor) -> int:
    """The account that answers, after a second factor proved less than 15 minutes ago.

    Raises SecondFactorNeeded, NotAllowed.
    """
    if actor.user_id is None:
        raise NotAllowed("Connectez-vous pour répondre.")
    if not (actor.fresh_mfa or settings.DEMO):
        raise SecondFactorNeeded("Donner un accord demande une seconde preuve de moins de 15 minutes.")
    return actor.user_id


def _require(actor: Actor, roles: tuple[str, ...], sentence: str, *, machine: bool = True) -> None:
    if machine and actor.has("machine") and roles[0] == "controller":
        return
    if actor.user_id is None or not actor.has(*roles):
        raise NotAllowed(sentence)
    if not proved_enough(actor):
        raise SecondFactorNeeded(PROOF)


RIGHTS_OF: Mapping[str, frozenset[str]] = {
    "caller": frozenset({"outreach.rescue"}),
    "supervisor": frozenset({"outreach.rescue"}),
    "referrer": frozenset({"outreach.rescue"}),
    "desk": frozenset({"people.rights"}),
    "dpo": frozenset({"people.rights", "registers.keep", "vault.audit"}),
    "keeper": frozenset({"people.rights", "registers.keep"}),
    "controller": frozenset({"registers.prefect"}),
}
"""What the rights of the floor (`right-*`) let each role act for: no vote changes it; a test reads it in the floor."""
