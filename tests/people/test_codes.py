"""The code of a letter: once, with the birth date, five errors at most, and always the same answer."""

from __future__ import annotations

import json
import pickle
from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.people import usecases
from entremise.people.engine import codes
from entremise.people.models import Knock, LetterCode
from tests.people.factories import desk, oneself, person

pytestmark = pytest.mark.django_db
BORN = date(1941, 3, 7)
VISITOR = Actor(None, "anonyme", "web")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(codes, "_N", 2)  # the work is the same, cheaper


@pytest.fixture
def issued():
    who = person()
    return usecases.issue_codes(desk(), births=[(who.pk, BORN)])[0]


def refused(code, birth=BORN):
    with pytest.raises(usecases.CodeRefused) as refusal:
        usecases.use_code(VISITOR, code=code, birth=birth)
    return refusal.value.message


def test_a_code_opens_once(issued):
    assert usecases.use_code(VISITOR, code=issued.code, birth=BORN).pk == issued.person
    refused(issued.code)
    assert LetterCode.objects.get().state == "used"
    assert Entry.objects.filter(action="people.code.used").count() == 1


@pytest.mark.parametrize("writing", [str.lower, codes.readable, lambda c: f" {c[:3]} {c[3:]} "])
def test_a_code_is_typed_as_people_type(issued, writing):
    assert usecases.use_code(VISITOR, code=writing(issued.code), birth=BORN).pk == issued.person


def test_signs_that_look_alike_are_read_as_the_right_one():
    assert codes.read("oOiIl-L1234") == "0011111234"
    for wrong in ("", "ABC", "U" * 10, "0123456789A", "é" * 10):
        assert codes.read(wrong) is None


def test_a_new_code_has_fifty_bits_of_readable_signs():
    assert len(codes.SIGNS) ** codes.LENGTH == 2**50
    made = {codes.new() for _ in range(200)}
    assert len(made) == 200
    for code in made:
        assert len(code) == 10
        assert not set(code) & set("ILOUilou")
        assert codes.read(codes.readable(code)) == code


def test_five_errors_kill_it_and_the_right_answer_comes_too_late(issued):
    for _ in range(usecases.codes.MOST_ERRORS):
        refused(issued.code, date(1941, 3, 8))
    refused(issued.code)
    row = LetterCode.objects.get()
    assert (row.state, row.errors, row.told) == ("killed", 5, False)
    assert usecases.tell_killed(desk(), code=row) is True
    assert usecases.tell_killed(desk(), code=row) is False
    with pytest.raises(NotAllowed):
        usecases.tell_killed(VISITOR, code=row)


def test_four_errors_leave_it_alive(issued):
    for _ in range(4):
        refused(issued.code[:9] + ("A" if issued.code[9] != "A" else "B"))
    assert usecases.use_code(VISITOR, code=issued.code, birth=BORN).pk == issued.person


def test_every_refusal_says_the_same_and_works_as_much(issued, monkeypatch):
    """Unknown, wrong, half right, spent: one sentence, one scrypt, the same statements."""
    spent = usecases.issue_codes(desk(), births=[(person(first_name="Bruno").pk, BORN)])[0]
    usecases.use_code(VISITOR, code=spent.code, birth=BORN)
    work = []
    real = codes.digest
    monkeypatch.setattr(codes, "digest", lambda *a: work.append(len(a[2])) or real(*a))
    said, statements = set(), set()
    for code, birth in [
        ("ZZZZZZZZZZ", BORN), ("pas un code", BORN), (issued.code, date(1941, 3, 8)),
        (issued.code[:4] + "ZZZZZZ", BORN), (spent.code, BORN),
    ]:  # fmt: skip
        with CaptureQueriesContext(connection) as seen:
            said.add(refused(code, birth))
        statements.add(tuple(query["sql"].split()[0] for query in seen))
    assert len(said) == 1
    assert work == [16] * 5
    assert len(statements) == 1, statements


def test_a_code_lives_thirty_days(issued):
    with time_machine.travel(clock.now() + timedelta(days=30, minutes=1), tick=False):
        refused(issued.code)
        assert usecases.expire_codes(Actor.machine("délais")) == 1
        assert usecases.expire_codes(Actor.machine("délais")) == 0
    assert LetterCode.objects.get().state == "expired"


def test_a_new_code_replaces_the_former(issued):
    fresh = usecases.issue_codes(desk(), births=[(issued.person, BORN)])[0]
    refused(issued.code)
    assert usecases.use_code(VISITOR, code=fresh.code, birth=BORN).pk == issued.person
    assert sorted(LetterCode.objects.values_list("state", flat=True)) == ["replaced", "used"]


def test_only_the_desk_issues_codes_and_never_without_a_birth_date(actor):
    who = person()
    for stranger in (actor("caller", user_id=3), oneself(who), actor("machine")):
        with pytest.raises(NotAllowed):
            usecases.issue_codes(stranger, births=[(who.pk, BORN)])
    with pytest.raises(usecases.BirthDateMissing):
        usecases.issue_codes(desk(), births=[(who.pk, None)])
    assert not LetterCode.objects.exists()


def test_tries_are_counted_per_network_and_for_everybody(monkeypatch):
    monkeypatch.setattr(usecases.codes, "NETWORK", 3)
    monkeypatch.setattr(usecases.codes, "ALL", 5)
    with time_machine.travel("2026-11-24T10:05:00+01:00", tick=False):
        for _ in range(3):
            usecases.knock(network="192.0.2.1")
        with pytest.raises(usecases.TooManyTries):
            usecases.knock(network="192.0.2.1")
        usecases.knock(network="192.0.2.2")
        usecases.knock(network="192.0.2.3")
        with pytest.raises(usecases.TooManyTries):
            usecases.knock(network="192.0.2.4")
    assert not any("192" in mark for mark in Knock.objects.values_list("mark", flat=True))
    with time_machine.travel("2026-11-25T11:05:00+01:00", tick=False):
        usecases.knock(network="192.0.2.1")
        usecases.expire_codes(Actor.machine("délais"))
    assert Knock.objects.count() == 2


def test_a_code_is_kept_nowhere_and_never_travels(issued):
    row = LetterCode.objects.get()
    kept = json.dumps([str(value) for value in LetterCode.objects.values_list()[0]])
    kept += json.dumps([entry.data for entry in Entry.objects.all()]) + repr(issued) + str(row)
    assert issued.code not in kept
    assert codes.readable(issued.code) not in kept
    assert "1941" not in kept
    with pytest.raises(TypeError):
        pickle.dumps(issued)
