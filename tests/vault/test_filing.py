"""Files that come back: cells written again in bulk, by whom a rule lets handle the file, where records serve."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.core.exceptions import ValidationError

from entremise.kernel.errors import NotAllowed
from entremise.vault import usecases as vault
from entremise.vault.models import BlindIndex, Cell, Line, Record, RecordKey
from tests.accounts.factories import agent
from tests.registers import files

pytestmark = pytest.mark.django_db
WHY = {"register": "canicule", "purpose": "registers.keep", "motive": "Un fichier corrigé est arrivé"}


@pytest.fixture
def odile():
    files.register()
    return files.keeper()[1]


@pytest.fixture
def persons(odile) -> list[UUID]:
    batch = files.loaded(odile, [files.legal(n) for n in range(3)])
    return [row.person for row in batch.rows.order_by("number")]


def test_cells_are_written_again_and_the_others_stay_with_their_index(
    odile, persons, django_capture_on_commit_callbacks
):
    one, two, _ = persons
    rows = {
        one: {"canicule.phone": "+33639987777 / +33261910001"},
        two: {"canicule.address": "", "canicule.names": "NOUVEAU, Jean"},
    }
    before = Line.objects.filter(action="collect").count()
    with django_capture_on_commit_callbacks(execute=True):
        assert vault.rewrite_many(odile, rows=rows, **WHY) == {one, two}
    assert Line.objects.filter(action="collect").count() == before + 2
    assert files.told(odile, one)["phone"] == "+33639987777 / +33261910001"
    assert files.told(odile, one)["names"] == "FICTIONAAA, Odette"
    assert "address" not in files.told(odile, two)
    record = Record.objects.get(person=one, register="canicule")
    assert sorted(BlindIndex.objects.filter(record=record).values_list("by", flat=True)) == ["phone", "phone#2"]
    key = RecordKey.objects.get(pk=record.pk)
    assert (key.floor, key.ceiling, record.version) == (2, 2, 2)


@pytest.mark.parametrize("status", ["frozen", "closed"])
def test_a_record_that_serves_no_more_is_left_alone(odile, persons, status):
    vault.set_record(odile, person=persons[0], register="canicule", status=status)
    held = list(Cell.objects.filter(record__person=persons[0]).values_list("version", flat=True))
    rows = {one: {"canicule.names": "X, Y"} for one in persons[:2]}
    assert vault.rewrite_many(odile, rows=rows, **WHY) == {persons[1]}
    assert list(Cell.objects.filter(record__person=persons[0]).values_list("version", flat=True)) == held


def test_whoever_may_not_handle_the_file_writes_nothing_again(odile, persons):
    from entremise.accounts.queries import actor_of

    caller = actor_of(agent("caller"), "web", True, True)
    with pytest.raises(NotAllowed):
        vault.rewrite_many(caller, rows={persons[0]: {"canicule.names": "X, Y"}}, **WHY)
    assert files.told(odile, persons[0])["names"] == "FICTIONAAA, Odette"


def test_states_move_together_and_only_from_where_they_are_said_to_be(odile, persons):
    vault.set_record(odile, person=persons[0], register="canicule", status="frozen")
    moved = vault.set_records(odile, persons=persons, register="canicule", status="closed", sources={"active"})
    assert moved == 2
    assert sorted(Record.objects.filter(register="canicule").values_list("status", flat=True)) == [
        "closed", "closed", "frozen",
    ]  # fmt: skip
    with pytest.raises(ValidationError):
        vault.set_records(odile, persons=persons, register="canicule", status="active", sources={"closed"})


def test_a_person_marked_in_a_register_is_recognised_by_any_other_file(odile, persons):
    assert vault.keep_mark(person=persons[1]) == 3
    other = files.source(odile, label="Une autre liste")
    batch = files.loaded(odile, [files.legal(1, phone=""), files.legal(7, phone="06 39 98 00 01")], of=other)
    assert (batch.problems["person_blocked"], batch.problems["erased_phone"]) == (1, 1)
