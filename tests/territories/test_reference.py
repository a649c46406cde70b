from __future__ import annotations

import pytest

from entremise.audit.models import Entry
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.territories import queries, usecases
from entremise.territories.engine import cells
from entremise.territories.models import SearchTerm, Territory
from tests.territories.factories import commune

pytestmark = pytest.mark.django_db
MACHINE = Actor.machine("tests")


def test_a_commune_comes_with_its_real_data():
    grenoble = commune()
    assert (grenoble.name, grenoble.postcodes, grenoble.department_code) == ("Grenoble", "38000 38100", "38")
    assert grenoble.population == 156_140
    assert grenoble.h7 == cells.parent(grenoble.h8, 7)
    assert queries.territory(grenoble.epci_code).name == "Grenoble-Alpes-Métropole"


def test_a_second_run_writes_nothing_and_leaves_no_trace():
    assert usecases.load_reference(MACHINE, departments=["90"]) > 100
    assert usecases.load_reference(MACHINE, departments=["90"]) == 0
    assert Entry.objects.filter(action=usecases.LOADED).count() == 1


def test_what_changed_is_put_right_with_its_search_terms():
    usecases.load_reference(MACHINE, departments=["90"])
    Territory.objects.filter(code="90010").update(name="Autrefois", population=3)
    SearchTerm.objects.filter(territory__code="90010").update(term="autrefois", population=3)
    assert usecases.load_reference(MACHINE, departments=["90"]) == 1
    assert queries.search_communes("belfort")[0].population > 40_000
    assert queries.search_communes("autrefois") == []


def test_only_the_machine_or_an_administrator_loads(actor):
    with pytest.raises(NotAllowed):
        usecases.load_reference(actor("matchmaker"), departments=["90"])


def test_a_departement_that_does_not_exist_is_named():
    with pytest.raises(usecases.UnknownDepartment) as refusal:
        usecases.load_reference(MACHINE, departments=["99"])
    assert "99" in refusal.value.message


def test_an_unknown_commune_is_not_found():
    with pytest.raises(NotFound):
        queries.commune("00000")
