"""A workbook that comes back: looked at first, written next, row by row; what does not fit is said by its cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, tables
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.outreach import policies
from entremise.outreach.engine.sheet_rows import COLUMNS, SHEETS, Problem, Row, read_row
from entremise.outreach.models import CallAttempt, CallSheet, CallSheetBatch
from entremise.outreach.usecases.calls.refusals import ReportIncomplete
from entremise.outreach.usecases.paper.entering import OUT, SheetEntered, enter_sheet
from entremise.outreach.usecases.paper.workbook import OUTCOMES
from entremise.referrals.models import NEEDS

READ = declare("outreach.workbook.read", "a repris un tableur d’appels")
LIMITS: Final = tables.Limits(bytes=2 * 1024 * 1024, rows=500, columns=40, unpacked=20 * 1024 * 1024)
FIELDS: Final = {
    "disposition": "issue", "next_at": "rappel le", "happened_at": "date", "note": "commentaire", "answers": "issue"
}  # fmt: skip


class WorkbookUnreadable(DomainError):
    code = "workbook_unreadable"


@dataclass(frozen=True, slots=True, repr=False)
class Stale:
    """A call taken back meanwhile: what the workbook says, beside what was noted since by somebody else."""

    row: Row
    sheet: CallSheet
    since: CallAttempt | None

    def __repr__(self) -> str:
        return f"<Stale {self.row.row}>"

    @property
    def outcome(self) -> str:
        return OUTCOMES[self.row.disposition]


@dataclass(slots=True, repr=False)
class Workbook:
    """`rows`: to write; `stale`: those of them whose call was taken back: they go to the supervisor; `again`: written
    before, by this very workbook; `empty`: not called yet; `refused`: (cells, problems) of each other row."""

    rows: list[Row] = field(default_factory=list)
    stale: list[Stale] = field(default_factory=list)
    again: int = 0
    empty: int = 0
    refused: list[tuple[list[str], list[Problem]]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Workbook {len(self.rows)} rows, {len(self.refused)} refused>"

    @property
    def problems(self) -> list[Problem]:
        return [problem for _, problems in self.refused for problem in problems]


@sensitive_variables()
def read_workbook(actor: Actor, *, content: bytes) -> Workbook:
    """Look at a workbook that came back; nothing is written. Raises NotAllowed, WorkbookUnreadable."""
    policies.require_team(actor)
    found = Workbook()
    seen: dict[str, int] = {}
    zone, now = timezone.get_default_timezone(), clock.now()
    for number, cells, epoch in _rows(content):
        read = read_row(number, cells, outcomes=OUTCOMES, needs=NEEDS, zone=zone, now=now, epoch=epoch)
        if read is None:
            found.empty += any(cell.strip() for cell in cells)
        elif isinstance(read, list):
            found.refused.append((cells, read))
        elif read.code in seen:
            words = f"ce code est déjà à la ligne {seen[read.code]} : gardez une seule des deux."
            found.refused.append((cells, [Problem(number, "code", "row_duplicate", words)]))
        else:
            seen[read.code] = number
            _sort(actor, found, cells, read)
    return found


def _sort(actor: Actor, found: Workbook, cells: list[str], read: Row) -> None:
    sheet = (
        CallSheet.objects.select_related("batch__campaign", "batch__printed_for", "task", "attempt")
        .filter(code=read.code)
        .first()
    )
    wrong = ""
    if sheet is None:
        wrong = "aucun appel ne porte ce code : recopiez celui du fichier d’origine."
    elif sheet.batch.printed_for_id != actor.user_id and not actor.has("supervisor"):
        wrong = "cet appel a été donné à une autre personne : remettez le fichier au superviseur."
    if sheet is None or wrong:
        found.refused.append((cells, [Problem(read.row, "code", "code_unknown", wrong)]))
    elif sheet.token != read.token:
        words = "ce jeton n’est pas celui de cet appel : recopiez celui du fichier d’origine."
        found.refused.append((cells, [Problem(read.row, "jeton", "token_wrong", words)]))
    elif sheet.state not in OUT:
        found.again += 1
    else:
        found.rows.append(read)
        if sheet.task.token != read.token or sheet.task.state in ("closed", "done"):
            attempts = CallAttempt.objects.filter(task=sheet.task, token__gt=read.token).exclude(disposition="aborted")
            since = attempts.select_related("caller").order_by("-happened_at").first()
            found.stale.append(Stale(read, sheet, since))


@sensitive_variables()
def _rows(content: bytes) -> list[tuple[int, list[str], int]]:
    """The rows of « Appels » under its headings, with their numbers; a sheet renamed or columns moved are refused."""
    try:
        book = tables.read(content, LIMITS)
        if book.names and book.rank != (rank := _rank(book.names)):
            book.close()
            book = tables.read(content, LIMITS, sheet=rank)
        rows = list(book.rows)
    except tables.Unreadable as error:
        raise WorkbookUnreadable(str(error)) from None
    headings = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if headings[: len(COLUMNS)] != [name.casefold() for name in COLUMNS]:
        missing = [name for name in COLUMNS if name.casefold() not in headings]
        what = f"Il y manque : {', '.join(missing)}." if missing else "L’ordre des colonnes a changé."
        raise WorkbookUnreadable(
            f"La feuille « {SHEETS[1]} » n’a pas les colonnes du fichier d’origine. {what} Reprenez ce fichier-là."
        )
    return [(number, row, book.epoch) for number, row in enumerate(rows[1:], start=2)]


def _rank(names: Sequence[str]) -> int:
    for rank, name in enumerate(names):
        if name.strip().casefold() == SHEETS[1].casefold():
            return rank
    if len(names) == 1:
        return 0
    raise WorkbookUnreadable(f"Ce classeur n’a pas de feuille « {SHEETS[1]} » : envoyez celui qui vous a été donné.")


@dataclass(slots=True, repr=False)
class Applied:
    """`written`, `orphans`, `again`: how many rows; `refused`: what a row was refused for, with the row."""

    written: int = 0
    orphans: int = 0
    again: int = 0
    refused: list[tuple[Row, Problem]] = field(default_factory=list)


@sensitive_variables()
def apply_workbook(actor: Actor, *, rows: Sequence[Row]) -> Applied:
    """Write the calls of these rows, each in its own transaction: one refused keeps no other from being written.

    Applied twice, a workbook counts once: its codes and tokens are those of calls already written. Raises NotAllowed.
    """
    policies.require_team(actor)
    done = Applied()
    for row in rows:
        try:
            entered = enter_sheet(
                actor, code=row.code, token=row.token, disposition=row.disposition, happened_at=row.happened_at,
                next_at=row.next_at, note=row.comment, difficulties=_difficulties(row), channel="excel",
            )  # fmt: skip
        except SheetEntered:
            done.again += 1
        except ReportIncomplete as error:
            for name, words in error.fields.items():
                done.refused.append((row, Problem(row.row, FIELDS.get(name, "issue"), error.code, words)))
        except ValidationError as error:  # a need that lacks its words
            done.refused.append((row, Problem(row.row, "commentaire", "need_incomplete", " ".join(error.messages))))
        except DomainError as error:
            done.refused.append((row, Problem(row.row, "code", error.code, error.message)))
        else:
            done.written += entered.reported.attempt is not None
            done.orphans += entered.reported.orphan is not None
    if known := CallSheetBatch.objects.filter(sheets__code__in=[row.code for row in rows]).first():
        record(
            actor, READ, known, written=done.written, orphans=done.orphans, again=done.again, refused=len(done.refused)
        )
    return done


def _difficulties(row: Row) -> list[dict[str, Any]]:
    """A need filled in a workbook says nothing of consent: it is kept, and the person is asked at the next call."""
    if not row.needs:
        return []
    words = row.comment if "other" in row.needs else ""
    return [{"needs": list(row.needs), "urgency": row.urgency, "consent": "no", "note": words}]
