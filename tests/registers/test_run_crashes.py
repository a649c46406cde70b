"""A process that dies, two that want the same run, memory that runs out: nothing half linked, nothing said."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.people.models import PersonAlias
from entremise.registers import usecases
from entremise.registers.models import LinkageRun, Move, Pair
from entremise.registers.usecases.linkage import applying, computing, facts, working
from tests.mutualaid.test_races import at_once
from tests.registers.linking import FILE, JEANINE, JEANNINE, LEGAL, Linking, groups, sealed

LATER = timedelta(minutes=2)


@pytest.fixture
def linking():
    return Linking()


@pytest.fixture
def two():
    return [*sealed(LEGAL, JEANNINE), *sealed(FILE, JEANINE)]


def nothing_written():
    return not (Pair.objects.exists() or Move.objects.exists() or PersonAlias.objects.exists())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["_save_pairs", "_confirm", "_merge", "fingerprint", "record"])
def test_a_process_that_dies_at_any_step_leaves_nothing_half_linked_and_another_does_it_all(
    linking, two, monkeypatch, step
):
    row = linking.start()
    taken = applying.take(row.pk, clock.now() + LATER)

    def dies(*arguments, **more):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(applying, step, dies)
        with pytest.raises(SystemExit):
            working.work(taken.pk, taken.token)
    assert nothing_written()
    LinkageRun.objects.update(lease_until=clock.now() - LATER)  # nobody renews it
    assert working.resume_runs() == 1
    again = applying.take(row.pk, clock.now() + LATER)
    assert again.token == 2
    assert working.work(taken.pk, taken.token) == working.NOT_MINE
    assert working.work(again.pk, again.token) == working.DONE
    assert groups(*two) == {frozenset(two)}
    assert Move.objects.count() == 1


@pytest.mark.django_db
def test_a_run_that_kills_its_process_three_times_is_given_up(linking, two):
    row = linking.start()
    for tried in (True, True, False):
        taken = applying.take(row.pk, clock.now() + LATER)
        assert working.again(taken) is tried
    row.refresh_from_db()
    assert (row.state, row.failure) == ("failed", "killed")
    assert applying.take(row.pk, clock.now() + LATER) is None


@pytest.mark.django_db
def test_a_run_stopped_while_it_works_writes_nothing(linking, two, monkeypatch):
    row = linking.start()
    taken = applying.take(row.pk, clock.now() + LATER)
    kept = applying.store

    def stopped_meanwhile(*arguments, **more):
        usecases.cancel_run(linking.keeper, run=row.public_id)
        return kept(*arguments, **more)

    monkeypatch.setattr(applying, "store", stopped_meanwhile)
    assert working.work(taken.pk, taken.token) == working.NOT_MINE
    row.refresh_from_db()
    assert row.state == "cancelled"
    assert nothing_written()


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_takes_the_run(linking):
    row = linking.start()
    told = at_once([lambda: applying.take(row.pk, clock.now() + LATER)] * 4)
    assert sorted(done is None for _, done in told) == [False, True, True, True]


@pytest.mark.django_db
def test_memory_that_runs_out_fails_with_a_code_and_leaves_no_file(linking, two, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(facts, "memory_mb", lambda: 1)
    run = linking.run()
    assert (run.state, run.failure) == ("failed", "memory_exceeded")
    assert not list(tmp_path.iterdir())
    assert nothing_written()


@pytest.mark.django_db
def test_an_error_that_quotes_a_value_quotes_it_to_nobody(linking, two, monkeypatch, caplog, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)

    def quotes(values):
        raise ValueError(f"Could not convert string {values['names']!r}")

    monkeypatch.setattr(computing, "cells_of", quotes)
    with caplog.at_level(logging.DEBUG):
        run = linking.run()
    assert (run.state, run.failure) == ("failed", "failed")
    said = f"{caplog.text}{''.join(capsys.readouterr())}{LinkageRun.objects.values()}{Entry.objects.values()}"
    assert "GOFF" not in said
    assert not list(Path(tmp_path).iterdir())


def test_no_code_of_registers_asks_for_what_writes_values_to_a_file():
    """Splink's dashboards, charts saved, temporary tables on disk, debug mode: one file with everybody in it."""
    forbidden = (
        "_dashboard", "labelling_tool", "debug_mode", ":temporary:", 'materialisation="parquet"', "to_parquet",
        "to_csv", "cluster_studio", "comparison_viewer", "import pickle",
    )  # fmt: skip
    room = Path(computing.__file__).parents[2]
    found = [
        (file.name, word)
        for file in room.rglob("*.py")
        if file.parent.name != "web"  # rows set aside are given back, in memory, to who sent them
        for word in forbidden
        if word in file.read_text("utf-8")
    ]
    assert not found
