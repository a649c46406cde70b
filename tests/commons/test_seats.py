from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from entremise.accounts.models import Membership
from entremise.kernel import clock
from entremise.rules.registry import college_of
from tests.accounts.factories import agent

pytestmark = pytest.mark.django_db


def test_a_seat_says_the_college_of_who_holds_it() -> None:
    user = agent("matchmaker", "seat_staff")
    assert college_of(user.pk, clock.now()) == "staff"


def test_who_holds_no_seat_has_no_college() -> None:
    assert college_of(agent("controller").pk, clock.now()) is None


def test_who_holds_two_seats_counts_for_none() -> None:
    assert college_of(agent("seat_staff", "seat_registered").pk, clock.now()) is None


def test_a_seat_that_ended_no_longer_counts() -> None:
    user = agent("seat_registered")
    Membership.objects.filter(user=user).update(
        starts_on=clock.today() - timedelta(days=9), ends_on=clock.today() - timedelta(days=1)
    )
    assert college_of(user.pk, clock.now()) is None


def test_a_seat_taken_today_counts_from_midnight_here_not_from_midnight_in_greenwich() -> None:
    user = agent("seat_staff")
    first = datetime.combine(clock.today(), time(0, 5), tzinfo=timezone.get_default_timezone())
    assert college_of(user.pk, first) == "staff"
    assert college_of(user.pk, first - timedelta(minutes=10)) is None
