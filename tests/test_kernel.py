from __future__ import annotations

import socket
from datetime import time, timedelta

import pytest
import time_machine
from django.db import DatabaseError, transaction
from hypothesis import given, strategies as st

from entremise.audit import usecases as audit
from entremise.audit.models import Entry
from entremise.audit.queries import first_broken
from entremise.audit.registry import declare
from entremise.kernel import ids, jobs
from entremise.kernel.db import WroteWhileReading, reading_only, writing_allowed
from entremise.kernel.machines import IllegalTransition, Machine
from entremise.site.models import Tick
from entremise.site.usecases import NEVER, tick

pytestmark = pytest.mark.django_db
TESTED = declare("tests.thing.tested", "a essayé une chose")


def test_a_get_cannot_write():
    with reading_only(), pytest.raises(WroteWhileReading), transaction.atomic():
        Tick.objects.create(name="x", last_at=NEVER)
    with reading_only(), writing_allowed("test"):
        Tick.objects.create(name="x", last_at=NEVER)


def test_no_network():
    with pytest.raises(RuntimeError), socket.socket() as s:
        s.connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError):
        socket.getaddrinfo("example.org", 80)


def test_unknown_job_and_no_duplicate(monkeypatch):
    with pytest.raises(LookupError):
        jobs.enqueue("nope")
    monkeypatch.setitem(jobs._jobs, "t.once", jobs.Job("t.once", print, 1, timedelta(minutes=1), None, None))
    with pytest.raises(ValueError, match="twice"):
        jobs.job("t.once")(print)


def test_a_machine_refuses_unknown_states():
    with pytest.raises(ValueError, match="unknown states"):
        Machine({"open": "ouverte"}, {"meet": (frozenset({"open"}), "met")})
    life = Machine({"open": "ouverte", "met": "trouvée"}, {"meet": (frozenset({"open"}), "met")})
    assert life.allows("open", "meet")
    assert not life.allows("met", "meet")
    assert life.final == {"met"}
    assert issubclass(IllegalTransition, Exception)


@given(st.integers(0, 5), st.sampled_from(ids.SPOKEN))
def test_a_wrong_sign_in_a_spoken_code_is_always_caught(place, sign):
    code = ids.spoken()
    assert ids.read_spoken(code.lower().replace("-", " ")) == code
    signs = code.replace("-", "")
    wrong = signs[:place] + sign + signs[place + 1 :]
    assert (ids.read_spoken(wrong) is None) == (wrong != signs)


def test_uuid7_sorts_by_time():
    with time_machine.travel("2026-07-01", tick=False) as moment:
        first = ids.uuid7()
        moment.shift(timedelta(milliseconds=2))
        second = ids.uuid7()
    assert first.version == 7
    assert first.variant == "specified in RFC 4122"
    assert first < second


def test_retry(monkeypatch, run_jobs):
    calls = []

    def body() -> None:
        calls.append(1)
        raise jobs.Retry("down")

    job = jobs.Job("t.retry", body, 3, timedelta(minutes=1), None, None)
    monkeypatch.setitem(jobs._jobs, "t.retry", job)
    with time_machine.travel("2026-07-01 12:00", tick=False) as moment:
        jobs.enqueue("t.retry")
        assert run_jobs() == ["t.retry"]
        assert run_jobs() == []
        moment.shift(timedelta(minutes=3))
        assert run_jobs() == ["t.retry"]
        moment.shift(timedelta(minutes=30))
        with pytest.raises(jobs.Retry):
            run_jobs()
    assert len(calls) == 3


def test_tick(monkeypatch):
    for name in [name for name, job in jobs._jobs.items() if job.every or job.daily]:
        monkeypatch.delitem(jobs._jobs, name)
    monkeypatch.setitem(
        jobs._jobs, "t.tick", jobs.Job("t.tick", print, 1, timedelta(minutes=1), timedelta(minutes=5), None)
    )
    monkeypatch.setitem(jobs._jobs, "t.day", jobs.Job("t.day", print, 1, timedelta(minutes=1), None, time(3, 10)))
    with time_machine.travel("2026-07-01 12:00", tick=False) as moment:
        assert tick() == ["t.tick", "t.day"]
        assert tick() == []
        moment.shift(timedelta(minutes=6))
        assert tick() == ["t.tick"]
        moment.move_to("2026-07-02 01:09+00:00")
        assert tick() == ["t.tick"]
        moment.move_to("2026-07-02 01:11+00:00")
        assert tick() == ["t.day"]


def test_the_chain_breaks_where_it_is_touched(actor):
    thing = Tick.objects.create(name="x", last_at=NEVER)
    for _ in range(3):
        audit.record(actor(), TESTED, thing, places=1)
    assert first_broken() is None
    with pytest.raises(DatabaseError), transaction.atomic():
        Entry.objects.filter(seq=2).update(channel="api")
    with pytest.raises(KeyError):
        audit.record(actor(), "nope", thing)


@pytest.mark.django_db(transaction=True)
def test_a_job_is_asked_for_inside_a_transaction(monkeypatch):
    monkeypatch.setitem(jobs._jobs, "t.once", jobs.Job("t.once", print, 1, timedelta(minutes=1), None, None))
    with pytest.raises(RuntimeError):
        jobs.enqueue("t.once")


def test_pages(client):
    page = client.get("/")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert client.get("/comptes/connexion/").status_code == 200
    assert client.get("/nulle-part/").status_code == 404
