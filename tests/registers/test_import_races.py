"""Two agents, two workers, one file: it comes in once."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections

from entremise.kernel.machines import IllegalTransition
from entremise.people.models import Person
from entremise.registers import queries, usecases
from entremise.registers.models import ImportBatch, ImportedRow
from entremise.vault.models import Record
from tests.registers import files

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="one writer at a time: said by the states alone"),
]


def at_once(*deeds):
    """What each gives, or how it was refused."""
    gate, found = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place, deed):
        gate.wait()
        try:
            found[place] = deed()
        except IllegalTransition as error:
            found[place] = error.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(deeds)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return found


@pytest.fixture
def odile():
    files.register()
    queries.communes(), queries.commune_names(), queries.first_names()
    return files.keeper()[1]


def test_two_agents_who_load_one_file_at_once_load_it_once(odile):
    _, paul = files.keeper(label="Paul")
    batch = files.checked(odile, [files.legal(n) for n in range(5)])
    found = at_once(
        *(
            lambda a=actor: usecases.start_load(a, batch=ImportBatch.objects.get(pk=batch.pk))
            for actor in (odile, paul)
        )
    )
    assert sorted(map(str, found)) == ["None", "illegal_transition"]
    at_once(*(lambda: usecases.load_batch(odile, batch=ImportBatch.objects.get(pk=batch.pk)) for _ in range(3)))
    batch.refresh_from_db()
    assert batch.state == "loaded"
    assert Person.objects.count() == Record.objects.filter(status="active", register="canicule").count() == 5


def test_a_worker_that_was_thought_dead_writes_nothing_after_another_took_its_place(odile, monkeypatch):
    from entremise.registers.usecases.imports import loading

    batch = files.checked(odile, [files.legal(n) for n in range(5)])
    usecases.start_load(odile, batch=batch)
    real, late = loading._chunk, []

    def slow(*arguments):
        if not late:
            late.append(1)
            ImportBatch.objects.filter(pk=batch.pk).update(alive_until=None)
            usecases.load_batch(odile, batch=ImportBatch.objects.get(pk=batch.pk))  # another worker, meanwhile
        real(*arguments)

    monkeypatch.setattr(loading, "_chunk", slow)
    usecases.load_batch(odile, batch=batch)
    batch.refresh_from_db()
    assert (batch.state, batch.effects["new"]) == ("loaded", 5)
    assert Person.objects.count() == 5


def test_a_file_withdrawn_while_it_loads_leaves_no_live_record(odile):
    for _ in range(3):
        batch = files.checked(odile, [files.legal(n) for n in range(30)])
        usecases.start_load(odile, batch=batch)
        at_once(
            lambda b=batch: usecases.load_batch(odile, batch=ImportBatch.objects.get(pk=b.pk)),
            lambda b=batch: usecases.withdraw_batch(odile, batch=ImportBatch.objects.get(pk=b.pk)),
        )
        batch.refresh_from_db()
        assert batch.state == "withdrawn"
        assert not Record.objects.filter(register="canicule").exclude(status="closed").exists()


def test_one_row_put_right_by_two_agents_makes_one_record(odile):
    batch = files.loaded(odile, [files.legal(1, last="", first=""), files.legal(2)])
    (aside,) = usecases.open_asides(odile, batch=batch)
    said = {**aside.said, "last_name": "RETROUVÉE"}
    found = at_once(
        *(
            lambda: len(
                usecases.correct_row(odile, batch=ImportBatch.objects.get(pk=batch.pk), number=2, parts=[said])
            )
            for _ in range(2)
        )
    )
    assert sorted(map(str, found)) == ["1", "illegal_transition"]
    assert ImportedRow.objects.filter(batch=batch, effect="new").count() == 2
    assert Record.objects.filter(register="canicule").count() == 2
