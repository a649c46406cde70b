"""The pages of the directory, as an agent of each role meets them."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from entremise.kernel.actors import Actor
from entremise.referrals.models import DirectoryImport, Service, ServiceReport
from entremise.site.demo import services as demo
from entremise.territories.usecases import load_reference
from tests.accounts.factories import agent
from tests.referrals.sheets import SERVICE, STRUCTURE, book

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _isere(db):
    load_reference(Actor.machine("essai"), departments=["38"])
    demo.directory()


def as_(client, *roles):
    client.force_login(agent(*roles))
    return client


@pytest.mark.parametrize(("role", "status"), [("referrer", 200), ("supervisor", 200), ("matchmaker", 200),
                                              ("keeper", 200), ("caller", 403), ("desk", 403)])  # fmt: skip
def test_who_opens_the_directory(client, role, status):
    assert as_(client, role).get("/annuaire/").status_code == status


def test_a_search_names_services_and_says_why(client):
    page = as_(client, "referrer").get("/annuaire/", {"besoin": "food", "commune": "Grenoble"}).content.decode()
    assert "Pourquoi ici : répond au besoin, intervient dans la commune" in page
    assert 'href="/annuaire/"' in page, "the menu leads here"


def test_an_unknown_commune_is_said_and_nothing_typed_is_lost(client):
    answer = as_(client, "referrer").get("/annuaire/", {"besoin": "zzz", "commune": "Nulleville"})
    assert answer.status_code == 422
    assert "Aucune commune ne porte ce nom" in answer.content.decode()
    assert "Nulleville" in answer.content.decode()


def test_a_service_is_read_verified_full_and_reported(client):
    row = Service.objects.get(ref="demo-isere--003")
    as_(client, "supervisor")
    address = f"/annuaire/services/{row.public_id}/"
    assert "Signaler une erreur" in client.get(address).content.decode()
    client.post(f"{address}verifier/")
    client.post(f"{address}places/", {"capacity": "full"})
    wrong = client.post(f"{address}signaler/", {"kind": "other", "words": ""})
    assert wrong.status_code == 422
    client.post(f"{address}signaler/", {"kind": "phone", "words": "Sonne dans le vide"})
    row.refresh_from_db()
    assert (row.capacity, row.verified_by.label.startswith("Agent")) == ("full", True)
    report = ServiceReport.objects.get()
    refused = client.post(f"{address}regler/", {"report": report.public_id})
    assert refused.status_code == 403, "a supervisor reports, a keeper settles"
    as_(client, "keeper").post(f"{address}regler/", {"report": report.public_id})
    report.refresh_from_db()
    assert report.settled_at
    assert client.post(f"{address}inconnu/").status_code == 404


def test_a_file_is_seen_before_it_is_loaded(client, run_jobs):
    bad = {**SERVICE, "id": "essai--2", "thematiques": "sante--acces-au-soins"}
    file = SimpleUploadedFile("annuaire.xlsx", book([STRUCTURE], [SERVICE, bad]))
    as_(client, "keeper")
    answer = client.post("/annuaire/imports/", {"file": file}, follow=True)
    page = answer.content.decode()
    assert "Services!G3" in page
    assert "Vouliez-vous dire « sante--acces-aux-soins » ?" in page
    assert not Service.objects.filter(source="essai").exists()
    batch = DirectoryImport.objects.get(state="checked")
    client.post(f"/annuaire/imports/{batch.public_id}/charger/")
    run_jobs()
    assert Service.objects.filter(source="essai").count() == 1
    assert "Ce que ce fichier a changé" in client.get(f"/annuaire/imports/{batch.public_id}/").content.decode()
    assert as_(client, "supervisor").get("/annuaire/imports/").status_code == 403


@pytest.mark.parametrize("content", [b"", b"rien", b"PK\x03\x04broken", b'[{"typologie": "CCAS"}]'])
def test_a_bad_file_is_a_sentence(client, content):
    file = SimpleUploadedFile("x.xlsx", content)
    answer = as_(client, "referrer").post("/annuaire/imports/", {"file": file})
    assert answer.status_code == 422
    assert not DirectoryImport.objects.filter(state="checked").exists()


def test_a_need_gets_other_themes(client):
    as_(client, "referrer")
    assert client.post("/annuaire/besoins/other/", {}).status_code == 422
    client.post("/annuaire/besoins/other/", {"themes": ["remobilisation--lien-social"]})
    assert client.get("/annuaire/", {"besoin": "loneliness"}).status_code == 200
    assert "Lien social" in client.get("/annuaire/besoins/").content.decode()
    assert client.get("/annuaire/besoins/nulle-part/").status_code == 404
