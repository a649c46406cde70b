"""Weeks of calls, invented: who answers, who does not, what came of it; and the truth of it, counted as it is made.

Shares are those of Seine-Saint-Denis in 2020 where they are known (reference outreach-and-referrals § 1): 47 % of
calls are useful conversations, 6.2 % of these lead to a referral, 1.1 calls per person on file in 73 days. The rest is
a plausible guess. Used by the demonstration, `entremise simulate veille` and the benchmark of the board.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final
from uuid import uuid4

from django.utils import timezone

from entremise.outreach.engine.dispositions import CONTACTS
from entremise.outreach.models import CallAttempt, CallCampaign, CallTask

SHARES: Final = {
    "reached_complete": 0.405,
    "reached_partial": 0.068,
    "reached_callback": 0.035,
    "reached_other": 0.040,
    "reached_language": 0.006,
    "reached_hearing": 0.004,
    "refused_today": 0.020,
    "objection": 0.006,
    "no_answer": 0.245,
    "switched_off": 0.020,
    "busy": 0.025,
    "voicemail_left": 0.050,
    "voicemail_none": 0.028,
    "wrong_number": 0.026,
    "out_of_service": 0.015,
    "moved": 0.002,
    "hospitalised": 0.002,
    "institution": 0.001,
    "deceased": 0.0015,
    "emergency": 0.0005,
}
LIVING: Final = frozenset(
    {"reached_complete", "reached_partial", "reached_callback", "reached_language", "reached_hearing",
     "refused_today", "objection"}
)  # fmt: skip
MISS: Final = frozenset({"no_answer", "switched_off", "busy", "voicemail_left", "voicemail_none"})
CAUSE: Final = {
    "reached_hearing": "hearing",
    "wrong_number": "no_valid_number",
    "out_of_service": "no_valid_number",
    "moved": "moved",
    "hospitalised": "hospitalised",
    "institution": "institution",
    "deceased": "deceased",
    "emergency": "emergency",
}
REFERRED: Final = 0.062
WEEKLY: Final = 0.05
HALF_DAYS: Final = ((time(9), time(12)), (time(14), time(18)))


@dataclass
class Story:
    """`attempts` in the order they were made; `hard` those that left a difficulty. The tasks were changed in place."""

    attempts: list[CallAttempt] = field(default_factory=list)
    raised: list[CallAttempt] = field(default_factory=list)
    dispositions: Counter[str] = field(default_factory=Counter)
    called: set[int] = field(default_factory=set)
    contacted: set[int] = field(default_factory=set)
    unreachable: list[CallTask] = field(default_factory=list)

    @property
    def useful(self) -> int:
        return self.dispositions["reached_complete"] + self.dispositions["reached_partial"]


def moments(start: datetime, end: datetime, count: int, chance: random.Random) -> list[datetime]:
    """`count` moments of working half-days between two dates, in order."""
    slots = []
    day = timezone.localdate(start)
    while day <= timezone.localdate(end):
        if day.weekday() < 5:
            for opens, closes in HALF_DAYS:
                begin = timezone.make_aware(datetime.combine(day, opens))
                stop = min(timezone.make_aware(datetime.combine(day, closes)), end)
                if begin >= start and stop > begin:
                    slots.append((begin, (stop - begin).total_seconds()))
        day += timedelta(days=1)
    if not slots:
        return []
    found = []
    for _ in range(count):
        begin, seconds = slots[int(chance.random() * len(slots))]
        found.append(begin + timedelta(seconds=chance.random() * seconds))
    return sorted(found)


def slot_bit(at: datetime) -> int:
    """1 before noon, 2 from noon to 2 p.m., 4 to 6 p.m., 8 after, local time."""
    hour = timezone.localtime(at).hour
    return 1 if hour < 12 else 2 if hour < 14 else 4 if hour < 18 else 8


def tell(
    campaign: CallCampaign,
    tasks: Sequence[CallTask],
    callers: Sequence[int],
    *,
    calls: int,
    start: datetime,
    now: datetime,
    seed: int = 93,
    able: Mapping[int, Sequence[int]] | None = None,
    lost: float = 1.0,
) -> Story:
    """Invent `calls` calls between `start` and `now` on these tasks (`ready`, in the order of the queue), by these
    accounts, or by those `able` to for the complexity; change the tasks as the calls would have. `lost`: of
    those who never answer, the share that stays silent; a relative gave news of the others. Nothing is saved."""
    chance = random.Random(seed)  # noqa: S311 - a story, not a secret
    names, weights = list(SHARES), list(SHARES.values())
    story = Story()
    waiting: list[tuple[datetime, int]] = []
    fresh = iter(range(len(tasks)))
    for at in moments(start, now, calls, chance):
        place = heapq.heappop(waiting)[1] if waiting and waiting[0][0] <= at else next(fresh, None)
        if place is None:
            if not waiting:
                break
            place = heapq.heappop(waiting)[1]
        task = tasks[place]
        said = chance.choices(names, weights)[0]
        task.token += 1
        attempt = CallAttempt(
            task=task,
            campaign=campaign,
            person_id=task.person_id,
            cycle=task.cycle,
            caller_id=chance.choice(able[task.complexity] if able else callers),
            line=task.line,
            disposition=said,
            token=task.token,
            idempotency_key=uuid4().hex,
            happened_at=at,
            recorded_at=at + timedelta(minutes=2),
            minutes=chance.randint(4, 25) if said in CONTACTS else 1,
            news=said == "emergency" and chance.random() < 0.5,
        )
        story.attempts.append(attempt)
        story.dispositions[said] += 1
        story.called.add(place)
        again = _after(campaign, task, attempt, chance, story, lost)
        if said in CONTACTS or attempt.news:
            story.contacted.add(place)
        if said in ("reached_complete", "reached_partial") and chance.random() < REFERRED:
            story.raised.append(attempt)
        if again is not None:
            heapq.heappush(waiting, (again, place))
    return story


def _after(
    campaign: CallCampaign, task: CallTask, attempt: CallAttempt, chance: random.Random, story: Story, lost: float
) -> datetime | None:
    """What the call did to its task; when to call again, if ever."""
    at, said = attempt.happened_at, attempt.disposition
    task.previous_caller_id, task.last_attempt_at, task.changed_at = attempt.caller_id, at, at
    if said in LIVING:
        task.last_sign_of_life_at = at
    if said in CONTACTS:
        task.last_contact_at, task.misses, task.tried_slots = at, 0, 0
    if said in CAUSE:
        task.state, task.cause, task.wait_reason = "needs_supervisor", CAUSE[said], ""
        task.urgent = said == "emergency"
        return None
    if said == "objection":
        task.state, task.closed_reason, task.wait_reason = "closed", "objection", ""
        return None
    if said in MISS:
        task.misses += 1
        task.tried_slots |= slot_bit(at)
        if task.misses >= campaign.attempts_max:
            if chance.random() >= lost:
                task.misses, task.tried_slots, task.last_sign_of_life_at = 0, 0, at
                return _wait(task, at + timedelta(days=2), "cooldown")
            task.state, task.wait_reason = "unreachable", ""
            story.unreachable.append(task)
            return None
        return _wait(task, at + timedelta(days=1, hours=chance.choice((-3, 3))), "other_slot")
    if said == "reached_complete":
        if chance.random() < WEEKLY:
            task.cycle += 1
            return _wait(task, at + timedelta(days=7), "recurrence")
        task.state, task.wait_reason = "done", ""
        return None
    if said == "reached_language":
        task.language = chance.choice(("ar", "pt", "en"))
        return _wait(task, at + timedelta(days=1), "language")
    if said == "refused_today":
        return _wait(task, at + timedelta(minutes=2 * campaign.cooldown), "cooldown")
    if said in ("reached_callback", "reached_partial"):
        attempt.promised_at = task.promised_at = at + timedelta(days=1)
        return _wait(task, at + timedelta(days=1), "callback")
    return _wait(task, at + timedelta(minutes=campaign.cooldown), "cooldown")


def _wait(task: CallTask, until: datetime, reason: str) -> datetime:
    task.state, task.wait_reason, task.not_before = "scheduled", reason, until
    return until
