"""What a report makes of its task: the next state, its date, its counts. No query but the lines of the person.

Reference outreach-and-referrals §§ 9, 10, 13. Pure but for the hours of the campaign.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from entremise.kernel import clock
from entremise.outreach.engine.dispositions import BUSY_RETRY, EFFECTS, is_miss, searching
from entremise.outreach.engine.rhythm import next_turn
from entremise.outreach.models import CallCampaign, CallTask
from entremise.outreach.usecases.calls import timing

HOLD: Final = timedelta(minutes=30)
"""How long after its hour a promised call-back stays with its caller (§ 13)."""
SOON: Final = timedelta(hours=24)
"""An interrupted exchange is taken up again within a day (§ 9)."""
INTERPRETER: Final = ("interpreter", 3)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`to`: the next state; `changes`: what else changes on the task; `search`: the ladder opens."""

    to: str
    changes: dict[str, Any] = field(default_factory=dict)
    search: bool = False


def outcome(
    task: CallTask,
    campaign: CallCampaign,
    code: str,
    *,
    caller: int | None,
    happened: datetime,
    next_at: datetime | None = None,
    news: bool = False,
    language: str = "",
    other_line: tuple[str, str] | None = None,
) -> Outcome:
    """The next state of a task after this disposition. `other_line`: (mark, field) of the next number to dial.

    The claim's own marks (reservation, promise, wait) are always reset; what the outcome wants is set anew.
    """
    effect, now = EFFECTS[code], clock.now()
    base: dict[str, Any] = {
        "wait_reason": "", "cause": "", "promised_at": None, "reserved_for_id": None, "reserved_until": None,
        "released_by_id": None, "released_at": None, "urgent": False,
    }  # fmt: skip
    if effect.counted:
        base |= {"last_attempt_at": happened, "previous_caller_id": caller or task.previous_caller_id}
    if effect.is_contact(news):
        base["last_contact_at"] = _later(task.last_contact_at, happened)
    if effect.is_sign(news):
        base |= {
            "last_sign_of_life_at": _later(task.last_sign_of_life_at, happened), "misses": 0, "tried_slots": 0,
            "busy_count": 0,
        }  # fmt: skip
    match effect.after:
        case "complete" if next_at is not None:  # a date said aloud at the end of the call
            return _callback(campaign, base, code, caller, happened, next_at, now)
        case "complete":
            return _complete(task, campaign, base, caller, happened)
        case "callback":
            return _callback(campaign, base, code, caller, happened, next_at, now)
        case "cooldown":
            at = timing.opening(campaign, happened + timedelta(minutes=2 * campaign.cooldown))
            return Outcome("scheduled", {**base, "wait_reason": "cooldown", "not_before": at})
        case "language":
            return Outcome(
                "scheduled", {**base, "wait_reason": "language", "not_before": now, **_tongue(task, language)}
            )
        case "other_slot" | "busy":
            return _miss(task, campaign, base, code, happened)
        case "line" if other_line is not None:
            mark, where = other_line
            return Outcome("ready", {**base, "not_before": now, "line": mark, "line_field": where})
        case "closed":
            return Outcome("closed", {**base, "closed_reason": "objection"})
        case _:  # line without another, supervisor, emergency
            urgent = effect.after == "emergency"
            return Outcome("needs_supervisor", {**base, "cause": effect.cause, "urgent": urgent})


def _later(one: datetime | None, other: datetime) -> datetime:
    """A sheet typed in the evening does not undo what was heard since."""
    return other if one is None else max(one, other)


def _complete(
    task: CallTask, campaign: CallCampaign, base: dict[str, Any], caller: int | None, happened: datetime
) -> Outcome:
    turn = next_turn(
        campaign.recurrence, every_days=campaign.every_days, turn=task.turn_at, happened=happened,
        zone=timezone.get_default_timezone(), until=campaign.recur_until or campaign.ends_on,
    )  # fmt: skip
    if turn is None:
        return Outcome("done", {**base, "turn_at": None})
    base |= {"wait_reason": "recurrence", "not_before": turn, "turn_at": turn, "cycle": task.cycle + 1}
    if campaign.same_caller and caller is not None:
        base |= {"reserved_for_id": caller, "reserved_until": turn + HOLD}
    return Outcome("scheduled", base)


def _callback(
    campaign: CallCampaign,
    base: dict[str, Any],
    code: str,
    caller: int | None,
    happened: datetime,
    next_at: datetime | None,
    now: datetime,
) -> Outcome:
    if next_at is not None:
        at = next_at
        base["promised_at"] = at
    elif code == "reached_partial":
        at = timing.opening(campaign, happened + SOON)
    else:  # a relative answered: as after an attempt
        at = timing.opening(campaign, happened + timedelta(minutes=campaign.cooldown))
    base |= {"wait_reason": "callback", "not_before": at}
    if caller is not None and (next_at is not None or code == "reached_partial"):
        base |= {"reserved_for_id": caller, "reserved_until": at + HOLD}
    return Outcome("scheduled", base)


def _tongue(task: CallTask, language: str) -> dict[str, Any]:
    """The language that was heard; unknown, the call needs an interpreter."""
    if language:
        return {"language": language}
    code, level = INTERPRETER
    codes = [*task.complexity_codes, *([code] if code not in task.complexity_codes else [])]
    return {"complexity_codes": codes, "complexity": max(task.complexity, level)}


def _miss(task: CallTask, campaign: CallCampaign, base: dict[str, Any], code: str, happened: datetime) -> Outcome:
    day = clock.day_of(happened)
    busy = task.busy_count + 1 if task.busy_on == day else 1
    if code == "busy":
        base |= {"busy_count": busy, "busy_on": day}
    if not is_miss(code, busy):
        at = timing.opening(campaign, happened + timedelta(minutes=BUSY_RETRY))
        return Outcome("scheduled", {**base, "wait_reason": "cooldown", "not_before": at})
    misses, tried = task.misses + 1, task.tried_slots | timing.slot(happened)
    base |= {"misses": misses, "tried_slots": tried}
    search = searching(
        misses, tried, attempts_max=campaign.attempts_max, slots_required=campaign.slots_required,
        slots_open=timing.slots_open(campaign),
    )  # fmt: skip
    if search:
        return Outcome("unreachable", base, search=True)
    after = happened + timedelta(minutes=max(campaign.cooldown, BUSY_RETRY if code == "busy" else 0))
    at = timing.other_slot(campaign, after, tried)
    return Outcome("scheduled", {**base, "wait_reason": "other_slot", "not_before": at})
