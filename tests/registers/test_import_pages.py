"""The pages of an import: four steps without a script, nothing typed lost, no file that makes a page fail."""

from __future__ import annotations

import io

import openpyxl
import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from entremise.registers import usecases
from entremise.registers.models import ImportBatch, ImportedRow, Source
from entremise.registers.usecases.imports import files as steps
from entremise.vault.models import Record
from tests.mutualaid import sheets
from tests.mutualaid.test_sheets_reading import ZOO
from tests.registers import files

pytestmark = pytest.mark.django_db
NEW = {
    "source": "nouvelle", "label": "Fichier du CCAS", "giver": "CCAS de Montville", "legal_basis": "CASF L121-6-1",
    "origin": "requests", "received_on": "2026-03-12", "complete": "no",
}  # fmt: skip


@pytest.fixture
def odile(client):
    files.register()
    user, actor = files.keeper()
    client.force_login(user)
    return actor


def sent(client, data, name="registre.xlsx", code="canicule", **said):
    address = reverse("registers:import_new", args=[code])
    return client.post(address, {**NEW, **said, "file": SimpleUploadedFile(name, data)})


def page(client, batch):
    return client.get(reverse("registers:import_page", args=[batch.public_id]))


def deed(client, batch, name, **said):
    return client.post(reverse("registers:import_deed", args=[batch.public_id, name]), said, follow=True)


def columns_of(answer):
    soup = BeautifulSoup(answer.content, "html5lib")
    said = {}
    for select in soup.select("form select"):
        chosen = select.select_one("option[selected]")
        said[select["name"]] = chosen["value"] if chosen else ""
    return said


def test_a_tired_agent_imports_a_file_in_four_pages_without_a_script(client, odile):
    rows = [files.legal(1), files.legal(2, last="M. et Mme DURAND", first="Jean et Marie"), files.legal(3, phone="12")]
    answer = sent(client, sheets.xlsx([files.LEGAL, *rows]))
    batch = ImportBatch.objects.get()
    assert answer.url == reverse("registers:import_page", args=[batch.public_id])
    columns = page(client, batch)
    assert "Que dit chaque colonne" in columns.content.decode()
    said = columns_of(columns)
    assert said["c0"] == "last_name"
    answer = client.post(reverse("registers:import_page", args=[batch.public_id]), said, follow=True)
    text = answer.content.decode()
    assert "Ce qui va se passer" in text
    assert "Deux personnes sur une ligne" in text
    assert Record.objects.filter(register="canicule").count() == 0
    text = deed(client, batch, "charger").content.decode()
    assert "Fichier chargé" in text
    assert Record.objects.filter(register="canicule", status="active").count() == 2
    asides = client.get(reverse("registers:import_asides", args=[batch.public_id]))
    soup = BeautifulSoup(asides.content, "html5lib")
    form = {one["name"]: one.get("value", "") for one in soup.select("section form input")}
    assert (form["l3-p0_first_name"], form["l3-p1_first_name"]) == ("Jean", "Marie")
    form |= {"l3-p0_last_name": "DURAND", "l3-p1_last_name": "DURAND"}
    answer = client.post(reverse("registers:import_asides", args=[batch.public_id]), form, follow=True)
    assert "2 fiches" in answer.content.decode()
    assert Record.objects.filter(register="canicule").count() == 4


def test_what_was_typed_is_still_there_when_the_file_is_refused(client, odile):
    answer = sent(client, b"%PDF-1.7", "scan.pdf", label="Fichier du mercredi")
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Fichier du mercredi" in text
    assert "n’est pas un tableur" in text
    assert ImportBatch.objects.count() == 0


@pytest.mark.parametrize("name", [one for one in ZOO if one not in ("too long a workbook", "too long")])
def test_a_file_that_cannot_be_used_gets_a_sentence_and_never_a_failure(client, odile, name):
    made, _ = ZOO[name]
    answer = sent(client, made() if callable(made) else made, "fichier.csv")
    assert answer.status_code in (302, 422)
    if answer.status_code == 302:
        batch = ImportBatch.objects.get()
        text = page(client, batch)
        assert text.status_code == 200
        if batch.state == "failed":
            assert steps.french(batch.failure) in text.content.decode()
            assert bytes(batch.content) == b""
        else:
            assert batch.state in ("reading", "mapped")


def test_a_file_already_loaded_is_said_with_its_day(client, odile):
    rows = [files.LEGAL, files.legal(1)]
    batch = usecases.receive_file(odile, source=files.source(odile), content=sheets.text(rows))
    answer = sent(client, sheets.text(rows), source=batch.source.public_id)
    assert answer.status_code == 422
    assert "déjà là" in answer.content.decode()


def test_a_third_party_list_is_refused_by_its_sentence(client, odile):
    answer = sent(client, sheets.text([files.LEGAL, files.legal(1)]), origin="third_party")
    assert answer.status_code == 422
    assert "liste donnée par un tiers" in answer.content.decode()
    assert Source.objects.count() == 0


def test_columns_that_say_no_name_are_refused_and_the_choices_stay(client, odile):
    batch = files.received(odile, [files.legal(1)])
    said = {f"c{n}": "phone" if n == 3 else "-" for n in range(9)} | {"date_order": "dmy", "complete": "no"}
    answer = client.post(reverse("registers:import_page", args=[batch.public_id]), said)
    assert answer.status_code == 422
    assert "quelle colonne donne le nom" in answer.content.decode()
    assert columns_of(answer)["c3"] == "phone"


def test_rows_that_did_not_come_in_leave_with_their_reason_and_start_no_formula(client, odile):
    rows = [files.legal(1, last="=1+1 et M", first="Mme X", address="=HYPERLINK(1)"), files.legal(2)]
    rows[0][0], rows[0][1] = "M. et Mme X", "=A1 et Marie"
    batch = files.loaded(odile, rows)
    answer = client.get(reverse("registers:import_rows", args=[batch.public_id, "xlsx"]))
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    first, second = list(sheet.iter_rows(values_only=True))
    assert first[:3] == ("Ligne", "Motif", "nom")
    assert second[0] == "2"
    assert "Deux personnes" in second[1]
    assert "'=HYPERLINK(1)" in second
    text = client.get(reverse("registers:import_rows", args=[batch.public_id, "csv"])).content.decode()
    assert "'=HYPERLINK(1)" in text


def test_the_absent_are_listed_by_name_and_each_look_is_journalled(client, odile):
    from entremise.vault.models import Line

    rows = [files.legal(n) for n in range(3)]
    files.loaded(odile, rows)
    batch = files.loaded(odile, rows[:1], complete=True)
    before = Line.objects.filter(action="read").count()
    text = client.get(reverse("registers:import_absent", args=[batch.public_id])).content.decode()
    assert "FICTIONBAA, Odette" in text
    assert Line.objects.filter(action="read").count() == before + 2


def test_a_big_file_is_left_to_a_job_and_its_page_says_how_far_it_is(client, odile, run_jobs, monkeypatch):
    from entremise.registers.web import imports

    monkeypatch.setattr(imports.files, "AT_ONCE", 10)
    monkeypatch.setattr(imports.files, "LOAD_AT_ONCE", 0)
    sent(client, sheets.text([files.LEGAL, files.legal(1), files.legal(2)]))
    batch = ImportBatch.objects.get()
    assert batch.state == "reading"
    text = page(client, batch).content.decode()
    assert "data-hx-trigger" in text
    assert "Actualiser" in text
    assert "registers.read_file" in run_jobs()
    client.post(reverse("registers:import_page", args=[batch.public_id]), columns_of(page(client, batch)))
    batch.refresh_from_db()
    assert batch.state == "checking"
    run_jobs()
    deed(client, batch, "charger")
    batch.refresh_from_db()
    assert batch.state == "loading"
    ImportBatch.objects.filter(pk=batch.pk).update(progress=1)
    answer = client.get(reverse("registers:import_page", args=[batch.public_id]), headers={"HX-Request": "true"})
    assert "1 lignes sur 2" in answer.content.decode()
    run_jobs()
    answer = client.get(reverse("registers:import_page", args=[batch.public_id]), headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].endswith(batch.public_id + "/")
    assert ImportedRow.objects.filter(effect="new").count() == 2


def test_a_keeper_who_is_not_named_sees_neither_the_register_nor_its_files(client, odile):
    batch = files.received(odile, [files.legal(1)])
    user, _ = files.keeper("autre", label="Paul")
    client.force_login(user)
    assert page(client, batch).status_code == 404
    assert client.get(reverse("registers:import_new", args=["canicule"])).status_code == 404


def test_the_list_of_files_costs_the_same_for_any_number_of_them(client, odile, flat):
    turn = iter(range(100))
    flat(
        lambda: client.get(reverse("registers:import_list")),
        lambda: [files.loaded(odile, [files.legal(next(turn))]) for _ in range(2)],
    )


def test_a_page_of_an_import_costs_the_same_for_any_number_of_rows(client, odile, flat):
    from itertools import count

    turn = count()

    def more():
        batch = files.checked(odile, [files.legal(next(turn)) for _ in range(3 + next(turn) % 5)])
        client.batch = batch

    flat(lambda: page(client, client.batch), more)


def test_the_token_of_the_form_is_asked_of_a_file_too(odile):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(files.keeper(label="Paul")[0])
    assert sent(client, b"Nom;Tel\nA;1\n").status_code == 403
    assert ImportBatch.objects.count() == 0
