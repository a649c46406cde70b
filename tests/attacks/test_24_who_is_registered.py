"""Attempt 24: finding out who is registered, by the code, the link, the desk or the work done; a former partner."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from entremise.people import queries, usecases
from entremise.people.engine import codes
from entremise.people.models import LetterCode
from tests.people.factories import desk, person

pytestmark = pytest.mark.django_db
BORN = "07/03/1941"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(codes, "_N", 2)


@pytest.fixture
def issued():
    who = person(first_name="Quetzalie")
    return usecases.issue_codes(desk(), births=[(who.pk, date(1941, 3, 7))])[0]


def seen(client, **said):
    """The page without what changes each time, and the kinds of statements it took."""
    with CaptureQueriesContext(connection) as asked:
        answer = client.post("/mes-donnees/", said)
    page = re.sub(r'value="[^"]*"', "", answer.content.decode())
    return answer.status_code, page, tuple(query["sql"].split()[0] for query in asked)


def test_the_birth_date_alone_tells_nothing(client, issued):
    """A former partner knows the date: without the letter, the page is that of somebody unknown."""
    client.post("/mes-donnees/", {"code": "YYYYYYYYYY", "birth": BORN})  # the counters of this hour exist
    known = seen(client, code="ZZZZZZZZZZ", birth=BORN)
    unknown = seen(client, code="ZZZZZZZZZZ", birth="01/01/1950")
    assert known == unknown
    assert known[0] == 422


def test_a_code_that_exists_and_one_that_does_not_take_the_same_work(client, issued, monkeypatch):
    work = []
    real = codes.digest
    monkeypatch.setattr(codes, "digest", lambda *said: work.append(1) or real(*said))
    client.post("/mes-donnees/", {"code": "YYYYYYYYYY", "birth": BORN})
    wrong_date = seen(client, code=issued.code, birth="08/03/1941")
    nobody = seen(client, code="ZZZZZZZZZZ", birth="08/03/1941")
    assert wrong_date == nobody
    assert work == [1, 1, 1]


def test_trying_kills_the_code_and_the_true_owner_is_told(client, issued):
    for _ in range(5):
        assert seen(client, code=issued.code, birth="08/03/1941")[0] == 422
    assert seen(client, code=issued.code, birth=BORN)[0] == 422
    assert LetterCode.objects.get().state == "killed"
    assert [code.person_id for code in queries.killed_codes(desk())] == [issued.person]


def test_the_desk_finds_a_threatened_person_on_the_phone_no_more_than_an_unknown_one():
    agent, who = desk(), person()
    usecases.protect(agent, person=who, on=True)
    asked = {"motive": "Demande de droits H6K-347", "names": "Aline Fiction"}
    assert queries.find_candidates(agent, phone="06 39 98 12 34", remote=True, **asked) == []
    assert queries.find_candidates(agent, phone="06 39 98 99 99", remote=True, **asked) == []
    assert queries.find_candidates(agent, phone="06 39 98 12 34", remote=False, **asked)


@pytest.mark.parametrize("token", ["x", "x:y:z", "a" * 200])
def test_a_forged_link_is_nobody(client, token):
    assert client.get(f"/mes-donnees/lien/{token}/").status_code == 404
