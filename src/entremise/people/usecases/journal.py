"""Who opened what of a person, for what, by which rule: the journal of the vault, in words for the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format

from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
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
    rule_id: str
    channel: str
    refused: bool


def accesses_of(actor: Actor, *, person: Person) -> Sequence[Access] | None:
    """The journal of this person, the newest first; None for whoever may not read it (the front desk)."""
    try:
        lines = vault.trail(actor, person=person.pk, purpose=RIGHTS)
    except NotAllowed:
        return None
    except NotFound:
        return []
    return [_said(line) for line in lines]


def _said(line: vault.TrailLine) -> Access:
    what = ", ".join(line.categories)
    who = ", ".join(word for word in (line.service, line.role) if word)
    rule = line.rules[0] if line.rules else None
    adopted = f", adoptée le {date_format(rule.adopted_at, 'j F Y')}" if rule and rule.adopted_at else ""
    decision = f" ({rule.decision})" if rule and rule.decision else ""
    return Access(
        number=line.number,
        at=line.at,
        sentence=f"{who} : {line.action}{f' ({what})' if what else ''}, pour : {line.purpose}. "
        f"{line.register or 'Tous les registres'}, par {line.channel}, {line.verdict}.",
        rule=f"{rule.title}{adopted}{decision}" if rule else "",
        rule_id=rule.id if rule else "",
        channel=line.channel,
        refused=not line.allowed,
    )
