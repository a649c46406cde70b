"""Deeds that many do at once wait a minute for their place in the chain; nothing but that may change them."""

from __future__ import annotations

import threading
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction

from entremise.audit import usecases as audit
from entremise.audit.models import Entry
from entremise.audit.queries import first_broken
from entremise.site.models import Tick

pytestmark = pytest.mark.django_db
CODE = "kits.kit.applied"


def test_what_waits_is_sealed_in_the_order_it_was_written(actor):
    audit.record(actor(), CODE, Tick(name="a"))
    for name in "bcd":
        audit.record_soon(actor(), CODE, Tick(pk=name), place=name)
    assert first_broken() is None  # the chain holds without them
    assert Entry.objects.filter(seq=None).count() == 3
    assert audit.seal_entries() == 3
    assert audit.seal_entries() == 0
    assert list(Entry.objects.order_by("seq").values_list("seq", "data__place")) == [
        (1, None),
        (2, "b"),
        (3, "c"),
        (4, "d"),
    ]
    assert first_broken() is None
    audit.record(actor(), CODE, Tick(name="e"))
    assert first_broken() is None


def test_a_deed_recorded_while_others_wait_takes_the_next_rank_and_they_come_after(actor):
    audit.record_soon(actor(), CODE, Tick(pk="a"), place="soon")
    entry = audit.record(actor(), CODE, Tick(pk="b"), place="now")
    assert entry.seq == 1
    audit.seal_entries()
    assert list(Entry.objects.order_by("seq").values_list("data__place", flat=True)) == ["now", "soon"]
    assert first_broken() is None


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE audit_entry SET channel = 'api' WHERE seq IS NULL",
        "UPDATE audit_entry SET actor_label = 'X', seq = 9, link = 'y' WHERE seq IS NULL",
        "UPDATE audit_entry SET data = '{}', seq = 9, link = 'y' WHERE seq IS NULL",
        "UPDATE audit_entry SET actor_id = 5, seq = 9, link = 'y' WHERE seq IS NULL",
        "UPDATE audit_entry SET seq = 9 WHERE seq IS NULL",
        "UPDATE audit_entry SET link = 'y' WHERE seq IS NULL",
        "UPDATE audit_entry SET seq = NULL WHERE seq = 1",
        "UPDATE audit_entry SET seq = 9, link = 'y' WHERE seq = 1",
    ],
)
def test_only_its_sealing_once_may_change_an_entry(actor, deed):
    audit.record(actor(), CODE, Tick(pk="a"))
    audit.record_soon(actor(), CODE, Tick(pk="b"), place="b")
    with pytest.raises(DatabaseError, match="only added"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(deed)
    audit.seal_entries()
    assert first_broken() is None


def test_the_delete_of_what_waits_is_refused(actor):
    if connection.vendor == "sqlite":
        pytest.skip("the tests with live transactions dropped this trigger: tests/conftest.py")
    audit.record_soon(actor(), CODE, Tick(pk="b"))
    with pytest.raises(DatabaseError, match="only added"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE seq IS NULL")


def test_verification_seals_first_and_counts_what_waited(actor):
    audit.record_soon(actor(), CODE, Tick(pk="b"))
    out = StringIO()
    call_command("audit", "verify", stdout=out)
    assert "Trace intacte : 1 actes" in out.getvalue()


def test_a_rolled_back_deed_leaves_no_trace_to_seal(actor):
    with transaction.atomic():
        audit.record_soon(actor(), CODE, Tick(pk="b"))
        transaction.set_rollback(True)
    assert audit.seal_entries() == 0


@pytest.mark.django_db(transaction=True)
def test_eight_who_write_while_two_seal_lose_nothing(actor):
    gate, crashes = threading.Barrier(10), []

    def run(deed, times: int) -> None:
        try:
            gate.wait(60)
            for n in range(times):
                deed(n)
        except Exception as error:
            crashes.append(repr(error))
        finally:
            connections.close_all()

    def write(n: int) -> None:
        (audit.record if n % 10 == 0 else audit.record_soon)(actor(), CODE, Tick(pk=str(n)))

    def in_one(n: int) -> None:
        with transaction.atomic():
            write(n)

    threads = [threading.Thread(target=run, args=(in_one, 25)) for _ in range(8)]
    threads += [threading.Thread(target=run, args=(lambda n: audit.seal_entries(), 10)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not crashes
    audit.seal_entries()
    assert list(Entry.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 201))
    assert first_broken() is None
