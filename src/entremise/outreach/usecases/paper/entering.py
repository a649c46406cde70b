"""What comes back: a sheet is typed once, by its code. A second typing is refused and shows the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.outreach import policies
from entremise.outreach.engine import codes
from entremise.outreach.models import CallSheet
from entremise.outreach.usecases.calls import report_call
from entremise.outreach.usecases.calls.holding import give_back
from entremise.outreach.usecases.calls.reporting import Reported

ENTERED = declare("outreach.sheet.entered", "a saisi une feuille d’appel")
OVERDUE = declare("outreach.sheets.overdue", "a constaté des feuilles d’appel non revenues")
LOST = declare("outreach.sheet.lost", "a déclaré perdue une feuille d’appel : incident de données personnelles")
OUT: Final = ("out", "overdue", "lost")


class CodeUnknown(NotFound):
    code = "sheet_unknown"


class CodeWrong(DomainError):
    """The check character does not fit: a sign was misread."""

    code = "sheet_code_wrong"


class SheetEntered(DomainError):
    """Typed already: `sheet` is what was kept."""

    code = "sheet_entered"

    def __init__(self, sheet: CallSheet) -> None:
        self.sheet = sheet
        super().__init__("Cette feuille est déjà saisie : elle ne compte qu’une fois. Voici ce qui a été noté.")


class SheetState(DomainError):
    code = "sheet_state"


@dataclass(frozen=True, slots=True)
class Entered:
    sheet: CallSheet
    reported: Reported


def find_sheet(code: str) -> CallSheet:
    """The sheet of a code as it was typed. Raises CodeWrong (a sign misread), CodeUnknown."""
    read = codes.read(code)
    if read is None:
        raise CodeWrong("Ce code ne tient pas : une lettre ou un chiffre a été mal lu. Relisez-le sur la feuille.")
    rows = CallSheet.objects.select_related(
        "batch__campaign", "batch__printed_for", "task__script_version", "attempt", "orphan", "entered_by"
    )
    row = rows.filter(code=read).first()
    if row is None:
        raise CodeUnknown("Aucune feuille ne porte ce code. Relisez-le ; sinon, cherchez le lot.")
    return row


@sensitive_variables()
@transaction.atomic
def enter_sheet(
    actor: Actor,
    *,
    code: str,
    disposition: str,
    happened_at: datetime,
    answers: Mapping[str, str] | None = None,
    difficulties: Sequence[Mapping[str, Any]] = (),
    next_at: datetime | None = None,
    note: str = "",
    news: bool = False,
    hard: bool = False,
    channel: str = "paper",
    token: int | None = None,
) -> Entered:
    """Write the call of a sheet, under the token it was given with: same rules as on the screen, same orphans.

    By the caller it was made for, or by a supervisor. `token`: as the workbook says it. Raises NotAllowed, CodeWrong,
    CodeUnknown, SheetEntered (with what was noted first), ReportIncomplete, AnswersInvalid.
    """
    user = policies.require_team(actor)
    sheet = find_sheet(code)
    if sheet.batch.printed_for_id != user and not actor.has("supervisor"):
        raise NotAllowed("Cette feuille a été faite pour une autre personne : donnez-la au superviseur.")
    now = clock.now()
    # whoever moves the row first writes the call; the other waits here, then is shown it
    rows = CallSheet.objects.filter(pk=sheet.pk, state__in=OUT)
    if not rows.update(state="returned", returned_at=now, entered_by=user):
        raise SheetEntered(find_sheet(code))
    reported = report_call(
        actor, task=sheet.task, token=sheet.token if token is None else token, key=f"sheet:{sheet.code}",
        disposition=disposition, answers=answers or {}, difficulties=difficulties, next_at=next_at, note=note,
        news=news, hard=hard, happened_at=happened_at, channel=channel,
    )  # fmt: skip
    CallSheet.objects.filter(pk=sheet.pk).update(attempt=reported.attempt, orphan=reported.orphan)
    record(actor, ENTERED, sheet, orphan=reported.orphan is not None)
    return Entered(find_sheet(code), reported)


@transaction.atomic
def overdue_sheets(actor: Actor) -> int:
    """By the clock: sheets that did not come back in time. Their calls, whose lease ended, are in the queue again.

    Raises NotAllowed for anybody but the clock. Safe to run twice.
    """
    if not actor.has("machine"):
        raise NotAllowed("Seul le logiciel constate les retards.")
    late = CallSheet.objects.filter(state="out", batch__due_back_at__lte=clock.now())
    first = late.order_by("pk").first()
    count = late.update(state="overdue")
    if first is not None and count:
        record(actor, OVERDUE, first.batch, sheets=count)
    return count


@transaction.atomic
def lose_sheet(actor: Actor, *, sheet: CallSheet, reason: str) -> None:
    """A sheet that will not come back: an incident, listed for the data protection officer. Its call is free at once.

    Raises NotAllowed, SheetState (it is back already, or without a word on how it was lost).
    """
    by = policies.require_team(actor)
    if sheet.batch.printed_for_id != by:
        policies.require_supervisor(actor)
    why = " ".join(reason.split())[:200]
    if not why:
        raise SheetState("Dites où et quand, à peu près, la feuille a été perdue : le délégué en a besoin.")
    rows = CallSheet.objects.filter(pk=sheet.pk, state__in=("out", "overdue"))
    if not rows.update(state="lost", lost_at=clock.now(), lost_reason=why):
        raise SheetState("Cette feuille n’est plus dehors : rechargez la page.")
    task = sheet.task
    task.refresh_from_db()
    if task.state == "claimed" and task.token == sheet.token:
        give_back(task, event="release", reason="sheet_lost", user=by)
    record(actor, LOST, sheet, batch=sheet.batch.public_id)
