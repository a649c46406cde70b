"""The answer to a need, in the order of the reference, with its reasons; as many queries whatever the size."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from entremise.accounts.queries import actor_of
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.referrals import usecases
from entremise.referrals.engine.themes import THEMES, themes
from entremise.referrals.models import NEEDS, Service
from entremise.referrals.queries import directory
from entremise.site.demo import services as demo
from entremise.territories.queries import commune
from entremise.territories.usecases import load_reference
from tests.accounts.factories import agent
from tests.referrals.sheets import SERVICE, STRUCTURE, book

MACHINE = Actor.machine("essai")
MONDAY = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)  # 11:00 in Grenoble
FOOD = "equipement-et-alimentation--alimentation"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _isere(db):
    load_reference(MACHINE, departments=["38"])


def put(*services):
    rows = [{**SERVICE, "id": f"essai--{n}", "nom": f"Service {n}", **more} for n, more in enumerate(services)]
    batch = usecases.receive_directory(MACHINE, data=book([STRUCTURE], rows), title="essai.xlsx")
    usecases.load_directory(MACHINE, batch=batch)
    assert not [one for one in batch.report if one["severity"] == "error"]


def refs(**asked):
    asked.setdefault("commune", commune("38185"))
    found = directory.find_services(directory.Asked(**asked), now=MONDAY)
    return [one.service.ref.removeprefix("essai--") for one in found]


def test_every_need_has_its_themes_and_every_theme_exists():
    assert set(THEMES) == set(NEEDS)
    assert {theme for many in THEMES.values() for theme in many} <= set(themes())


def test_the_nearer_zone_first_then_who_is_open_then_who_has_room():
    closed, opened = {"horaires_accueil": "Tu 09:00-12:00"}, {"horaires_accueil": "Mo 09:00-12:00"}
    put({"zone_eligibilite": "france"}, {"zone_eligibilite": "38"}, {"zone_eligibilite": "200040715", **closed},
        {"zone_eligibilite": "200040715", **opened}, {"zone_eligibilite": "38185"}, {"zone_eligibilite": "38544"},
        {"zone_eligibilite": "200040715", "horaires_accueil": "sur rendez-vous"})  # fmt: skip
    assert refs(need="food") == ["4", "3", "6", "2", "1", "0"], "Vienne’s own service stays out of Grenoble"
    usecases.set_capacity(MACHINE, service=Service.objects.get(ref="essai--1"), capacity="full")
    put_first = directory.find_services(directory.Asked(need="food", commune=commune("38185")), now=MONDAY)[0]
    assert put_first.reasons[:2] == ("répond au besoin", "intervient dans la commune")


def test_who_answers_more_of_the_need_comes_first():
    both = ",".join(THEMES["home_help"])
    put({"thematiques": THEMES["home_help"][0], "zone_eligibilite": "38185"},
        {"thematiques": both, "zone_eligibilite": "38"})  # fmt: skip
    assert refs(need="home_help") == ["1", "0"]


def test_public_mode_and_who_may_ask():
    put({"publics": "femmes"}, {"publics": "tous-publics"}, {"publics": ""}, {"modes_accueil": "a-distance"},
        {"mobilisable_par": "usagers"})  # fmt: skip
    assert set(refs(need="food", public="seniors")) == {"1", "2", "3"}
    assert set(refs(need="food", mode="a-distance")) == {"3"}


def test_what_is_withdrawn_is_out_of_search_but_stays_readable():
    put({})
    Service.objects.update(withdrawn_at=clock.now())
    assert refs(need="food") == []
    assert directory.service_of(Service.objects.get().public_id).label == "Service 0"


def test_a_need_without_theme_answers_nothing_until_somebody_says_which():
    put({})
    assert refs(need="other") == []
    referrer = actor_of(agent("referrer"), "web")
    usecases.set_need_themes(referrer, need="other", chosen=[FOOD])
    assert refs(need="other") == ["0"]
    with pytest.raises(ValidationError):
        usecases.set_need_themes(referrer, need="other", chosen=["sante--inconnue"])


def test_the_badge_of_age_goes_once_somebody_verified():
    put({"date_maj": "2020-01-01"})
    row = Service.objects.get()
    assert directory.is_stale(row)
    usecases.verify_service(actor_of(agent("referrer"), "web"), service=row)
    row.refresh_from_db()
    assert not directory.is_stale(row)


@pytest.mark.parametrize(
    ("text", "words"),
    [("Mo 09:00-12:00", "ouvert maintenant, jusqu’à 12 h"), ("Mo 13:30-15:00", "ouvre aujourd’hui à 13 h 30"),
     ("Tu 09:00-12:00", "ouvre demain à 9 h"), ("Fr 09:00-12:00", "ouvre vendredi à 9 h"),
     ("24/7", "ouvert maintenant"), ("sur rendez-vous", "horaires à vérifier"), ("", "horaires à vérifier")],
)  # fmt: skip
def test_words_of_the_opening(text, words):
    put({"horaires_accueil": text})
    found = directory.find_services(directory.Asked(need="food"), now=MONDAY)
    assert found[0].opening[0] == words


def test_the_shipped_directory_comes_in_whole_and_answers_every_need():
    demo.directory()
    assert Service.objects.count() >= 60
    batch = directory.imports().get()
    assert (batch.counts["rejected"], batch.counts["errors"]) == (0, 0)
    for need in set(NEEDS) - {"other"}:
        assert directory.find_services(directory.Asked(need=need)), need
    before = Service.objects.values_list("number", flat=True)
    demo.directory()
    assert set(before) == {1}


def test_as_many_queries_whatever_the_size():
    asked = directory.Asked(need="food", commune=commune("38185"), public="seniors")
    put({})
    with CaptureQueriesContext(connection) as few:
        directory.find_services(asked)
    put(*[{} for _ in range(600)])
    with CaptureQueriesContext(connection) as many:
        assert len(directory.find_services(asked)) == directory.MOST
    assert len(few) == len(many) <= 3
