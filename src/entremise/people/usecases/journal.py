"""Who opened what of a person, for what, by which rule: the journal of the vault, in words for the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.people.models import Person
from entremise.people.usecases.speaking import RIGHTS
from entremise.vault import usecases as vault


@dataclass(frozen=True, slots=True)
class Access:
    """One line: `number` is what a contestation names; `sentence` says who (a service, never a name), what, why."""

    number: int
    at: datetime
    sentence: str
    rule: str
    rule_link: str
    channel: str
    refused: bool


def accesses_of(actor: Actor, *, person: Person) -> Sequence[Access] | None:
    """The journal of this person, the newest first; None for whoever may not read it (the front desk)."""
    ask = getattr(vault, "trail", None)
    if ask is None:
        return []
    try:
        lines = ask(actor, person=person.pk, purpose=RIGHTS)
    except NotAllowed:
        return None
    return [_said(line) for line in lines]


def _said(line: object) -> Access:
    raise NotImplementedError
