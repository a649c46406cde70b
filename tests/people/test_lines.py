"""The marks of telephone lines: one line is one mark, in every register, and no number can be read from it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from entremise.kernel.actors import Actor
from entremise.people import usecases
from entremise.people.models import LineMark, Person
from entremise.people.queries import lines_of, on_line
from tests.people.factories import me, person

pytestmark = pytest.mark.django_db
MACHINE = Actor.machine("essai")


def marks(pk):
    return {row.field: row.mark for row in LineMark.objects.filter(person=pk)}


def test_two_persons_of_one_household_share_one_mark():
    one = person(phone="06 39 98 12 34")
    other = person(phone="+33 6 39 98 12 34", first_name="Paule")
    mark = marks(one.pk)["entraide.phone"]
    assert marks(other.pk) == {"entraide.phone": mark}
    assert set(on_line(mark)) == {one.pk, other.pk}
    assert "639981234" not in mark


def test_a_number_that_changes_is_another_line_and_one_that_goes_leaves_nothing():
    who = person(phone="0639981234")
    before = marks(who.pk)["entraide.phone"]
    usecases.check_line(MACHINE, person=who.pk, field="entraide.phone", status="wrong")
    same = {"phone": "06.39.98.12.34"}
    usecases.update_person(me(who), person=who, values=same, purpose="people.rights", motive="Relecture de la fiche")
    row = LineMark.objects.get(person=who)
    assert (row.mark, row.status) == (before, "wrong"), "what was learnt of the line is kept"
    usecases.update_person(
        me(who), person=who, values={"phone": "0639981299"}, purpose="people.rights", motive="Nouveau numéro"
    )
    row = LineMark.objects.get(person=who)
    assert row.mark != before
    assert row.status == "unverified"
    usecases.update_person(
        me(who), person=who, values={"phone": ""}, purpose="people.rights", motive="Numéro retiré par elle"
    )
    assert not marks(who.pk)


def test_two_numbers_in_one_cell_are_two_lines_and_text_is_none():
    who = Person.objects.create()
    usecases.mark_lines(
        cells={who.pk: {"apa.phone": "+33476000001 / +33639980002", "apa.phone~": "0476", "apa.names": "X"}}
    )
    found = marks(who.pk)
    assert set(found) == {"apa.phone", "apa.phone|1"}
    assert {row.field: row.mobile for row in LineMark.objects.all()} == {"apa.phone": False, "apa.phone|1": True}
    usecases.mark_lines(cells={who.pk: {"apa.phone": "ne sait pas"}})
    assert not marks(who.pk)


def test_a_line_known_as_wrong_is_not_dialled_and_a_shared_one_comes_once():
    who = Person.objects.create()
    usecases.mark_lines(
        cells={
            who.pk: {
                "apa.phone": "+33639980001",
                "transport.phone": "+33639980001",
                "personne.phone#1": "+33639980002",
            }
        }
    )
    assert [row.field for row in lines_of([who.pk])[who.pk]] == ["apa.phone", "personne.phone#1"]
    for field in ("apa.phone", "transport.phone"):
        usecases.check_line(MACHINE, person=who.pk, field=field, status="out_of_service")
    assert [row.field for row in lines_of([who.pk])[who.pk]] == ["personne.phone#1"]
    usecases.check_line(MACHINE, person=who.pk, field="personne.phone#1", status="valid")
    assert lines_of([who.pk])[who.pk][0].status == "valid"


def test_marking_many_costs_the_same_queries():
    some = [Person.objects.create() for _ in range(40)]
    cells = {one.pk: {"apa.phone": f"+336399800{n:02d}"} for n, one in enumerate(some)}
    counted = []
    for few in (2, 40):
        LineMark.objects.all().delete()
        with CaptureQueriesContext(connection) as seen:
            usecases.mark_lines(cells=dict(list(cells.items())[:few]))
        counted.append(len(seen))
    assert counted[0] == counted[1]
