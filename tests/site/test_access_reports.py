from __future__ import annotations

import pytest

from entremise.audit.models import Entry
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.site import usecases
from entremise.site.models import AccessReport

pytestmark = pytest.mark.django_db
ANSWERS = {"obstacle": "Le bouton ne se lit pas", "page": "/danger/", "key": "k1"}


def test_somebody_without_account_reports_an_obstacle_once(client):
    for _ in range(2):
        answer = client.post("/signaler/", ANSWERS)
        assert answer.status_code == 200
    report = AccessReport.objects.get()
    assert report.public_id in answer.content.decode()
    assert Entry.objects.filter(action=usecases.REPORTED).count() == 1


def test_the_page_is_already_filled(client):
    assert 'value="/danger/"' in client.get("/signaler/?page=/danger/").content.decode()


def test_an_empty_report_says_what_to_write_and_keeps_the_rest(client):
    answer = client.post("/signaler/", {**ANSWERS, "obstacle": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("Décrivez ce qui vous a arrêté") == 2
    assert 'href="#id_obstacle"' in page
    assert 'value="/danger/"' in page
    assert "<title>Erreur\xa0:" in page


def test_a_program_caught_in_the_trap_leaves_nothing(client):
    assert client.post("/signaler/", {**ANSWERS, "website": "spam"}).status_code == 200
    assert not AccessReport.objects.exists()


def test_too_many_reports_in_an_hour_are_refused(client, monkeypatch):
    monkeypatch.setattr(usecases, "MOST_PER_HOUR", 1)
    client.post("/signaler/", ANSWERS)
    answer = client.post("/signaler/", {**ANSWERS, "key": "k2"})
    assert answer.status_code == 429
    assert "Appelez-nous" in answer.content.decode()


def test_an_administrator_closes_a_report_and_nobody_else(client, actor):
    client.post("/signaler/", ANSWERS)
    report = AccessReport.objects.get()
    with pytest.raises(NotAllowed):
        usecases.close_access_report(actor("matchmaker"), public_id=report.public_id)
    usecases.close_access_report(actor("administrator"), public_id=report.public_id)
    usecases.close_access_report(actor("administrator"), public_id=report.public_id)
    report.refresh_from_db()
    assert report.closed_at
    assert Entry.objects.filter(action=usecases.CLOSED).count() == 1


def test_an_unknown_report_is_not_found(actor):
    with pytest.raises(NotFound):
        usecases.close_access_report(actor("administrator"), public_id="zzzzzzzzzzzz")


def test_reports_are_for_those_logged_in(client):
    assert client.get("/administration/signalements/").status_code == 302
