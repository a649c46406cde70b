"""Writing a report that stands: the attempt, what it seals, what it moves, whom it tells. One transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.views.decorators.debug import sensitive_variables

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.outreach.engine.dispositions import EFFECTS, LINES_MARKED
from entremise.outreach.models import CallAttempt, CallerProfile, CallTask, Debrief
from entremise.outreach.registry import REGISTER
from entremise.outreach.usecases.calls import keeping
from entremise.outreach.usecases.calls.checking import Report
from entremise.outreach.usecases.calls.moving import move, note
from entremise.outreach.usecases.calls.outcomes import Outcome, outcome
from entremise.people.usecases import record_objection
from entremise.referrals.usecases import note_difficulty
from entremise.vault import usecases as vault


@sensitive_variables()
def settle(
    actor: Actor, task: CallTask, report: Report, answers: Mapping[str, str], *, caller: int | None, late: bool
) -> CallAttempt:
    """Write one attempt on a task held under lock, and everything that follows from it."""
    line = report.line or task.line
    effect = EFFECTS[report.disposition]
    attempt = CallAttempt.objects.create(
        task=task, campaign_id=task.campaign_id, person_id=task.person_id, cycle=task.cycle, caller_id=caller,
        line=line, channel=report.channel, disposition=report.disposition, token=task.token,
        idempotency_key=report.key, script_version_id=task.script_version_id, happened_at=report.happened_at,
        recorded_at=clock.now(), minutes=report.minutes, promised_at=task.promised_at, news=report.news,
        answered=bool(answers), hard=report.hard, late=late,
    )  # fmt: skip
    seal(actor, task, report, answers, attempt)
    note_needs(actor, task, report, attempt)
    _learn_of_line(actor, task, report.disposition, line, effect.is_contact(report.news))
    alarmed = task.state == "needs_supervisor"  # by the emergency that this very call raised
    if effect.after == "emergency" or alarmed:
        _alarm(actor, task, report, alarmed)
    else:
        tried = set(_dialled(task)) | {line}
        other = keeping.next_line(task, tried) if effect.after == "line" else None
        done = outcome(
            task, task.campaign, report.disposition, caller=caller, happened=report.happened_at,
            next_at=report.next_at, news=report.news, language=report.language, other_line=other,
        )  # fmt: skip
        apply(actor, task, done, user=actor.user_id, reason=report.disposition)
    if effect.is_sign(report.news):
        keeping.sign_of_life(actor, task, report.disposition)
    if caller is not None:
        told_of_caller(caller, report.happened_at)
        if report.hard:
            _hard_call(caller, attempt)
    if effect.after == "closed":
        record_objection(
            actor.speaking_for(task.person_id, "phone"), person=task.person_id, purpose=task.campaign.purpose
        )
    return attempt


def apply(
    actor: Actor, task: CallTask, done: Outcome, *, user: int | None, reason: str, event: str = "report"
) -> None:
    """Move the task as the report wants; a task given back meanwhile stays in the queue, at its new date."""
    move(task, event, done.to, reason=reason, user=user, **done.changes)
    if done.search:
        keeping.open_search(actor, task)


@sensitive_variables()
def seal(actor: Actor, task: CallTask, report: Report, answers: Mapping[str, str], attempt: CallAttempt) -> None:
    """What was said goes to the vault: answers with the fingerprint of their script, the note, the message."""
    values: dict[str, str | None] = {}
    if answers:
        sha = task.script_version.sha256 if task.script_version else ""
        sealed: dict[str, Any] = {"version": sha, "answers": dict(answers)}
        values[f"{REGISTER}.answers#{attempt.public_id}"] = json.dumps(sealed, ensure_ascii=False, sort_keys=True)
    if report.note:
        values[f"{REGISTER}.note#{attempt.public_id}"] = report.note
    if report.message:
        values[f"{REGISTER}.message"] = report.message
    if values:
        motive = f"Compte rendu de l’appel {attempt.public_id}"
        vault.deposit(actor, person=task.person_id, values=values, purpose=task.campaign.purpose, motive=motive)


@sensitive_variables()
def note_needs(actor: Actor, task: CallTask, report: Report, attempt: CallAttempt) -> None:
    """What the person needs, as difficulty forms with their consent; the machine seals the notes."""
    for one in report.difficulties:
        note_difficulty(
            actor, person=task.person_id, origin_kind="call", origin_id=attempt.public_id,
            purpose=task.campaign.purpose, motive=f"Difficulté dite pendant l’appel {attempt.public_id}", deposit=True,
            **one,
        )  # fmt: skip


def _dialled(task: CallTask) -> list[str]:
    """The lines this claim tried already."""
    return list(CallAttempt.objects.filter(task=task, token=task.token).values_list("line", flat=True))


def _learn_of_line(actor: Actor, task: CallTask, code: str, line: str, contact: bool) -> None:
    if status := LINES_MARKED.get(code) or ("valid" if contact else ""):
        keeping.mark_line(actor, task, line, status)


def _alarm(actor: Actor, task: CallTask, report: Report, alarmed: bool) -> None:
    """The task is the supervisor's: a report adds what was heard, and moves nothing."""
    keeping.heard(actor, task, report.disposition, report.happened_at, report.news)
    if alarmed:
        note(task.pk, "report", task.state, task.state, reason=report.disposition, user=actor.user_id)
        return
    keeping.raise_alarm(actor, task, task.token)
    task.refresh_from_db()
    if task.state != "needs_supervisor":
        move(
            task, "emergency", "needs_supervisor", reason="emergency", user=actor.user_id, cause="emergency",
            urgent=True, wait_reason="",
        )  # fmt: skip


def told_of_caller(caller: int, at: datetime) -> None:
    """When a caller last called: for the refresher after three weeks, never to rank anybody."""
    older = Q(last_call_at=None) | Q(last_call_at__lt=at)
    CallerProfile.objects.filter(older, user=caller).update(last_call_at=at)


def _hard_call(caller: int, attempt: CallAttempt) -> None:
    """« Appel difficile »: the mentor is asked for a talk."""
    profile = CallerProfile.objects.filter(user=caller).first()
    if profile is not None:
        Debrief.objects.create(caller=profile, mentor_id=profile.mentor_id, cause="hard_call", attempt=attempt)
