"""The search for one person who does not answer: opened by misses, hurried by the alert, closed by a sign of life."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q

from entremise.accounts.models import User
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, jobs
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.outreach import policies
from entremise.outreach.engine import ladder
from entremise.outreach.models import (
    OPEN_STEPS,
    SUPERVISOR_CAUSES,
    CallCampaign,
    CallTask,
    Escalation,
    EscalationStep,
)
from entremise.outreach.queries import care
from entremise.outreach.usecases.calls.moving import move
from entremise.outreach.usecases.calls.refusals import ReasonRequired

OPENED = declare("outreach.search.opened", "a ouvert la recherche d’une personne qui ne répond pas")
CLOSED = declare("outreach.search.closed", "a clos la recherche d’une personne")
HURRIED = declare("outreach.searches.hurried", "a rapproché les délais des recherches en cours")
LATE = declare("outreach.steps.late", "a signalé des étapes en retard")
SEARCHED: Final = ("unreachable", "escalated")
STOPS: Final = ("deceased", "moved", "hospitalised", "institution", "")
"""What a search may find that is no sign of life by a call: a second person confirms before the task closes."""
REPLACED: Final = "niveau d’alerte relevé : étape remplacée par de plus rapides"


@transaction.atomic
def open_ladder(actor: Actor, *, task: CallTask, now: datetime | None = None) -> Escalation:
    """Open the search for the person of this task, every rung with its deadline from now, at the campaign's level of
    alert. A search already open is returned: there is one at most."""
    now = now or clock.now()
    campaign = task.campaign
    try:
        with transaction.atomic():
            row = Escalation.objects.create(
                task=task, campaign=campaign, alert_level=campaign.alert_level, opened_at=now
            )
    except IntegrityError:  # opened at the same moment by another report
        return Escalation.objects.get(task=task, closed_at=None)
    _add(row, ladder.rungs(campaign.ladder, campaign.alert_level), now, first=1)
    record(actor, OPENED, row, alert=campaign.alert_level)
    return row


def _add(row: Escalation, rungs: list[ladder.Rung], now: datetime, *, first: int) -> None:
    known = set(
        User.objects.filter(pk__in=[one.responsible for one in rungs if one.responsible]).values_list("pk", flat=True)
    )
    EscalationStep.objects.bulk_create(
        EscalationStep(
            escalation=row, rank=rank, kind=one.kind, due_at=one.due(now),
            responsible_id=one.responsible if one.responsible in known else None,
        )
        for rank, one in enumerate(rungs, start=first)
    )  # fmt: skip


@transaction.atomic
def close_ladder(actor: Actor, *, task: CallTask, sign: str) -> bool:
    """A sign of life ends the search; what was done stays written. False when none was open.

    The task leaves the search when nothing else moved it: called again after the campaign's delay, or shown to the
    supervisor when the person was seen and needs help.
    """
    now = clock.now()
    live = Escalation.objects.filter(task=task, closed_at=None)
    row = live.first()
    if row is None or not live.update(closed_at=now, closed_reason=sign[:24]):
        return False
    fresh = CallTask.objects.select_related("campaign").get(pk=task.pk)
    if fresh.state in SEARCHED:
        changes: dict[str, Any] = {
            "misses": 0, "tried_slots": 0, "busy_count": 0, "last_sign_of_life_at": now, "wait_reason": "",
        }  # fmt: skip
        if sign == "seen_help_needed":
            move(fresh, "sign", "needs_supervisor", reason=sign, user=actor.user_id, cause="help_needed", **changes)
        else:
            later = now + timedelta(minutes=fresh.campaign.cooldown)
            changes |= {"wait_reason": "cooldown", "not_before": later}
            move(fresh, "sign", "scheduled", reason=sign, user=actor.user_id, **changes)
    record(actor, CLOSED, row, sign=sign)
    return True


@transaction.atomic
def stop_search(actor: Actor, *, task: CallTask, cause: str, reason: str) -> None:
    """The supervisor ends a search for another cause than a sign of life (said dead, moved, in hospital…): the task
    waits for the second person who confirms. Raises NotAllowed, ReasonRequired, IllegalTransition."""
    user = policies.require_supervisor(actor)
    why = " ".join(reason.split())[:180]
    if cause not in STOPS or cause not in SUPERVISOR_CAUSES:
        raise ReasonRequired("Dites ce qui a été appris, dans la liste.")
    if not why:
        raise ReasonRequired("Écrivez en une phrase qui vous l’a dit, et quand.")
    row = CallTask.objects.get(pk=task.pk)
    live = Escalation.objects.filter(task=row, closed_at=None)
    found = live.first()
    if found is None or row.state not in SEARCHED:
        raise IllegalTransition("Cette recherche est déjà close. Rechargez la page.")
    if not live.update(closed_at=clock.now(), closed_reason=cause or "stopped"):
        raise IllegalTransition("Cette recherche vient d’être close par quelqu’un d’autre. Rechargez la page.")
    move(row, "hold", "needs_supervisor", reason=why, user=user, cause=cause, wait_reason="")
    record(actor, CLOSED, found, sign=cause or "stopped")


@transaction.atomic
def redate_ladders(actor: Actor, *, campaign: CallCampaign) -> int:
    """The level of alert went up: every rung still to climb takes the shorter delay from now, and rungs that did not
    exist at the former level are added; how many searches changed. When it went down, nothing moves.

    A rung that the new level does without (a letter) is skipped, with that reason. Called by the setting of the level.
    """
    now, level = clock.now(), campaign.alert_level
    found = {one.kind: one for one in ladder.rungs(campaign.ladder, level)}
    live = Escalation.objects.filter(campaign=campaign, closed_at=None, alert_level__lt=level)
    changed = 0
    for row in live.prefetch_related("steps"):
        steps = list(row.steps.all())
        moved = []
        for step in steps:
            rung = found.get(step.kind)
            if step.state not in OPEN_STEPS:
                continue
            if rung is None and step.state == "waiting":
                EscalationStep.objects.filter(pk=step.pk, state="waiting").update(
                    state="skipped", reason=REPLACED, done_at=now
                )
            elif rung is not None and (due := ladder.sooner(step.due_at, rung, now)) != step.due_at:
                step.due_at = due
                moved.append(step)
        EscalationStep.objects.bulk_update(moved, ["due_at"])
        known = {step.kind for step in steps}
        fresh = [one for one in found.values() if one.kind not in known]
        _add(row, fresh, now, first=max((step.rank for step in steps), default=0) + 1)
        Escalation.objects.filter(pk=row.pk, closed_at=None).update(alert_level=level)
        changed += 1
    if changed:
        record(actor, HURRIED, campaign, searches=changed, alert=level)
    return changed


@transaction.atomic
def advance_ladders(actor: Actor) -> int:
    """By the clock, each minute: rungs whose deadline passed are told to the supervisor on duty, then to the next one
    after 30 minutes; how many were told. Nothing is skipped, nobody is sent: a late rung stays to be climbed.

    NotAllowed for anybody but the clock.
    """
    if not actor.has("machine"):
        raise NotAllowed("Seul le logiciel signale les retards.")
    now = clock.now()
    late = EscalationStep.objects.filter(state__in=OPEN_STEPS, due_at__lte=now, escalation__closed_at=None)
    first = Q(told_at=None)
    again = Q(told_at__lte=now - ladder.AGAIN, told_again_at=None)
    told = some = 0
    for turn, column, which in ((1, "told_at", first), (2, "told_again_at", again)):
        ids = dict(late.filter(which).values_list("pk", "escalation__campaign"))
        if not ids:
            continue
        some = some or min(ids)
        told += EscalationStep.objects.filter(which, pk__in=list(ids)).update(**{column: now})
        for campaign in sorted(set(ids.values())):
            who = care.duty_list(campaign, now)
            count = sum(one == campaign for one in ids.values())
            if who:
                jobs.enqueue(
                    "outreach.tell_late_steps", campaign_id=campaign, user_id=who[(turn - 1) % len(who)].pk,
                    steps=count,
                )  # fmt: skip
    if told:
        record(actor, LATE, EscalationStep(pk=some), steps=told)
    return told
