"""Giving calls on paper or in a workbook to one named caller: taken, coded, opened by the rules of a printed list.

All or nothing: when the vault refuses the list, or the document cannot be made, no call is taken. A person whom the
rules do not let be on it goes back to the queue, and is counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.models import User
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.outreach import policies
from entremise.outreach.engine import codes
from entremise.outreach.models import CallCampaign, CallSheet, CallSheetBatch, CallTask
from entremise.outreach.usecases.calls import claim_for_paper
from entremise.outreach.usecases.calls.dialling import names_of
from entremise.outreach.usecases.calls.holding import give_back
from entremise.people.usecases.lines import NEXT, numbers_of
from entremise.vault import usecases as vault

PRINTED = declare("outreach.sheets.printed", "a imprimé des feuilles d’appel")
EXPORTED = declare("outreach.sheets.exported", "a sorti des appels dans un tableur")
MOST: Final = 40
"""Calls given at once (PD): a day's work and a bit; the rules allow 60 lines a list."""
LATEST: Final = "Les règles ne permettent pas de sortir ces fiches : aucune n’a été prise."


class NothingToGive(DomainError):
    code = "nothing_to_give"


class MediumClosed(DomainError):
    code = "medium_closed"


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """One call on a sheet: what may stand on paper, and nothing else (§ 14)."""

    sheet: CallSheet
    task: CallTask
    name: str
    number: str

    def __repr__(self) -> str:
        return f"<Line {self.sheet.code}>"


@dataclass(frozen=True, slots=True, repr=False)
class Given:
    """`content`: the PDF or the workbook, kept nowhere; `left_out`: taken, then given back: the rules forbid it."""

    batch: CallSheetBatch
    content: bytes
    lines: int
    left_out: int

    def __repr__(self) -> str:
        return f"<Given {self.batch.public_id} {self.lines}>"


Make = Callable[[CallSheetBatch, Sequence[Line]], bytes]


@sensitive_variables()
@transaction.atomic
def give(
    actor: Actor, *, campaign: CallCampaign, caller: User, count: int, until: datetime, medium: str, make: Make
) -> Given:
    """Take the calls, give each a code, open names and numbers, make the document.

    Raises NotAllowed, ValidationError, the refusals of `claim_for_paper`, MediumClosed, NothingToGive, and those of
    `vault.usecases.open_many`.
    """
    by = policies.require_supervisor(actor)
    if not (campaign.sheets_on if medium == "paper" else campaign.workbook_on):
        what = "de feuilles papier" if medium == "paper" else "de tableur"
        raise MediumClosed(f"Cette campagne ne permet pas {what} : changez-le dans ses réglages.")
    claims = claim_for_paper(
        actor, campaign=campaign, caller=caller.pk, count=min(count, MOST), until=until, medium=medium
    )
    if not claims:
        raise NothingToGive(
            "Aucune fiche ne peut être donnée à cette personne maintenant : la file n’en a pas pour elle."
        )
    tasks = [claim.task for claim in claims]
    motive = f"{CallSheetBatch.MEDIA[medium].capitalize()} d’appel pour {caller.label}, {len(tasks)} fiches"
    opened = _opened(actor, tasks, campaign.purpose, motive[:300])
    batch = CallSheetBatch.objects.create(
        campaign=campaign, medium=medium, printed_for=caller, printed_by_id=by, printed_at=clock.now(),
        due_back_at=until,
    )  # fmt: skip
    lines = []
    for task in tasks:
        name, number = opened.get(task.pk, ("", ""))
        if name and number:
            lines.append(Line(_sheet(batch, task), task, name, number))
        else:
            give_back(task, event="release", reason="rule_denied", user=by, wait="rule_denied")
    if not lines:
        raise NothingToGive(LATEST)
    content = make(batch, lines)
    record(
        actor, PRINTED if medium == "paper" else EXPORTED, batch, sheets=len(lines), left_out=len(tasks) - len(lines)
    )
    return Given(batch, content, len(lines), len(tasks) - len(lines))


@sensitive_variables()
def _opened(actor: Actor, tasks: Sequence[CallTask], purpose: str, motive: str) -> dict[int, tuple[str, str]]:
    """(name, number) of each task, by one printed list for each register that holds some of them."""
    asked: dict[str, tuple[set[str], set[UUID]]] = defaultdict(lambda: (set(), set()))
    for task in tasks:
        place, _, _ = task.line_field.partition(NEXT)
        for field in (*names_of(task.register), place):
            if field:
                fields, persons = asked[field.partition(".")[0]]
                fields.add(field)
                persons.add(task.person_id)
    values: dict[UUID, dict[str, str]] = defaultdict(dict)
    for fields, persons in asked.values():
        found = vault.open_many(
            actor, persons=sorted(persons), fields=sorted(fields), purpose=purpose, motive=motive, listing="print"
        )
        for person, opening in found.items():
            values[person].update(opening.values)
    told = {}
    for task in tasks:
        here, (place, _, _) = values.get(task.person_id, {}), task.line_field.partition(NEXT)
        numbers = numbers_of(place, here.get(place, ""))
        name = " ".join(here[field] for field in names_of(task.register) if here.get(field))
        told[task.pk] = name, numbers.get(task.line_field, next(iter(numbers.values()), ""))
    return told


def _sheet(batch: CallSheetBatch, task: CallTask) -> CallSheet:
    for _ in range(5):
        try:
            with transaction.atomic():
                return CallSheet.objects.create(batch=batch, task=task, code=codes.new(), token=task.token)
        except IntegrityError:  # a code drawn twice: one chance in millions, and another is drawn
            continue
    raise RuntimeError("no free code")
