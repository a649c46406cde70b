"""What a plan of calls is computed from: tasks, callers, shifts, hours. No person's value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from entremise.outreach import rules
from entremise.outreach.engine import hours
from entremise.outreach.engine.planning import GONE, NOBODY, Caller, Persons, Plan, Problem, Seat, Weights, rising
from entremise.outreach.models import CallAttempt, CallCampaign, CallerProfile, CallPlan, CallTask, Shift, ShiftSeat
from entremise.outreach.models.campaigns import SLOTS
from entremise.rules.queries import values_of

KINDS = tuple(SLOTS)
BOUNDS = {"morning": (0, 12), "midday": (12, 14), "afternoon": (14, 18), "evening": (18, 24)}
DAYS = 7
Slot = tuple[int, str]
"""Days after the first day of a week, kind of slot."""
Moment = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it is planned: its key, and what the plan before wrote on it."""

    pk: int
    rank: int
    caller: int | None
    slot: str
    terms: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Inputs:
    """`tasks` and `callers` (accounts) in the order of the columns; `before`: the plan there is, when it may be
    mended; `also`: place of the campaign's own language."""

    problem: Problem
    tasks: Sequence[Task]
    callers: Sequence[int]
    slots: Sequence[Slot]
    starts_on: date
    languages: Sequence[str]
    before: Plan | None
    also: int = 0

    def moment(self, seat: Seat) -> str:
        """`2026-07-06:morning`: what `CallTask.planned_slot` keeps."""
        days, kind = self.slots[seat.slot]
        return f"{self.starts_on + timedelta(days=DAYS * seat.week + days):%Y-%m-%d}:{kind}"


@dataclass(frozen=True, slots=True)
class Settings:
    weights: Weights
    weeks: int
    rate: int
    useful: int
    needs: tuple[int, int]


def voted() -> Settings:
    """The weights of the rulebook in force. One query."""
    points = (
        *rules.PLAN_UNSERVED, *rules.PLAN_DELAY, rules.PLAN_OTHER, rules.PLAN_SLOT, rules.PLAN_OVER,
        rules.PLAN_WEEKS, rules.PLAN_RATE, rules.PLAN_USEFUL, rules.CONVERSATIONS_2, rules.CONVERSATIONS_3,
    )  # fmt: skip
    found = values_of(*points)
    said = [int(found[point.key]) for point in points]
    a, b, c, d = said[:4]
    weights = Weights((a, b, c, d), (said[4], said[5], said[6], said[7]), *said[8:11])
    return Settings(weights, said[11], said[12], said[13], (said[14], said[15]))


def inputs(campaign: CallCampaign, now: datetime, settings: Settings) -> Inputs:
    """Everything a plan of this campaign reads at this moment; few queries, whatever the size."""
    today = timezone.localdate(now)
    opened = _opened(campaign, now, today, settings.weeks)
    slots = sorted({(at % DAYS, kind) for at, kind in opened}, key=lambda s: (s[0], KINDS.index(s[1])))
    profiles = list(
        CallerProfile.objects.filter(state="active", level__gte=1, user__is_active=True).order_by("user_id")
    )
    tongues = _languages(campaign, profiles)
    seats, staffed = _seats(campaign, now, today, settings.weeks)
    done = dict(
        CallAttempt.objects.filter(disposition="reached_complete", caller__in=[p.user_id for p in profiles])
        .order_by("caller")
        .values_list("caller")
        .annotate(n=Count("pk"))
    )
    facts = (campaign, tongues, slots, opened, seats, staffed, settings, today)
    team = tuple(_caller(profile, done.get(profile.user_id, 0), *facts) for profile in profiles)
    places = {profile.user_id: place for place, profile in enumerate(profiles)}
    persons, tasks, before = _persons(campaign, places, tongues, slots, today, settings.weeks)
    weights = settings.weights
    problem = Problem(settings.weeks, tuple(1 << KINDS.index(kind) for _, kind in slots), persons, team, weights)
    former = before if _may_mend(campaign, today, slots, weights) else None
    order = sorted(tongues, key=lambda code: tongues[code])
    return Inputs(problem, tasks, [p.user_id for p in profiles], slots, today, order, former)


def _opened(campaign: CallCampaign, now: datetime, today: date, weeks: int) -> dict[tuple[int, str], list[Moment]]:
    """For each day from today (by its number) and kind of slot: the moments when the campaign calls from now on."""
    zone = timezone.get_default_timezone()
    found: dict[tuple[int, str], list[Moment]] = {}
    for at in range(weeks * DAYS):
        day = today + timedelta(days=at)
        if day < campaign.starts_on or (campaign.ends_on and day > campaign.ends_on):
            continue
        for start, end in hours.openings(campaign.hours, day, zone, holidays_open=campaign.holidays_open):
            for kind, first, last in _windows(day):
                moment = max(start, first, now), min(end, last)
                if moment[0] < moment[1]:
                    found.setdefault((at, kind), []).append(moment)
    return found


def _windows(day: date) -> Iterator[tuple[str, datetime, datetime]]:
    zone = timezone.get_default_timezone()
    for kind, (first, last) in BOUNDS.items():
        begin = datetime.combine(day, time(first), zone)
        end = datetime.combine(day + timedelta(days=last // 24), time(last % 24), zone)
        yield kind, begin, end


def _languages(campaign: CallCampaign, profiles: Sequence[CallerProfile]) -> dict[str, int]:
    """A place for each language that may be spoken: the campaign's first, 63 at most."""
    codes = dict.fromkeys([*campaign.languages[:1], "fr", *campaign.languages])
    codes |= dict.fromkeys(code for profile in profiles for code in profile.languages)
    asked = CallTask.objects.filter(campaign=campaign).order_by("language").values_list("language", flat=True)
    codes |= dict.fromkeys(asked.distinct())
    return {code: place for place, code in enumerate(list(codes)[:63])}


def _seats(
    campaign: CallCampaign, now: datetime, today: date, weeks: int
) -> tuple[dict[int, list[Moment]], frozenset[int]]:
    """Moments each account signed up for, and the weeks for which shifts are laid out: there, only who signed up."""
    until = now + timedelta(days=weeks * DAYS)
    shifts = Shift.objects.filter(campaign=campaign, role="caller", ends_at__gt=now, starts_at__lt=until)
    staffed = {
        (timezone.localdate(start) - today).days // DAYS for start in shifts.values_list("starts_at", flat=True)
    }
    taken: dict[int, list[Moment]] = defaultdict(list)
    rows = ShiftSeat.objects.filter(shift__in=shifts, cancelled_at=None)
    for user, start, end in rows.values_list("user_id", "shift__starts_at", "shift__ends_at"):
        taken[user].append((start, end))
    return taken, frozenset(staffed)


def _caller(
    profile: CallerProfile,
    done: int,
    campaign: CallCampaign,
    tongues: Mapping[str, int],
    slots: Sequence[Slot],
    opened: Mapping[tuple[int, str], Sequence[Moment]],
    seats: Mapping[int, Sequence[Moment]],
    staffed: frozenset[int],
    settings: Settings,
    today: date,
) -> Caller:
    """A caller's places: hours of presence × calls in an hour × share of time, within the caps of the campaign."""
    mine = seats.get(profile.user_id, ())

    def calls(week: int, slot: Slot) -> int:
        at = week * DAYS + slot[0]
        day = today + timedelta(days=at)
        if (profile.available_from and day < profile.available_from) or (
            profile.available_until and day > profile.available_until
        ):
            return 0
        seconds = 0.0
        for start, end in opened.get((at, slot[1]), ()):
            start = max(start, profile.paused_until) if profile.paused_until else start
            spans = [(max(start, a), min(end, b)) for a, b in mine] if week in staffed else [(start, end)]
            seconds += sum((b - a).total_seconds() for a, b in spans if a < b)
        minutes = min(seconds / 60, campaign.daily_minutes) * (1.0 if week in staffed else profile.share / 100)
        if minutes < 60 / settings.rate / 2:
            return 0
        return min(max(1, round(minutes * settings.rate / 60)), campaign.daily_conversations)

    expected = profile.weekly_calls * settings.useful / 100
    spoken = sum(1 << tongues[code] for code in set(profile.languages) if code in tongues)
    return Caller(
        spoken or 1,
        rising(profile.level, done, expected, needs=settings.needs, weeks=settings.weeks),
        (profile.weekly_calls,) * settings.weeks,
        tuple(tuple(calls(week, slot) for slot in slots) for week in range(settings.weeks)),
    )


def _persons(
    campaign: CallCampaign,
    places: Mapping[int, int],
    tongues: Mapping[str, int],
    slots: Sequence[Slot],
    today: date,
    weeks: int,
) -> tuple[Persons, list[Task], list[Seat | None]]:
    """The tasks that wait, in the order of their keys. A call-back promised to somebody is not planned: it is kept."""
    end = timezone.make_aware(datetime.combine(today + timedelta(days=weeks * DAYS), time()))
    rows = CallTask.objects.filter(campaign=campaign, state__in=("ready", "scheduled"), not_before__lt=end)
    rows = rows.filter(~Q(wait_reason="callback"))
    columns = (
        "pk", "previous_caller_id", "complexity", "language", "fragility", "slot_mask", "not_before", "rank",
        "planned_caller_id", "planned_slot", "planned_terms",
    )  # fmt: skip
    midnight = timezone.make_aware(datetime.combine(today, time()))
    kinds = 0
    for _, kind in slots:
        kinds |= 1 << KINDS.index(kind)
    at = {f"{today + timedelta(days=DAYS * w + days):%Y-%m-%d}:{kind}": (w, n)
          for w in range(weeks) for n, (days, kind) in enumerate(slots)}  # fmt: skip
    persons, tasks = Persons(), list[Task]()
    before: list[Seat | None] = []
    found = rows.order_by("pk").values_list(*columns)
    for pk, previous, complexity, language, fragility, mask, since, rank, caller, moment, terms in found.iterator(
        5_000
    ):
        persons.add(
            complexity=complexity,
            language=tongues.get(language, 0),
            fragility=min(3, fragility),
            mask=mask & kinds,
            previous=places.get(previous, NOBODY) if campaign.same_caller else NOBODY,
            first=max(0, (since - midnight).days // DAYS),
        )
        tasks.append(Task(pk, rank, caller, moment, terms))
        place, when = places.get(caller, NOBODY), at.get(moment)
        if moment and (place == NOBODY or when is None):
            before.append(GONE)
        else:
            before.append(Seat(place, *when) if when else None)
    return persons, tasks, before


def _may_mend(campaign: CallCampaign, today: date, slots: Sequence[Slot], weights: Weights) -> bool:
    """Whether the plan there is was made today, by the same points, for the same slots: its prices may still hold."""
    last = CallPlan.objects.filter(campaign=campaign, state="done").order_by("-finished_at").first()
    if last is None or last.solver == "greedy" or last.starts_on != today:
        return False
    return last.weights == asdict_json(weights) and [tuple(slot) for slot in last.slots] == list(slots)


def asdict_json(weights: Weights) -> dict[str, Any]:
    """The weights as they are kept."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(weights).items()}
