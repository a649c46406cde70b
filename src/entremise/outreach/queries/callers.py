"""Reads of callers: where they stand, what stops them now, what comes next. Never a rank among them.

Indicators of one caller are for the caller, their mentor and supervisors (reference § 6): `may_see` says so, and the
pages ask it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Max, Min, Q, Sum
from django.utils import timezone

from entremise.accounts.models import User
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.outreach import policies, rules
from entremise.outreach.engine import path
from entremise.outreach.engine.complexity import REASONS
from entremise.outreach.engine.path import Counts, Marks
from entremise.outreach.models import (
    CallAttempt,
    CallCampaign,
    CallerProfile,
    ComplexityAdvice,
    Debrief,
    ReportReview,
)
from entremise.outreach.queries.modules import titles
from entremise.referrals.models import NEEDS, URGENCIES, Difficulty
from entremise.rules.queries import number_of, values_of

CONVERSATIONS = ("reached_complete", "reached_partial", "reached_callback")
"""What the daily caps count as a conversation, as the claim does."""
PER_CALLER = 2
"""Reports proposed for reading, per caller: enough to talk about, not a watch over each call."""
PAUSES = {
    "asked": "Votre inscription attend l’accord du superviseur.",
    "left": "Vous ne faites plus partie de l’équipe d’appel. Dites au superviseur si c’est une erreur.",
    "too_early": "Votre disponibilité commence le {day}.",
    "too_late": "Votre disponibilité est finie depuis le {day}. Dites au superviseur si elle continue.",
}
PAUSE_REASONS = {
    "rest": "repos",
    "hard_calls": "appels difficiles",
    "absence": "absence",
    "debrief": "après une urgence",
    "supervisor": "décidée par l’équipe",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether somebody may take a call now. `paused`: the sentence to show, None when nothing stops.

    `debrief_due`: after an emergency, until it is held or declined and half an hour has passed; `debrief_until` when
    only the time is awaited. `next_step`: what opens more of the path, in a sentence.
    """

    level: int
    languages: tuple[str, ...]
    paused: str | None
    conversations_today: int
    minutes_today: int
    debrief_due: bool
    next_step: str
    debrief_until: datetime | None = None
    hard_today: int = 0

    @property
    def offer_to_stop(self) -> bool:
        """Two difficult calls in a day (a rule point): the screen offers to stop."""
        return self.hard_today >= number_of(rules.HARD_CALLS)


def profile_of(user: User | int) -> CallerProfile | None:
    """The place of this account on the path; None when it never signed up."""
    pk = user if isinstance(user, int) else user.pk
    return CallerProfile.objects.select_related("user", "mentor", "agreed_by").filter(user=pk).first()


def profile(public_id: str) -> CallerProfile:
    """NotFound when it does not exist."""
    row = CallerProfile.objects.select_related("user", "mentor", "agreed_by").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Cette personne n’est pas inscrite au parcours d’appel.")
    return row


def day_of(now: datetime) -> tuple[datetime, datetime]:
    """The local day of this moment, from midnight to midnight."""
    today = timezone.localtime(now).date()
    zone = timezone.get_default_timezone()
    return datetime.combine(today, time.min, zone), datetime.combine(today + timedelta(days=1), time.min, zone)


def caller_facts(user: User | int, campaign: CallCampaign | None, now: datetime | None = None) -> Facts:
    """Where a caller stands at this moment, all campaigns together (a day is one day). A flat number of queries.

    `campaign` is kept for what a campaign may come to decide alone; today every fact is the caller's.
    An account that never signed up has level 0 and is « paused » with what to do.
    """
    now = now or clock.now()
    row = profile_of(user)
    if row is None:
        return Facts(0, (), policies.CALLING, 0, 0, False, "Inscrivez-vous au parcours d’appel.")
    start, end = day_of(now)
    today = CallAttempt.objects.filter(caller=row.user_id, happened_at__gte=start, happened_at__lt=end).aggregate(
        spoke=Count("pk", filter=Q(disposition__in=CONVERSATIONS)),
        minutes=Sum("minutes", filter=~Q(disposition="aborted")),
        hard=Count("pk", filter=Q(hard=True)),
    )
    due, until = debrief_due(row, now)
    return Facts(
        level=row.level,
        languages=tuple(row.languages),
        paused=_paused(row, timezone.localtime(now).date(), now),
        conversations_today=today["spoke"] or 0,
        minutes_today=today["minutes"] or 0,
        debrief_due=due,
        next_step=path.next_step(row.level, counts_of(row), marks(), titles()),
        debrief_until=until,
        hard_today=today["hard"] or 0,
    )


def _paused(row: CallerProfile, today: date, now: datetime) -> str | None:
    if row.state != "active":
        return PAUSES[row.state]
    if row.available_from and today < row.available_from:
        return PAUSES["too_early"].format(day=f"{row.available_from:%d/%m/%Y}")
    if row.available_until and today > row.available_until:
        return PAUSES["too_late"].format(day=f"{row.available_until:%d/%m/%Y}")
    if row.paused_until and row.paused_until > now:
        why = PAUSE_REASONS.get(row.pause_reason, "")
        until = timezone.localtime(row.paused_until)
        return f"Vous êtes en pause jusqu’au {until:%d/%m à %H:%M}{f' ({why})' if why else ''}."
    return None


def debrief_due(row: CallerProfile, now: datetime) -> tuple[bool, datetime | None]:
    """Whether an emergency still keeps this caller from calling, and until when if only the time is awaited.

    After an emergency: until the debrief is held, or declined in writing, and half an hour at least (a rule point).
    """
    rest = timedelta(minutes=number_of(rules.DEBRIEF))
    rows = Debrief.objects.filter(caller=row, cause="emergency")
    if rows.filter(held_at=None, declined_at=None).exists():
        return True, None
    last = rows.filter(asked_at__gt=now - rest).aggregate(last=Max("asked_at"))["last"]
    return (True, last + rest) if last else (False, None)


def marks() -> Marks:
    """What each step of the path asks today, by the rule points in force."""
    points = {
        "quiz": rules.QUIZ, "conversations_2": rules.CONVERSATIONS_2, "reviews_2": rules.REVIEWS_2,
        "conversations_3": rules.CONVERSATIONS_3, "forms_3": rules.FORMS_3, "conversations_4": rules.CONVERSATIONS_4,
    }  # fmt: skip
    known = values_of(*points.values())
    return Marks(**{name: int(known[point.key]) for name, point in points.items()})


def counts_of(row: CallerProfile) -> Counts:
    """What the system counted for one caller. Nothing that says how fast they call."""
    modules: set[str] = set()
    quizzes: dict[str, int] = {}
    listenings = 0
    for kind, code, score in row.steps.values_list("kind", "code", "score"):
        if kind == "module":
            modules.add(code)
        elif kind == "quiz":
            quizzes[code] = max(quizzes.get(code, 0), score or 0)
        elif kind == "listening":
            listenings += 1
    since = dict(row.changes.filter(kind="promoted", after__in=(2, 3)).values_list("after").annotate(first=Min("at")))
    complete = CallAttempt.objects.filter(caller=row.user_id, disposition__in=path.COUNTED)
    counted = complete.aggregate(
        every=Count("pk"),
        **{f"at_{level}": Count("pk", filter=Q(happened_at__gte=at)) for level, at in since.items()},
    )
    return Counts(
        charter=row.charter_signed_at is not None,
        modules=frozenset(modules),
        quizzes=quizzes,
        listenings=listenings,
        conversations=counted["every"],
        at_level={level: counted[f"at_{level}"] for level in since},
        reviews=row.reviews.count(),
        forms=Difficulty.objects.filter(author=row.user_id, origin_kind="call", complete=True).count(),
        wish=bool(row.wishes_hardest.strip()),
    )


def may_see(actor: Actor, row: CallerProfile) -> bool:
    """Indicators of a caller: the caller, their mentor, supervisors. Nobody else, not even another mentor."""
    return actor.user_id is not None and (actor.user_id == row.user_id or policies.guides(actor, row))


def callers(states: Collection[str] = ("active",)) -> list[CallerProfile]:
    """Callers in these states, by name: never by a figure."""
    rows = CallerProfile.objects.select_related("user", "mentor").filter(state__in=list(states))
    return list(rows.order_by("user__label", "pk"))


def mentees(user: int) -> list[CallerProfile]:
    """Those whom this mentor follows, by name."""
    rows = CallerProfile.objects.select_related("user", "mentor").filter(mentor=user, state="active")
    return list(rows.order_by("user__label", "pk"))


def proposed(row: CallerProfile) -> int | None:
    """The level that the system proposes to open for this caller, when all that is counted is there; else None."""
    if row.state != "active" or row.held_level is not None or row.level >= path.TOP:
        return None
    return row.level + 1 if path.reached(row.level + 1, counts_of(row), marks()) else None


def unread(row: CallerProfile) -> int:
    """How many returns of the mentor the caller has not said to have read."""
    return row.reviews.filter(read_at=None).count() + row.listenings.filter(read_at=None).count()


def helped(row: CallerProfile, most: int) -> list[tuple[date, str, bool]]:
    """The caller's last calls that were conversations, without a person: day, how it ended, whether help was asked.

    Nobody is named nor can be found from it (reference § 3: pseudonymised after the report).
    """
    rows = CallAttempt.objects.filter(caller=row.user_id, disposition__in=CONVERSATIONS).order_by(
        "-happened_at", "-pk"
    )
    found = list(rows[:most])
    asked = set(
        Difficulty.objects.filter(
            origin_kind="call", origin_id__in=[one.public_id for one in found], consent="yes"
        ).values_list("origin_id", flat=True)
    )
    return [
        (timezone.localtime(one.happened_at).date(), one.get_disposition_display(), one.public_id in asked)
        for one in found
    ]


def debriefs_to_hold(rows: Collection[CallerProfile]) -> list[Debrief]:
    """The debriefs that wait, emergencies first, then the oldest."""
    waiting = Debrief.objects.filter(caller__in=rows, held_at=None, declined_at=None).select_related("caller__user")
    return sorted(waiting, key=lambda one: (one.cause != "emergency", one.asked_at))


def to_review(rows: Collection[CallerProfile], most: int = 15) -> list[CallAttempt]:
    """The reports of these callers that nobody read with them yet, in the order of their days; two per caller."""
    users = [row.user_id for row in rows]
    last = CallAttempt.objects.filter(caller__in=users, disposition__in=CONVERSATIONS, review=None)
    found: list[CallAttempt] = []
    seen: Counter[int | None] = Counter()
    for one in last.select_related("caller", "campaign").order_by("-happened_at", "-pk")[: 20 * most]:
        if seen[one.caller_id] < PER_CALLER and len(found) < most:
            seen[one.caller_id] += 1
            found.append(one)
    return sorted(found, key=lambda one: one.happened_at)


def review_of(attempt: CallAttempt) -> ReportReview | None:
    """What was said of this report, None while nobody read it."""
    return ReportReview.objects.select_related("mentor").filter(attempt=attempt).first()


def needs_of(attempt: CallAttempt) -> list[tuple[str, str]]:
    """The needs noted in this call, in words, with the urgency: facts of a form, no word of the person."""
    rows = Difficulty.objects.filter(origin_kind="call", origin_id=attempt.public_id)
    return [(", ".join(NEEDS.get(code, code) for code in one.needs), URGENCIES[one.urgency]) for one in rows]


def advices() -> list[tuple[ComplexityAdvice, str]]:
    """The suggestions on complexity that wait for a supervisor, the oldest first, with how they read."""
    rows = ComplexityAdvice.objects.filter(state="waiting").select_related("task__campaign", "suggested_by")
    return [(one, REASONS[one.code]) for one in rows if one.code in REASONS]
