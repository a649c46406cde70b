"""Attempt 31: a letter code used twice, one after the other or at the same moment: once only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection

from entremise.kernel.actors import Actor
from entremise.people import usecases
from entremise.people.engine import codes
from entremise.people.models import LetterCode, RightsRequest
from tests.people.factories import desk, person, request

BORN = date(1941, 3, 7)
VISITOR = Actor(None, "anonyme", "web")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(codes, "_N", 2)


def at_once(*deeds):
    """What each deed gives when all run at the same moment; the name of its refusal when it is refused."""

    def run(deed):
        try:
            deed()
            return "done"
        except Exception as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return sorted(pool.map(run, deeds))


@pytest.mark.django_db
def test_a_code_used_once_is_refused_ever_after():
    issued = usecases.issue_codes(desk(), births=[(person().pk, BORN)])[0]
    usecases.use_code(VISITOR, code=issued.code, birth=BORN)
    for _ in range(6):
        with pytest.raises(usecases.CodeRefused):
            usecases.use_code(VISITOR, code=issued.code, birth=BORN)
    assert LetterCode.objects.get().state == "used"


@pytest.mark.django_db(transaction=True)
def test_of_four_who_type_one_code_at_once_one_enters():
    issued = usecases.issue_codes(desk(), births=[(person().pk, BORN)])[0]
    deed = lambda: usecases.use_code(VISITOR, code=issued.code, birth=BORN)  # noqa: E731
    assert at_once(deed, deed, deed, deed) == ["CodeRefused"] * 3 + ["done"]


@pytest.mark.django_db(transaction=True)
def test_of_two_agents_who_close_one_request_at_once_one_does():
    one, two = desk(), desk()
    row = request(one, who=person())
    deeds = [
        lambda agent=agent: usecases.refuse_request(
            agent, request=RightsRequest.objects.get(pk=row.pk), reason="unknown"
        )
        for agent in (one, two)
    ]
    assert at_once(*deeds) == ["IllegalTransition", "done"]
