"""Reads of what must not be forgotten: who gives no sign of life, which steps are late, which emergencies are open.

No name and no number: those are opened on the page of one person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Min, Prefetch, Q, QuerySet

from entremise.accounts.models import User
from entremise.accounts.queries import colleagues
from entremise.kernel.errors import NotFound
from entremise.outreach.models import (
    LEVELS,
    OPEN_STEPS,
    CallCampaign,
    CallEvent,
    CallTask,
    Emergency,
    EmergencyAlert,
    Escalation,
    EscalationStep,
    ShiftSeat,
)
from entremise.vault import registry

SEARCHED: Final = ("unreachable", "escalated")
NATIONAL: Final = (
    ("15", "SAMU : malaise, blessure, paroles confuses"),
    ("18", "pompiers : chute, incendie, porte fermée"),
    ("17", "police, gendarmerie : violences, menaces"),
    ("112", "urgence, depuis tout téléphone"),
    ("114", "par SMS, pour qui n’entend pas ou ne peut pas parler"),
    ("3114", "idées de suicide : écoute jour et nuit"),
)
"""Emergency numbers of France, in the order in which a caller needs them (reference § 12)."""


@dataclass(frozen=True, slots=True)
class Silent:
    """A person looked for, for so long (`age`), and the rung to climb now (None: all were climbed)."""

    search: Escalation
    age: timedelta
    step: EscalationStep | None
    late: int

    @property
    def days(self) -> int:
        return self.age.days

    @property
    def hours(self) -> int:
        return int(self.age.total_seconds() // 3600)


@dataclass(frozen=True, slots=True)
class Silence:
    """How many persons of one level of alert give no sign of life, the oldest age, how many rungs are late."""

    level: int
    label: str
    persons: int
    oldest: timedelta
    late: int

    @property
    def days(self) -> int:
        return self.oldest.days

    @property
    def hours(self) -> int:
        return int(self.oldest.total_seconds() // 3600)


def searches(campaign: CallCampaign | int | None = None) -> QuerySet[Escalation]:
    """The searches open now, with their task, the oldest first."""
    rows = Escalation.objects.filter(closed_at=None).select_related("task", "campaign").order_by("opened_at", "pk")
    return rows.filter(campaign=campaign) if campaign else rows


def silent(campaign: CallCampaign | None, now: datetime, *, start: int = 0, stop: int | None = None) -> list[Silent]:
    """The persons without a sign of life, the highest alert then the oldest search first. Two queries."""
    rows = searches(campaign).order_by("-alert_level", "opened_at", "pk")
    rows = rows.prefetch_related(Prefetch("steps", EscalationStep.objects.order_by("due_at", "rank")))
    return [_silent(row, now) for row in rows[start:stop]]


def _silent(row: Escalation, now: datetime) -> Silent:
    steps = list(row.steps.all())
    waiting = [step for step in steps if step.state in OPEN_STEPS]
    late = sum(step.due_at <= now for step in waiting)
    return Silent(row, now - row.opened_at, waiting[0] if waiting else None, late)


def silence(campaign: CallCampaign | None, now: datetime) -> list[Silence]:
    """Counts by level of alert, the highest first: the safety figure (reference § 18). Two queries."""
    rows = Escalation.objects.filter(closed_at=None)
    steps = EscalationStep.objects.filter(escalation__closed_at=None, state__in=OPEN_STEPS, due_at__lte=now)
    if campaign:
        rows, steps = rows.filter(campaign=campaign), steps.filter(escalation__campaign=campaign)
    late = dict(steps.order_by().values_list("escalation__alert_level").annotate(n=Count("pk")))
    counted = rows.order_by().values("alert_level").annotate(persons=Count("pk"), opened=Min("opened_at"))
    found = [
        Silence(
            one["alert_level"],
            LEVELS[one["alert_level"]],
            one["persons"],
            now - one["opened"],
            late.get(one["alert_level"], 0),
        )
        for one in counted
    ]
    return sorted(found, key=lambda one: -one.level)


def late_steps(campaign: CallCampaign | None, now: datetime) -> list[EscalationStep]:
    """Rungs past their deadline, the oldest first."""
    rows = EscalationStep.objects.filter(escalation__closed_at=None, state__in=OPEN_STEPS, due_at__lte=now)
    if campaign:
        rows = rows.filter(escalation__campaign=campaign)
    return list(rows.select_related("escalation__task", "escalation__campaign").order_by("due_at", "pk"))


def visits(campaign: CallCampaign | None = None) -> list[EscalationStep]:
    """Home visits still to make, the most pressing first."""
    rows = EscalationStep.objects.filter(escalation__closed_at=None, kind="visit", state__in=OPEN_STEPS)
    rows = rows.filter(escalation__campaign=campaign) if campaign else rows
    return list(rows.select_related("escalation__task__campaign").order_by("due_at", "pk"))


def search_of(reference: str) -> Escalation:
    """The last search for the person of this task, open or not, with its steps. NotFound."""
    rows = Escalation.objects.filter(task__public_id=reference).select_related("task__campaign", "campaign")
    people = EscalationStep.objects.select_related("responsible", "started_by", "done_by").order_by("due_at", "rank")
    row = rows.prefetch_related(Prefetch("steps", people)).order_by("-opened_at", "-pk").first()
    if row is None:
        raise NotFound("Cette recherche n’existe pas.")
    return row


def step_of(search: Escalation, rank: int) -> EscalationStep:
    """One rung. NotFound."""
    row = search.steps.filter(rank=rank).first()
    if row is None:
        raise NotFound("Cette étape n’existe pas.")
    return row


def punctuality(campaign: CallCampaign | None, now: datetime) -> tuple[int, int]:
    """(rungs done before their deadline, rungs due): no value when nothing was due."""
    rows = EscalationStep.objects.filter(due_at__lte=now).exclude(state="skipped")
    if campaign:
        rows = rows.filter(escalation__campaign=campaign)
    # A search closed before the deadline owes nothing.
    due = rows.filter(Q(escalation__closed_at=None) | Q(state="done"))
    kept = [1 for done, limit in due.filter(state="done").values_list("done_at", "due_at") if done and done <= limit]
    return len(kept), due.count()


# emergencies


def open_emergencies(campaign: CallCampaign | int | None = None) -> list[Emergency]:
    """The emergencies open now: those nobody took first, then the oldest."""
    rows = Emergency.objects.filter(closed_at=None).select_related("task", "campaign", "caller", "acknowledged_by")
    rows = rows.filter(campaign=campaign) if campaign else rows
    return sorted(rows, key=lambda row: (row.acknowledged_at is not None, row.raised_at))


def emergencies_closed(most: int = 20) -> list[Emergency]:
    """The last ones closed."""
    rows = Emergency.objects.exclude(closed_at=None).select_related("campaign", "caller", "closed_by")
    return list(rows.order_by("-closed_at", "-pk")[:most])


def emergency(reference: str) -> Emergency:
    """NotFound when it does not exist."""
    rows = Emergency.objects.select_related("task__campaign", "campaign", "caller", "acknowledged_by", "closed_by")
    row = rows.filter(public_id=reference).first()
    if row is None:
        raise NotFound("Cette urgence n’existe pas.")
    return row


def raised_by(task: CallTask, user: int) -> Emergency | None:
    """The last emergency that this account raised on this task, while it is open."""
    rows = Emergency.objects.filter(task=task, closed_at=None).select_related("campaign", "acknowledged_by", "task")
    return rows.filter(Q(caller=user) | Q(debriefs__caller__user=user)).distinct().order_by("-raised_at").first()


def told_by(task: CallTask) -> set[int]:
    """The supervisors who themselves wrote what now waits for a second person: how a search or an emergency ended."""
    held = CallEvent.objects.filter(task=task, event="hold").order_by("-at", "-pk").values_list("user", flat=True)[:1]
    ended = Emergency.objects.filter(task=task, outcome__in=("deceased", "taken_to_hospital"))
    last = ended.order_by("-closed_at", "-pk").values_list("closed_by", flat=True)[:1]
    return {pk for pk in [*held, *last] if pk is not None}


def last_of(task: CallTask) -> Emergency:
    """The last emergency of a task. NotFound."""
    row = Emergency.objects.filter(task=task).order_by("-raised_at", "-pk").first()
    if row is None:
        raise NotFound("Cette urgence n’existe pas.")
    return row


def alerts_of(row: Emergency) -> list[EmergencyAlert]:
    """Who was told, in order."""
    return list(row.alerts.select_related("supervisor").order_by("rank", "way"))


def emergency_numbers(campaign: CallCampaign | None) -> list[tuple[str, str]]:
    """The national numbers, then those of the territory."""
    own = campaign.emergency_numbers if campaign else []
    said = [(str(one.get("number", "")), str(one.get("label", ""))) for one in own if one.get("number")]
    return [*NATIONAL, *said]


def duty_list(campaign: CallCampaign | int | None, now: datetime) -> list[User]:
    """Whom to alert, in order: the supervisors on duty for this campaign, then the other supervisors by name."""
    pk = campaign.pk if isinstance(campaign, CallCampaign) else campaign
    seats = ShiftSeat.objects.filter(
        shift__role="supervisor", shift__starts_at__lte=now, shift__ends_at__gt=now, cancelled_at=None,
        user__is_active=True,
    ).select_related("user")  # fmt: skip
    rows = sorted(seats.values_list("shift__campaign", "rank", "user"), key=lambda one: (one[0] != pk, one[1], one[2]))
    every = {user.pk: user for user in colleagues("supervisor")}
    first = [every[user] for _, _, user in rows if user in every]
    return list(dict.fromkeys([*first, *every.values()]))


def fields_of(register: str, categories: Collection[str]) -> Sequence[tuple[str, str, str]]:
    """(`apa.address`, `address`, « adresse ») for the fields of a register in these categories; its repeated fields,
    which need a subject, are left out. Empty when the register has no known shape."""
    try:
        shape = registry.profile(register)
    except KeyError:
        return ()
    kinds: Mapping[str, str] = shape.fields
    return [
        (f"{register}.{code}", kind, shape.labels.get(code, code))
        for code, kind in kinds.items()
        if kind in categories and code not in shape.repeated
    ]
