"""What registers say of one person: each value with its register, file, row and day; nothing crosses."""

from __future__ import annotations

import pytest

from entremise.kernel.errors import NotFound
from entremise.people.usecases import merge_persons
from entremise.registers.queries import person_view
from entremise.vault.models import Line
from tests.registers.linking import FILE, JEANINE, JEANNINE, LEGAL, Linking, person_of, sealed

pytestmark = pytest.mark.django_db
WHY = "Vérifier une fiche avant d’écrire"


@pytest.fixture
def linking():
    return Linking()


def seen(linking, record, purpose="registers.keep"):
    return person_view(linking.keeper, person_of(record), purpose, WHY)


def test_one_person_of_two_registers_is_seen_field_by_field_with_where_each_word_comes_from(linking):
    (legal,) = sealed(LEGAL, {**JEANNINE, "capacity": "personne âgée"})
    (other,) = sealed(FILE, {**JEANINE, "phone": "+33639980009", "aid": "APA à domicile", "birth_date": "12/03/1938"})
    merge_persons(linking.keeper, absorbed=person_of(other), kept=person_of(legal))
    view = seen(linking, other)
    assert view.person == person_of(legal)
    assert [one.register for one in view.names] == [LEGAL, FILE], "what the person said herself comes first"
    assert [one.value for one in view.births][:1] == ["12/03/1938"]
    assert {one.value for one in view.phones} == {JEANNINE["phone"], "+33639980009"}
    everything = [*view.names, *view.births, *view.phones, *view.addresses]
    assert "APA" not in " ".join(one.value for one in everything)
    assert all(one.rule_set and Line.objects.get(pk=one.line).register == one.register for one in everything)
    assert "GOFF" not in repr(view) + repr(view.names[0])


def test_two_birth_dates_that_no_slip_explains_give_none_and_a_conflict(linking):
    (legal,) = sealed(LEGAL, JEANNINE)
    (other,) = sealed(FILE, {**JEANINE, "birth_date": "27/09/1951"})
    merge_persons(linking.keeper, absorbed=person_of(other), kept=person_of(legal))
    view = seen(linking, legal)
    assert (view.births, view.conflict) == ([], True)


def test_a_purpose_that_may_not_read_a_register_shows_no_cell_of_it(linking):
    (legal,) = sealed(LEGAL, JEANNINE)
    view = seen(linking, legal, "outreach.call")
    assert not [*view.names, *view.births, *view.phones, *view.addresses]
    assert LEGAL in view.refused
    with pytest.raises(NotFound):
        person_view(linking.keeper, legal, "registers.keep", WHY)
