"""Who is there, who answers, which seats are left: by the hour, by the week. Names of accounts, no person called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from entremise.accounts.models import User
from entremise.kernel.errors import NotFound
from entremise.outreach.models import CallCampaign, Shift, ShiftSeat


def shift(public_id: str) -> Shift:
    """NotFound when it does not exist."""
    row = Shift.objects.select_related("campaign").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("Cette permanence n’existe pas.")
    return row


def _there(role: str, now: datetime, campaign: CallCampaign | None) -> list[User]:
    seats = ShiftSeat.objects.filter(
        cancelled_at=None,
        shift__cancelled_at=None,
        shift__role=role,
        shift__starts_at__lte=now,
        shift__ends_at__gt=now,
    )
    if campaign is not None:
        seats = seats.filter(shift__campaign=campaign)
    order = {user: place for place, user in reversed(list(enumerate(seats.values_list("user", flat=True))))}
    users = User.objects.filter(pk__in=order, is_active=True)
    return sorted(users, key=lambda user: order[user.pk])


def on_shift(campaign: CallCampaign | None, now: datetime) -> list[User]:
    """Who has a seat to call at this moment, in the order of seats; of every campaign when none is given."""
    return _there("caller", now, campaign)


def on_duty(campaign: CallCampaign | None, now: datetime) -> list[User]:
    """The supervisors who answer for the campaign at this moment, the first to be told first."""
    return _there("supervisor", now, campaign)


@dataclass(frozen=True, slots=True)
class ShiftView:
    """One shift as the week shows it. `people`: who has a seat, by name, for a team that waits for somebody."""

    row: Shift
    taken: int
    people: tuple[str, ...]
    mine: bool
    arrived: bool
    over: bool

    @property
    def left(self) -> int:
        return max(0, self.row.seats - self.taken)

    @property
    def seats(self) -> str:
        """What is left, in words."""
        if self.left == 0:
            return "complète"
        return f"{self.left} places libres" if self.left > 1 else "une place libre"


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the week, with its shifts in order."""

    day: date
    shifts: tuple[ShiftView, ...]


def monday_of(day: date) -> date:
    """The Monday of this week."""
    return day - timedelta(days=day.weekday())


def week(monday: date, user: int, now: datetime, campaign: CallCampaign | None = None) -> list[Day]:
    """The seven days from this Monday, with the shifts that start on each local day. Two queries."""
    zone = timezone.get_default_timezone()
    start = datetime.combine(monday, time.min, zone)
    end = datetime.combine(monday + timedelta(days=7), time.min, zone)
    rows = Shift.objects.filter(cancelled_at=None, starts_at__gte=start, starts_at__lt=end)
    if campaign is not None:
        rows = rows.filter(campaign=campaign)
    views = [_view(row, user, now) for row in _with_seats(rows)]
    days = [monday + timedelta(days=n) for n in range(7)]
    return [
        Day(day, tuple(one for one in views if timezone.localtime(one.row.starts_at).date() == day)) for day in days
    ]


def mine(user: int, now: datetime, most: int = 5) -> list[ShiftView]:
    """The next shifts of this account, the one that runs first."""
    seats = ShiftSeat.objects.filter(user=user, cancelled_at=None)
    rows = Shift.objects.filter(cancelled_at=None, ends_at__gt=now, pk__in=seats.values("shift"))
    return [_view(row, user, now) for row in _with_seats(rows)[:most]]


def _with_seats(rows: QuerySet[Shift]) -> QuerySet[Shift]:
    live = ShiftSeat.objects.filter(cancelled_at=None).select_related("user")
    return (
        rows.select_related("campaign").order_by("starts_at", "pk").prefetch_related(Prefetch("taken", live, "live"))
    )


def _view(row: Shift, user: int, now: datetime) -> ShiftView:
    seats: Sequence[ShiftSeat] = row.live  # type: ignore[attr-defined]
    own = next((seat for seat in seats if seat.user_id == user), None)
    return ShiftView(
        row,
        len(seats),
        tuple(seat.user.label for seat in seats),
        own is not None,
        own is not None and own.arrived_at is not None,
        row.ends_at <= now,
    )
