"""The report of a call, in one transaction: attempt, answers, difficulties, next date, state. Reference § 8.3."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record_soon
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.outreach import policies
from entremise.outreach.models import CallAttempt, CallEvent, CallTask, OrphanReport
from entremise.outreach.registry import REGISTER
from entremise.outreach.usecases.calls import keeping
from entremise.outreach.usecases.calls.checking import Report, check, read_answers, with_promise
from entremise.outreach.usecases.calls.refusals import ReportIncomplete
from entremise.outreach.usecases.calls.settling import settle
from entremise.people.usecases import record_objection
from entremise.vault import usecases as vault

REPORTED = declare("outreach.call.reported", "a rendu compte d’un appel")
BY_THE_CLOCK: Final = "emergency:"
"""How the key begins of an attempt that nobody reported (`usecases.care.settle_emergencies`)."""
NOT_YOURS: Final = "Cette fiche ne vous a pas été donnée."


@dataclass(frozen=True, slots=True)
class Reported:
    """`again`: it was recorded already, nothing was written. `orphan`: the task was taken back meanwhile, the whole is
    kept for the supervisor (« La fiche a été reprise ; votre compte rendu est transmis au superviseur »)."""

    task: CallTask
    attempt: CallAttempt | None = None
    orphan: OrphanReport | None = None
    again: bool = False

    @property
    def late(self) -> bool:
        return self.attempt is not None and self.attempt.late


@sensitive_variables()
@transaction.atomic
def report_call(
    actor: Actor,
    *,
    task: CallTask,
    token: int,
    key: str,
    disposition: str,
    line: str = "",
    answers: Mapping[str, str] | None = None,
    difficulties: Sequence[Mapping[str, Any]] = (),
    next_at: datetime | None = None,
    message: str = "",
    note: str = "",
    hard: bool = False,
    happened_at: datetime | None = None,
    channel: str = "web",
    news: bool = False,
    minutes: int | None = None,
    language: str = "",
) -> Reported:
    """Say what came of a call, under the token of its claim; `key` is the number of the sending, made by the page.

    Sent again, under this key or another, the first result comes back. Once the task was given to somebody else, or
    closed, the whole is kept as an orphan, sealed; an emergency in it is raised at once. `news`: of `reached_other`,
    that news were given; of `emergency`, that the person spoke. `language`: heard, with `reached_language`.
    Each of `difficulties`: the arguments of `referrals.usecases.note_difficulty`.
    Raises NotAllowed, ReportIncomplete, AnswersInvalid (422: nothing written, nothing lost), the vault's refusals.
    """
    user = policies.require_team(actor)
    now = clock.now()
    report = Report(
        disposition, key, channel, happened_at or now, line, dict(answers or {}), tuple(difficulties), next_at,
        " ".join(message.split()), " ".join(note.split()), hard, news, minutes, language,
    )  # fmt: skip
    row = keeping.locked(task.pk)
    if first := _already(row, token, report, user):
        return first
    check(row.campaign, report)
    if not _stands(row, token) or _settled(row, token):
        return _keep_whole(actor, row, token, report, user)
    caller = row.claimed_by_id or row.released_by_id or _claimed_by(row, token)
    if channel in ("web", "api") and caller != user:
        raise NotAllowed(NOT_YOURS)
    answers = read_answers(row, report)
    report = with_promise(row.campaign, report, answers)
    attempt = settle(actor, row, report, answers, caller=caller, late=_late(row, now))
    record_soon(actor, REPORTED, attempt, disposition=disposition, late=attempt.late)
    return Reported(row, attempt)


def _stands(row: CallTask, token: int) -> bool:
    """Whether the claim of this token may still be reported: held, or given back and not taken since, or locked by the
    emergency that its own caller raised."""
    if row.token != token:
        return False
    alarmed = row.state == "needs_supervisor" and row.cause == "emergency"
    return row.state == "claimed" or row.wait_reason == "released" or alarmed


def _settled(row: CallTask, token: int) -> bool:
    """Whether the clock noted this call, two hours after an emergency: what its caller writes then is kept whole."""
    return _by_the_clock(row, token).exists()


def _by_the_clock(row: CallTask, token: int) -> QuerySet[CallAttempt]:
    return CallAttempt.objects.filter(task=row, token=token, idempotency_key__startswith=BY_THE_CLOCK)


def _late(row: CallTask, now: datetime) -> bool:
    if row.state == "claimed":
        return row.lease_until is not None and row.lease_until <= now
    return row.wait_reason == "released"


def _claimed_by(row: CallTask, token: int) -> int | None:
    """Who took the task last: each claim is an event, the last one is that of the present token."""
    claims = CallEvent.objects.filter(task=row.pk, event="claim").order_by("-at", "-pk")
    return claims.values_list("user", flat=True).first() if row.token == token else None


def _already(row: CallTask, token: int, report: Report, user: int) -> Reported | None:
    """What the same sending, or the same claim on the same line, wrote before."""
    line = report.line or row.line
    same = Q(idempotency_key=report.key) | (Q(task=row, token=token, line=line) & ~Q(disposition="aborted"))
    written = CallAttempt.objects.filter(same, direction="out").exclude(pk__in=_by_the_clock(row, token))
    attempt = written.order_by("pk").first()
    if attempt is not None and attempt.task_id == row.pk:
        return Reported(row, attempt, again=True)
    orphan = OrphanReport.objects.filter(Q(idempotency_key=report.key) | Q(task=row, token=token, caller=user)).first()
    if orphan is not None and orphan.task_id == row.pk:
        return Reported(row, orphan=orphan, again=True)
    if attempt is not None or orphan is not None:
        raise ReportIncomplete({"key": "Ce compte rendu est celui d’une autre fiche : rechargez la page."})
    return None


@sensitive_variables()
def _keep_whole(actor: Actor, row: CallTask, token: int, report: Report, user: int) -> Reported:
    """Never discarded, never counted twice: sealed whole for the supervisor. Only from who once held the task."""
    held_once = CallEvent.objects.filter(task=row.pk, event="claim", user=user).exists()
    if not held_once and report.channel in ("web", "api"):
        raise NotAllowed(NOT_YOURS)
    orphan = OrphanReport.objects.create(
        task=row, caller_id=user, channel=report.channel, disposition=report.disposition, token=token,
        idempotency_key=report.key, happened_at=report.happened_at, at=clock.now(),
    )  # fmt: skip
    vault.deposit(
        actor,
        person=row.person_id,
        values={f"{REGISTER}.orphan#{orphan.public_id}": json.dumps(whole(report), ensure_ascii=False)},
        purpose=row.campaign.purpose,
        motive=f"Compte rendu tardif {orphan.public_id}",
    )
    if report.disposition == "emergency":
        keeping.raise_alarm(actor, row, token)
    if report.disposition == "objection":  # a no holds from the second it is told, whatever became of the call
        record_objection(
            actor.speaking_for(row.person_id, "phone"), person=row.person_id, purpose=row.campaign.purpose
        )
    record_soon(actor, REPORTED, orphan, disposition=report.disposition, orphan=True)
    return Reported(row, orphan=orphan)


def whole(report: Report) -> dict[str, Any]:
    """Everything that was typed, as JSON keeps it."""
    return {
        "answers": dict(report.answers),
        "difficulties": [dict(one) for one in report.difficulties],
        "next_at": report.next_at.isoformat() if report.next_at else "",
        "message": report.message,
        "note": report.note,
        "hard": report.hard,
        "news": report.news,
        "minutes": report.minutes,
        "language": report.language,
        "line": report.line,
    }
