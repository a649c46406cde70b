"""When a campaign calls: holidays, both clock changes, kinds of slots, hours as a person types them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from entremise.outreach.engine import hours

PARIS, REUNION = ZoneInfo("Europe/Paris"), ZoneInfo("Indian/Reunion")
WEEK = {str(day): [["09:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}


def paris(*when: int) -> datetime:
    return datetime(*when, tzinfo=PARIS)  # type: ignore[misc]


def test_the_eleven_holidays_of_two_years_as_the_government_publishes_them():
    assert sorted(hours.holidays(2026)) == [
        date(2026, 1, 1), date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 8), date(2026, 5, 14), date(2026, 5, 25),
        date(2026, 7, 14), date(2026, 8, 15), date(2026, 11, 1), date(2026, 11, 11), date(2026, 12, 25),
    ]  # fmt: skip
    assert {date(2027, 3, 29), date(2027, 5, 6), date(2027, 5, 17)} <= hours.holidays(2027)


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        (paris(2026, 7, 13, 9, 0), True),
        (paris(2026, 7, 13, 8, 59, 59), False),
        (paris(2026, 7, 13, 12, 0), False),
        (paris(2026, 7, 14, 10, 0), False),  # public holiday
        (paris(2026, 7, 18, 10, 0), False),  # Saturday
        (datetime(2026, 7, 13, 7, 30, tzinfo=UTC), True),  # 9:30 in Paris
        (datetime(2026, 12, 14, 8, 30, tzinfo=UTC), True),  # 9:30 in winter too
        (datetime(2026, 12, 14, 7, 30, tzinfo=UTC), False),
    ],
)
def test_inside_the_hours_is_what_the_clock_on_the_wall_says(at, open_):
    assert hours.is_open(WEEK, at, PARIS) is open_


def test_a_holiday_opens_when_the_campaign_says_so():
    assert hours.is_open(WEEK, paris(2026, 7, 14, 10, 0), PARIS, holidays_open=True)


def test_the_same_moment_is_another_hour_overseas():
    at = datetime(2026, 7, 13, 6, 0, tzinfo=UTC)
    assert not hours.is_open(WEEK, at, PARIS)
    assert hours.is_open(WEEK, at, REUNION)


def test_the_next_opening_skips_the_night_the_week_end_and_the_holiday():
    assert hours.next_opening(WEEK, paris(2026, 7, 10, 18, 0), PARIS) == paris(2026, 7, 13, 9, 0)
    assert hours.next_opening(WEEK, paris(2026, 7, 13, 18, 0), PARIS) == paris(2026, 7, 15, 9, 0)
    now = paris(2026, 7, 13, 15, 0)
    assert hours.next_opening(WEEK, now, PARIS) == now
    assert hours.next_opening({}, now, PARIS) is None


def test_the_two_changes_of_clock_open_at_nine_on_the_wall():
    every = {str(day): [["09:00", "10:00"]] for day in range(7)}
    for eve in (paris(2026, 3, 28, 20, 0), paris(2026, 10, 24, 20, 0)):
        found = hours.next_opening(every, eve, PARIS)
        assert found is not None
        assert found.astimezone(PARIS).hour == 9
        assert hours.is_open(every, found, PARIS)
    gap = {"6": [["02:00", "03:00"]]}  # the hour that does not exist on 29 March 2026
    assert hours.openings(gap, date(2026, 3, 29), PARIS) == []


def test_kinds_of_slots_and_what_a_campaign_opens():
    bits = [hours.slot_bit(paris(2026, 7, 13, at), PARIS) for at in (9, 11, 12, 13, 14, 17, 18, 20)]
    assert bits == [1, 1, 2, 2, 4, 4, 8, 8]
    assert hours.slots_open(WEEK) == 0b0101
    assert hours.slots_open({"0": [["08:00", "20:30"]]}) == 0b1111
    assert hours.slots_open({"0": [["12:00", "14:00"]]}) == 0b0010


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("9h-12h, 14:00 à 18:00", [["09:00", "12:00"], ["14:00", "18:00"]]),
        ("14-18 et 9-12", [["09:00", "12:00"], ["14:00", "18:00"]]),
        ("8H30–20h30", [["08:30", "20:30"]]),
        ("", []),
    ],
)
def test_hours_are_read_as_people_type_them(typed, read):
    assert hours.read_ranges(typed) == read


@pytest.mark.parametrize("typed", ["matin", "18-9", "9-12, 11-14", "9-25", "9:75-12"])
def test_hours_that_make_no_sense_say_so_in_french(typed):
    with pytest.raises(hours.HoursWrong, match=r"[a-zé] "):
        hours.read_ranges(typed)


@given(st.lists(st.tuples(st.integers(0, 1438), st.integers(1, 120)), max_size=3))
def test_what_a_form_shows_reads_back_the_same(pieces):
    ranges, last = [], -1
    for start, length in sorted(pieces):
        end = min(start + length, 1439)
        if start <= last or end <= start:
            continue
        ranges.append([f"{start // 60:02}:{start % 60:02}", f"{end // 60:02}:{end % 60:02}"])
        last = end
    assert hours.read_ranges(hours.said(ranges)) == ranges


@given(st.integers(0, 700 * 24 * 60))
def test_the_next_opening_is_open_and_nothing_opens_before_it(minutes):
    at = paris(2026, 1, 1) + timedelta(minutes=minutes)
    found = hours.next_opening(WEEK, at, PARIS)
    assert found is not None
    assert hours.is_open(WEEK, found, PARIS)
    assert found.timestamp() >= at.timestamp()
    step = at.astimezone(UTC)
    while step < found - timedelta(hours=1):
        assert not hours.is_open(WEEK, step, PARIS)
        step += timedelta(hours=7, minutes=13)
