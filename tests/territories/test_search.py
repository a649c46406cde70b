from __future__ import annotations

import pytest
from django.db import connection
from django.urls import reverse

from entremise.kernel.actors import Actor
from entremise.territories import queries, usecases

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def loaded(module_rows):
    """The reference data of six departments, for the whole module: the tests only read it."""
    with module_rows():
        usecases.load_reference(Actor.machine("tests"), departments=["38", "93", "94", "974", "69", "2A"])


def codes(text: str, **more):
    return [row.code for row in queries.search_communes(text, **more)]


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("Grenoble", "38185"), ("grenob", "38185"), ("GRENOBLE ", "38185"), ("38100", "38185"), ("38185", "38185"),
        ("st denis", "97411"), ("Saint-Denis", "97411"), ("st martin d'heres", "38421"), ("heres", "38421"),
        ("saint martin heres", "38421"), ("l’hay", "94038"), ("hay les roses", "94038"), ("blanc mesnil", "93007"),
        ("le blanc-mesnil", "93007"), ("mesnil", "93007"), ("lilas", "93045"), ("les lilas", "93045"),
        ("lyon 3", "69383"), ("2a004", "2A004"), ("epinay", "93031"), ("Échirolles", "38151"),
    ],
)  # fmt: skip
def test_a_commune_is_found_as_people_say_it(loaded, asked, first):
    assert codes(asked)[0] == first


def test_exact_names_come_first_then_the_most_populated(loaded):
    assert codes("saint denis")[:2] == ["97411", "93066"]
    found = queries.search_communes("vill", limit=5)
    assert [row.population for row in found] == sorted((row.population for row in found), reverse=True)


def test_the_nearest_comes_first_when_a_place_is_given(loaded):
    assert codes("saint denis", near=(48.93, 2.36))[0] == "93066"


@pytest.mark.parametrize("text", ["", "  ", "%", "_", "’", "\x00", "{", "zzzz", "x" * 5000, "999999", "🙂"])
def test_nothing_breaks_the_search(loaded, text):
    assert codes(text) == []


def test_a_search_asks_two_queries_of_one_covering_index(loaded, django_assert_num_queries):
    with django_assert_num_queries(2):
        queries.search_communes("saint", limit=8)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE territories_searchterm")
            cursor.execute("SET LOCAL enable_seqscan = off")
    plan = queries._range("grenob").values_list("term", "weight", "population", "territory_id").explain()
    assert "search_term" in plan


def test_suggestions_are_options_and_write_nothing(client, loaded):
    answer = client.get(reverse("territories:commune_suggestions"), {"q": "grenob"})
    assert answer.status_code == 200
    assert '<option value="38185">Grenoble (38000)</option>' in answer.content.decode()
    assert client.get(reverse("territories:commune_suggestions")).status_code == 200
    assert client.post(reverse("territories:commune_suggestions")).status_code == 405


def test_suggestions_cost_the_same_however_many_they_are(client, loaded, flat):
    asked = iter(["grenoble", "saint"])
    assert flat(lambda: client.get(reverse("territories:commune_suggestions"), {"q": next(asked)}), lambda: None) == 2
