"""A spreadsheet from the file to the queue: seen before, all or nothing, never twice, nothing left behind."""

from __future__ import annotations

import io
import logging
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
import time_machine
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.urls import reverse
from hypothesis import HealthCheck, given, settings as hypothesis, strategies as st

from entremise.accounts.queries import actor_of
from entremise.audit.models import Entry
from entremise.audit.queries import first_broken
from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.mutualaid import queries, usecases
from entremise.mutualaid.models import HelperIndex, HelperProfile, Need, SheetImport, SheetRow
from entremise.mutualaid.queries.sheet_rows import PROBLEMS, Checker
from entremise.mutualaid.usecases import sheet_import
from entremise.people.models import Consent, Person
from entremise.vault import usecases as vault
from tests.accounts.factories import agent
from tests.mutualaid import sheets
from tests.mutualaid.factories import category, helper, matchmaker, need
from tests.territories.factories import commune

pytestmark = pytest.mark.django_db


@pytest.fixture
def town():
    commune()
    category("shopping")
    category("pets")


def sent(actor, rows, kind="helpers", headings=sheets.HEADINGS, make=sheets.xlsx):
    return usecases.upload_sheet(actor, kind=kind, data=make([headings, *rows]))


def imported(actor, rows, kind="helpers", basis="phone", **more):
    sheet = sent(actor, rows, kind, **more)
    usecases.map_sheet(actor, sheet=sheet, mapping=sheet.mapping)
    usecases.start_sheet(actor, sheet=sheet, basis=basis, declared=True)
    usecases.run_sheet(actor, sheet=sheet)
    sheet.refresh_from_db()
    return sheet


def told(actor, person):
    fields = ["entraide.first_name", "entraide.last_name", "entraide.phone"]
    return dict(
        vault.open(
            actor, person=person, fields=fields, purpose="mutualaid.contact", motive="Contrôle d’un essai"
        ).values
    )


def test_helpers_come_in_ready_to_be_asked_with_their_consent_and_one_trace(town):
    user, nadia = matchmaker()
    sheet = imported(nadia, sheets.persons(3))
    assert (sheet.state, sheet.accepted, sheet.rejected, sheet.known) == ("done", 3, 0, 0)
    found = HelperProfile.objects.order_by("pk").first()
    assert (found.state, found.origin, found.territory.code) == ("available", "import", "38185")
    assert HelperIndex.objects.count() == 3
    assert told(nadia, found.person_id)["entraide.phone"] == "+33639980000"
    consent = Consent.objects.get(person=found.person)
    assert (consent.answer, consent.text_version, consent.recorded_by) == ("yes", "import-phone-1", user.pk)
    assert Entry.objects.filter(action="mutualaid.sheet.imported").count() == 1
    assert first_broken() is None


def test_needs_keep_the_date_they_were_received_on_and_say_who_asked_twice(town):
    _, nadia = matchmaker()
    headings = [*sheets.HEADINGS, "Date de la demande", "Urgence", "Accord"]
    row = ["Odette Fiction", 639981234, "38000", "Courses"]
    rows = [
        [*row, date(2026, 3, 12), "urgent", "oui"],
        [*row[:3], "Promenade de chien", "lundi 16 mars 2026", "", "x"],
        ["Paul Fiction", "06 39 98 00 01", "Grenoble", "Courses", "", "", "non"],
        ["Léa Fiction", "06 39 98 00 02", "Grenoble", "Courses", "", "", ""],
    ]
    with time_machine.travel("2026-04-01T10:00:00Z", tick=False):
        sheet = imported(nadia, rows, "needs", basis="", headings=headings)
    assert (sheet.accepted, sheet.problems) == (2, {"consent": 1, "consent_missing": 1})
    first, second = Need.objects.order_by("received_at")
    assert (first.received_at.date().isoformat(), first.urgency, first.state) == ("2026-03-12", "today", "open")
    assert first.person_id == second.person_id
    assert Person.objects.count() == 1
    assert Consent.objects.get().text_version == "import-column-1"


def test_the_same_rows_create_nothing_twice_even_in_another_file_in_another_order(town):
    _, nadia = matchmaker()
    rows = sheets.persons(4)
    imported(nadia, rows)
    again = imported(nadia, rows)
    assert (again.accepted, again.known) == (0, 4)
    turned = [[row[3], row[2], row[1].replace(" ", "."), " ".join(reversed(row[0].split()))] for row in reversed(rows)]
    other = imported(
        nadia,
        [*turned, ["Courses", "Grenoble", "06 39 98 77 77", "Nina Neuve"]],
        headings=["Aide", "Commune", "Portable", "Nom prénom"],
        make=sheets.text,
    )
    assert (other.accepted, other.known) == (1, 4)
    assert HelperProfile.objects.count() == Person.objects.count() == 5


def test_a_row_twice_in_one_file_counts_once(town):
    _, nadia = matchmaker()
    sheet = imported(nadia, sheets.persons(2) * 2)
    assert (sheet.accepted, sheet.known) == (2, 2)


def test_every_refused_row_comes_back_with_its_reason(client, town):
    user, nadia = matchmaker()
    rows = [
        ["", "06 39 98 12 34", "Grenoble", "Courses"],
        ["=HYPERLINK(1)", "12", "Grenoble", "Courses"],
        ["Zoé Fiction", "06 39 98 12 35", "Nulle-Part", "Courses"],
        ["Luc Fiction", "06 39 98 12 36", "Grenoble", "Voltige"],
        *sheets.persons(1),
    ]
    sheet = imported(nadia, rows, make=sheets.text)
    assert (sheet.accepted, sheet.rejected) == (1, 4)
    assert set(sheet.problems) == {"name", "phone", "commune_unknown", "category"} <= set(PROBLEMS)
    client.force_login(user)
    book = openpyxl.load_workbook(
        io.BytesIO(client.get(reverse("mutualaid:sheet_rejects", args=[sheet.public_id, "xlsx"])).content)
    )
    first = book.worksheets[0]
    assert [cell.value for cell in first[1]] == ["Ligne", "Motif", *sheets.HEADINGS]
    assert [row[0].value for row in first.iter_rows(min_row=2)] == [2, 3, 4, 5]
    assert first["B4"].value.startswith("Aucune commune ne correspond à « Nulle-Part »")
    assert first["C3"].value == "'=HYPERLINK(1)"
    assert book.worksheets[1].title == "À propos"
    text = client.get(reverse("mutualaid:sheet_rejects", args=[sheet.public_id, "csv"])).content
    assert text.startswith(b"\xef\xbb\xbfLigne;Motif;")
    assert "'=HYPERLINK(1)" in text.decode()


def test_the_refused_rows_put_right_come_in_by_the_same_way(town):
    _, nadia = matchmaker()
    sheet = imported(nadia, [["Zoé Fiction", "", "Grenoble", "Courses"], *sheets.persons(1)])
    headings, rows = usecases.open_rejects(nadia, sheet=sheet)
    rows[0][headings.index("Tél")] = "06 39 98 12 34"
    again = imported(nadia, rows, headings=headings)
    assert (again.accepted, again.rejected) == (1, 0)


messy = st.sampled_from(
    [
        "",
        " ",
        "Odette Fiction",
        "0639981234",
        "06 39 98 00 01 / 02 61 91 00 01",
        "12",
        "Grenoble",
        "38000",
        "Nulle-Part",
        "Courses",
        "chiens; courses",
        "=1+1",
        "a" * 700,
        "oui",
        "non",
        "2026-03-12",
        "lundi matin",
        "zoe@exemple.test",
        "x\ny",
        "\u202e",
    ]
)


@hypothesis(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(messy, min_size=6, max_size=6), min_size=1, max_size=8),
    kind=st.sampled_from(["helpers", "needs"]),
)
def test_accepted_known_and_refused_rows_are_all_the_rows_read(town, rows, kind):
    _, nadia = matchmaker()
    headings = ["Nom complet", "Téléphone", "Commune", "Aide", "Accord", "Précisions"]
    rows = [*rows, ["Odette Fiction"] * 6]  # a table of blanks is no table
    sheet = imported(nadia, rows, kind, headings=headings, make=sheets.text)
    assert sheet.state == "done"
    assert (
        sheet.accepted + sheet.known + sheet.rejected
        == sheet.row_count
        == sum(any(c.strip() for c in r) for r in rows)
    )


def test_what_goes_wrong_in_the_middle_leaves_nothing_and_may_be_started_again(town, monkeypatch, caplog):
    _, nadia = matchmaker()
    sheet = sent(nadia, sheets.persons(3))
    usecases.map_sheet(nadia, sheet=sheet, mapping=sheet.mapping)
    usecases.start_sheet(nadia, sheet=sheet, basis="paper", declared=True)
    with monkeypatch.context() as power_cut:

        def cut(*args, **kwargs):
            raise OSError("Odette0 Fiction0")

        power_cut.setattr(sheet_import, "record", cut)  # the last write of the deed
        usecases.run_sheet(nadia, sheet=sheet)
    sheet.refresh_from_db()
    assert sheet.state == "failed"
    assert not Person.objects.exists()
    assert not HelperProfile.objects.exists()
    assert not SheetRow.objects.exists()
    assert "Odette0" not in caplog.text
    usecases.start_sheet(nadia, sheet=sheet, basis="paper", declared=True)
    usecases.run_sheet(nadia, sheet=sheet)
    sheet.refresh_from_db()
    assert (sheet.state, sheet.accepted) == ("done", 3)


def test_of_two_clicks_one_imports(town):
    _, nadia = matchmaker()
    sheet = sent(nadia, sheets.persons(2))
    usecases.map_sheet(nadia, sheet=sheet, mapping=sheet.mapping)
    twin = SheetImport.objects.get(pk=sheet.pk)
    usecases.start_sheet(nadia, sheet=sheet, basis="phone", declared=True)
    with pytest.raises(IllegalTransition):
        usecases.start_sheet(nadia, sheet=twin, basis="phone", declared=True)
    usecases.run_sheet(nadia, sheet=sheet)
    usecases.run_sheet(nadia, sheet=twin)
    assert HelperProfile.objects.count() == 2


def test_a_long_import_is_left_to_a_job_in_the_name_of_the_agent(client, town, run_jobs):
    user, nadia = matchmaker()
    sheet = sent(nadia, sheets.persons(201))
    usecases.map_sheet(nadia, sheet=sheet, mapping=sheet.mapping)
    client.force_login(user)
    client.post(reverse("mutualaid:sheet_start", args=[sheet.public_id]), {"basis": "phone", "declared": "on"})
    page = client.get(reverse("mutualaid:sheet_page", args=[sheet.public_id])).content.decode()
    assert 'data-hx-trigger="every 2s"' in page
    assert ">Actualiser</a>" in page
    assert "mutualaid.import_sheet" in run_jobs()
    sheet.refresh_from_db()
    assert (sheet.state, sheet.accepted) == ("done", 201)
    over = client.get(reverse("mutualaid:sheet_page", args=[sheet.public_id]), headers={"HX-Request": "true"})
    assert over.headers["HX-Redirect"].endswith(f"{sheet.public_id}/")


def test_an_import_given_up_while_it_runs_stops_and_its_file_is_gone(town, django_capture_on_commit_callbacks):
    _, nadia = matchmaker()
    sheet = sent(nadia, sheets.persons(2))
    usecases.map_sheet(nadia, sheet=sheet, mapping=sheet.mapping)
    usecases.start_sheet(nadia, sheet=sheet, basis="phone", declared=True)
    running = SheetImport.objects.get(pk=sheet.pk)
    _, table = usecases.open_sheet(nadia, sheet=running)
    rows = list(Checker(running, table).rows())
    with django_capture_on_commit_callbacks(execute=True):
        usecases.cancel_sheet(nadia, sheet=sheet)
    with pytest.raises(IllegalTransition):
        usecases.import_sheet(nadia, sheet=running, table=table, rows=rows)
    assert not Person.objects.exists()
    with pytest.raises(NotFound):
        usecases.open_sheet(nadia, sheet=running)


def test_a_day_later_the_files_and_the_refused_rows_are_destroyed(town, django_capture_on_commit_callbacks):
    _, nadia = matchmaker()
    waiting, done = sent(nadia, sheets.persons(1)), imported(nadia, [["", "1", "Nulle-Part", "?"]])
    sealed, number = bytes(waiting.content), waiting.document
    with (
        time_machine.travel(clock.now() + timedelta(hours=25), tick=False),
        django_capture_on_commit_callbacks(execute=True),
    ):
        usecases.forget_sheets(nadia.machine("délais"))
    waiting.refresh_from_db()
    done.refresh_from_db()
    assert (waiting.state, bytes(waiting.content), bytes(done.rejects)) == ("cancelled", b"", b"")
    with pytest.raises(NotFound):  # even from an older copy of the database
        vault.open_document(
            nadia, document=number, sealed=sealed, purpose="mutualaid.contact", motive="Essai de relire un fichier"
        )


def test_columns_are_remembered_for_the_same_headings(town):
    _, nadia = matchmaker()
    headings = ["Qui ?", "Le numéro du monsieur", "Où", "Quoi"]
    sheet = sent(nadia, sheets.persons(1), headings=headings)
    usecases.map_sheet(nadia, sheet=sheet, mapping=["name", "phone", "commune", "category"])
    assert sent(nadia, sheets.persons(2, 50), headings=headings).mapping == ["name", "phone", "commune", "category"]


def test_only_the_sender_and_the_lead_open_a_sheet(town):
    _, nadia = matchmaker()
    sheet = sent(nadia, sheets.persons(1))
    other, lead = (actor_of(agent(role), "web", True) for role in ("matchmaker", "lead_matchmaker"))
    with pytest.raises(NotAllowed):
        usecases.open_sheet(other, sheet=sheet)
    with pytest.raises(NotFound):
        queries.sheet(other, sheet.public_id)
    assert usecases.open_sheet(lead, sheet=sheet)[1].headings == sheets.HEADINGS
    with pytest.raises(NotAllowed):
        usecases.upload_sheet(actor_of(agent("caller"), "web", True), kind="needs", data=sheets.xlsx([["Nom"], ["A"]]))


def test_no_name_nor_phone_lies_in_clear_anywhere(client, town, caplog):
    caplog.set_level(logging.DEBUG)
    user, _ = matchmaker()
    client.force_login(user)
    name, number = "Zéphyrine Canaribis", "06 39 98 55 66"
    for rows in ([[name, number, "Grenoble", "Courses"], [name, "", "", ""]],):
        data = SimpleUploadedFile(f"{name}.xlsx", sheets.xlsx([sheets.HEADINGS, *rows]))
        answer = client.post(reverse("mutualaid:sheet_list"), {"kind": "helpers", "file": data})
    sheet = SheetImport.objects.get()
    address = reverse("mutualaid:sheet_page", args=[sheet.public_id])
    assert answer.headers["Location"] == address
    assert name.split()[1] in client.get(address).content.decode()
    client.post(address, {f"c{rank}": target for rank, target in enumerate(sheet.mapping)})
    client.post(reverse("mutualaid:sheet_start", args=[sheet.public_id]), {"basis": "phone", "declared": "on"})
    sheet.refresh_from_db()
    assert (sheet.accepted, sheet.rejected) == (1, 1)
    for alias in ("default", "keys", "journal"):
        with connections[alias].cursor() as cursor:
            for table in connections[alias].introspection.table_names(cursor):
                cursor.execute(f'SELECT * FROM "{table}"')
                held = "\n".join(
                    str([bytes(v) if isinstance(v, memoryview) else v for v in row]) for row in cursor.fetchall()
                )
                for canary in ("Canaribis", "39985566", "39 98 55 66"):
                    assert canary not in held, table
    assert "Canaribis" not in caplog.text
    for path in Path(settings.HOME).rglob("*"):
        assert not path.is_file() or path.suffix.startswith(".sqlite") or b"Canaribis" not in path.read_bytes()
    assert settings.FILE_UPLOAD_HANDLERS == ["django.core.files.uploadhandler.MemoryFileUploadHandler"]


def test_a_file_too_heavy_is_refused_by_its_sentence_and_nothing_is_kept(client):
    user, _ = matchmaker()
    client.force_login(user)
    data = SimpleUploadedFile("gros.csv", b"a;b\n" * (3 * 1024 * 1024))
    page = client.post(reverse("mutualaid:sheet_list"), {"kind": "helpers", "file": data})
    assert page.status_code == 422
    assert "Ce fichier dépasse 10" in page.content.decode()
    assert not SheetImport.objects.exists()


def test_a_start_without_the_word_of_the_agent_is_refused(client, town):
    user, nadia = matchmaker()
    sheet = sent(nadia, sheets.persons(1))
    usecases.map_sheet(nadia, sheet=sheet, mapping=sheet.mapping)
    client.force_login(user)
    page = client.post(reverse("mutualaid:sheet_start", args=[sheet.public_id]), {})
    assert page.status_code == 422
    assert "Dites comment les personnes ont donné leur accord." in page.content.decode()
    sheet.refresh_from_db()
    assert sheet.state == "mapped"


@pytest.mark.parametrize("name", ["need_export", "queue_export", "helper_export"])
def test_lists_leave_without_a_name_or_a_phone_and_say_what_they_are(client, name):
    user, nadia = matchmaker()
    asked, given_ = need(nadia), helper(nadia)
    client.force_login(user)
    address = reverse(f"mutualaid:{name}", args=["xlsx"])
    book = openpyxl.load_workbook(
        io.BytesIO(client.get(address, {"q": "06 39 98 12 34"} if name != "need_export" else {}).content)
    )
    said = " ".join(
        str(cell) for sheet in book.worksheets for row in sheet.iter_rows(values_only=True) for cell in row
    )
    assert (asked.code if name != "helper_export" else given_.public_id) in said
    assert "sans nom" in said
    for hidden in ("Odette", "Brahim", "Fiction", "39 98", "3998"):
        assert hidden not in said
    text = client.get(reverse(f"mutualaid:{name}", args=["csv"])).content
    assert text.startswith(b"\xef\xbb\xbf")
    assert b";" in text.splitlines()[0]
    assert client.get(reverse(f"mutualaid:{name}", args=["exe"])).status_code == 404


@pytest.mark.parametrize("name", ["need_export", "queue_export", "helper_export"])
def test_an_export_costs_the_same_queries_for_any_number_of_rows(client, flat, name):
    user, nadia = matchmaker()
    client.force_login(user)
    flat(
        lambda: client.get(reverse(f"mutualaid:{name}", args=["csv"])),
        lambda: [(need(nadia), helper(nadia)) for _ in range(2)],
    )


def test_the_list_of_sheets_and_the_preview_cost_the_same_queries_for_any_number_of_rows(client, flat, town):
    user, nadia = matchmaker()
    client.force_login(user)
    flat(
        lambda: client.get(reverse("mutualaid:sheet_list")), lambda: [sent(nadia, sheets.persons(1)) for _ in range(2)]
    )
    made = iter([sent(nadia, sheets.persons(2)), sent(nadia, sheets.persons(40))])
    now = []
    flat(lambda: client.get(reverse("mutualaid:sheet_page", args=[now[-1].public_id])), lambda: now.append(next(made)))
