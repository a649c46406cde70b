from __future__ import annotations

from datetime import datetime

import pytest

from entremise.referrals.engine import hours

WEEK = hours.parse("Mo-Fr 09:00-12:00,13:30-17:00; We 09:00-12:00; PH off")
FRANCE = hours.calendar()


def told(text: str, moment: str) -> hours.Opening:
    week = hours.parse(text)
    assert week is not None
    return hours.at(week, datetime.fromisoformat(moment), FRANCE)


@pytest.mark.parametrize(
    ("moment", "state", "opens"),
    [
        ("2026-11-30 09:00", "open", None),
        ("2026-11-30 12:00", "closed", "2026-11-30 13:30"),
        ("2026-12-02 14:00", "closed", "2026-12-03 09:00"),  # a later rule replaced Wednesday
        ("2026-12-04 17:00", "closed", "2026-12-07 09:00"),  # Friday evening: Monday
        ("2026-12-25 10:00", "closed", "2026-12-28 09:00"),  # Christmas on a Friday
        ("2026-07-14 10:00", "closed", "2026-07-15 09:00"),
    ],
)
def test_a_week_says_when_it_opens_next(moment, state, opens):
    found = told("Mo-Fr 09:00-12:00,13:30-17:00; We 09:00-12:00; PH off", moment)
    assert found.state == state
    if opens:
        assert found.opens == datetime.fromisoformat(opens)


def test_a_holiday_that_the_text_does_not_mention_is_not_said_closed_nor_open():
    found = told("Mo-Fr 09:00-17:00", "2026-07-14 10:00")
    assert (found.state, found.opens) == ("unknown", datetime.fromisoformat("2026-07-15 09:00"))


def test_good_friday_is_a_holiday_in_moselle_only():
    week = hours.parse("Mo-Fr 09:00-17:00; PH off")
    moment = datetime.fromisoformat("2026-04-03 10:00")
    assert hours.at(week, moment, hours.calendar("57")).state == "closed"
    assert hours.at(week, moment, FRANCE).state == "open"


@pytest.mark.parametrize(
    "text",
    ["", "sur rendez-vous", "Jan-Mar Mo 09:00-12:00", "Mo-Fr 22:00-02:00", "Mo 25:00-26:00", "Mo 9h-12h", "Lu-Ve 9-12",
     "Mo-Fr 09:00-12:00 || \"sur rdv\"", "Mo[1] 09:00-12:00", "week 1-10 Mo 09:00-10:00", "Mo 12:00-09:00", ";", "PH"],
)  # fmt: skip
def test_what_is_not_understood_is_not_guessed(text):
    assert hours.parse(text) is None or text == ";"


def test_always_open_and_a_range_over_the_end_of_the_week():
    assert told("24/7", "2026-12-25 03:00").state == "open"
    assert told("Sa-Mo 10:00-12:00; PH off", "2026-11-30 11:00").state == "open"
    assert told("Sa-Mo 10:00-12:00; PH off", "2026-12-01 11:00").opens == datetime.fromisoformat("2026-12-05 10:00")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Mo-Fr 09:00-12:00,13:30-17:00; PH off",
         ["du lundi au vendredi : 9 h à 12 h, 13 h 30 à 17 h", "jours fériés : fermé"]),
        ("Mo,Tu,Sa 08:30-18:00", ["lundi et mardi : 8 h 30 à 18 h", "samedi : 8 h 30 à 18 h"]),
        ("24/7", ["du lundi au dimanche : jour et nuit", "jours fériés : jour et nuit"]),
    ],
)  # fmt: skip
def test_a_week_is_read_aloud_in_french(text, lines):
    week = hours.parse(text)
    assert week is not None
    assert hours.in_french(week) == lines
