"""Whose word it is: the person's, their proxy's within the mandate, or what an agent heard."""

from __future__ import annotations

from uuid import UUID

from entremise.accounts.policies import require_second_factor
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.people import policies, queries
from entremise.vault import queries as vault

RIGHTS = "people.rights"
REFUSED = "Seules la personne concernée et les agents qui l’entendent enregistrent sa réponse."
NO_MANDATE = "Ce mandat ne permet pas cet acte, ou a pris fin. La personne, ou un agent du guichet, peut le faire."
DESK_ONLY = "Seuls l’accueil et le délégué à la protection des données font cela. Transmettez-leur la demande."


def require_word(actor: Actor, person: UUID, *, desk: bool = False) -> None:
    """The person, a proxy whose mandate lets them write, or an agent who hears them (of the rights desk if `desk`).

    Raises NotAllowed, SecondFactorNeeded.
    """
    if actor.mandate_id is not None:
        mandate = queries.mandate_facts(actor.mandate_id)
        lives = mandate is not None and mandate.person == str(person) and clock.now() < mandate.valid_until
        if mandate is None or not lives or not mandate.may_write or is_protected(person):
            raise NotAllowed(NO_MANDATE)
    elif desk and actor.person_id != person:
        require_desk(actor)
    elif not policies.can_record_answer(actor, person):
        raise NotAllowed(REFUSED)


def require_desk(actor: Actor) -> None:
    """Raises NotAllowed, SecondFactorNeeded."""
    if not policies.can_run_desk(actor):
        raise NotAllowed(DESK_ONLY)
    require_second_factor(actor)


def is_protected(person: UUID) -> bool:
    """Whether one of their records says that this person is threatened."""
    return any(record.protected for record in vault.records_of(person))
