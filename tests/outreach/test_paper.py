"""Sheets of paper and workbooks: what leaves, what comes back, once, by any hand (reference § 14)."""

from __future__ import annotations

import io
import random
from datetime import timedelta

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given, strategies as st
from pypdf import PdfReader

from entremise.audit.models import Entry
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.outreach import usecases
from entremise.outreach.engine import codes
from entremise.outreach.engine.paper_script import printed
from entremise.outreach.engine.sheet_rows import COLUMNS, read_day, read_hour, read_moment
from entremise.outreach.engine.xlsform import Model
from entremise.outreach.models import CallAttempt, CallSheet, CallTask, OrphanReport
from entremise.outreach.queries import paper as reads
from entremise.outreach.usecases.calls.refusals import ReportIncomplete
from entremise.outreach.usecases.paper import (
    CodeUnknown,
    CodeWrong,
    MediumClosed,
    NothingToGive,
    SheetEntered,
    WorkbookUnreadable,
)
from entremise.referrals.models import Difficulty
from tests.outreach.factories import caller, campaign, script, supervisor, tasks, town

pytestmark = pytest.mark.django_db
SCRIPT = {
    "format": 1,
    "languages": ["fr"],
    "default_language": "fr",
    "lists": {
        "joint": [{"name": "oui", "label": {"fr": "Oui"}}, {"name": "non", "label": {"fr": "Non"}}],
        "soins": [{"name": "eau", "label": {"fr": "Boire"}}, {"name": "frais", "label": {"fr": "Rester au frais"}}],
    },
    "items": [
        {"type": "note", "name": "bonjour", "label": {"fr": "Dites bonjour."}},
        {"type": "select_one", "name": "mange", "list": "joint", "label": {"fr": "Mangez-vous bien ?"}},
        {"type": "select_multiple", "name": "gestes", "list": "soins", "label": {"fr": "Gestes connus"}},
        {"type": "calculate", "name": "calcul", "calculation": "if(${mange}='non', 1, 0)"},
        {"type": "text", "name": "pourquoi", "label": {"fr": "Pourquoi ?"}, "relevant": "${mange} = 'non'"},
        {
            "type": "note", "name": "alerte", "label": {"fr": "Prévenez."},
            "relevant": "selected(${gestes}, 'eau') and ${mange} != 'oui'",
        },
    ],
}  # fmt: skip


def soon(hours: float = 6):
    return clock.now() + timedelta(hours=hours)


def given_sheets(count: int = 2, *, medium: str = "paper", row=None, who=None, boss=None):
    row, who, boss = row or campaign(persons=count), who or caller(level=2), boss or supervisor()
    make = usecases.print_sheets if medium == "paper" else usecases.export_workbook
    done = make(boss.actor, campaign=row, caller=who.user, count=count, until=soon())
    return done, row, who, boss


def sheets() -> list[CallSheet]:
    return list(CallSheet.objects.order_by("pk"))


def typed(code: str, actor, **more):
    said = {"disposition": "no_answer", "happened_at": clock.now() - timedelta(minutes=5), **more}
    return usecases.enter_sheet(actor, code=code, **said)


# codes


def test_a_code_read_badly_is_seen():
    draw = random.Random(1)
    for _ in range(300):
        code = codes.new()
        assert codes.read(codes.shown(code).lower()) == code
        place = draw.randrange(8)
        other = draw.choice([sign for sign in codes.SIGNS if sign != code[place]])
        assert codes.read(code[:place] + other + code[place + 1 :]) is None
        if place < 7 and code[place] != code[place + 1]:
            swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
            assert codes.read(swapped) is None
    assert codes.read("O0I1-L") is None
    assert codes.read("") is None


@given(st.text(max_size=20))
def test_any_text_is_a_code_or_none(text):
    read = codes.read(text)
    assert read is None or codes.read(read) == read


# sheets out


def test_a_sheet_carries_what_the_caller_needs_and_nothing_else():
    row = campaign(persons=2, duty_phone="01 99 00 12 34", script=script("papier", model=SCRIPT).script)
    done, _, who, _ = given_sheets(2, row=row)
    assert done.content.startswith(b"%PDF")
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(done.content)).pages)
    for sheet in sheets():
        assert codes.shown(sheet.code) in text
    told = ("Fiction 0", "06 39 98", "15", "3114", "01 99 00 12 34", who.user.label, "Jointe – échange complet",
            "Seulement si la question 1 est Non", "À rendre avant", "Mangez-vous bien")  # fmt: skip
    for said in told:
        assert said in text, said
    for hidden in ("calcul", "Appel non passé", "+33639"):
        assert hidden not in text
    claimed = CallTask.objects.filter(state="claimed", claim_channel="paper", claimed_by=who.user)
    assert claimed.count() == 2
    assert Entry.objects.filter(action="outreach.sheets.printed").count() == 1


def test_jumps_are_said_in_words():
    blocks = {block.label: block for block in printed(Model.from_json(SCRIPT))}
    assert blocks["Pourquoi ?"].when == "Seulement si la question 1 est Non"
    assert blocks["Prévenez."].when == "Seulement si la question 2 comprend Boire et la question 1 n’est pas Oui"
    assert blocks["Gestes connus"].boxes == ["Boire", "Rester au frais"]
    assert [block.number for block in blocks.values()] == [0, 1, 2, 3, 0]


def test_never_two_sheets_on_one_line():
    number = "+33639981111"
    town(3, phone=number)
    row = campaign()
    done, *_ = given_sheets(3, row=row)
    assert done.lines == 1


def test_a_caller_prints_nothing_and_a_closed_medium_gives_nothing():
    row, who, boss = campaign(persons=2), caller(level=2), supervisor()
    with pytest.raises(NotAllowed):
        usecases.print_sheets(who.actor, campaign=row, caller=who.user, count=1, until=soon())
    with pytest.raises(ValidationError):
        usecases.print_sheets(boss.actor, campaign=row, caller=who.user, count=1, until=soon(25))
    row.workbook_on = False
    with pytest.raises(MediumClosed):
        usecases.export_workbook(boss.actor, campaign=row, caller=who.user, count=1, until=soon())
    hardest = campaign(persons=0, tasks=False)
    with pytest.raises(NothingToGive):
        usecases.print_sheets(boss.actor, campaign=hardest, caller=who.user, count=1, until=soon())
    assert not CallTask.objects.filter(state="claimed").exists()
    assert not CallSheet.objects.exists()


def test_when_the_document_cannot_be_made_no_call_is_taken(monkeypatch):
    from entremise.outreach.usecases.paper import printing

    def broken(source, data):
        raise printing.pdf.PdfFailed("no page")

    monkeypatch.setattr(printing.pdf, "render", broken)
    with pytest.raises(printing.pdf.PdfFailed):
        given_sheets(2)
    assert not CallTask.objects.filter(state="claimed").exists()
    assert not CallSheet.objects.exists()


# sheets back


def test_a_sheet_typed_twice_counts_once_and_shows_the_first():
    _, _, who, boss = given_sheets(1)
    (sheet,) = sheets()
    first = typed(sheet.code, boss.actor)
    assert first.reported.attempt.caller_id == who.pk
    assert first.reported.attempt.channel == "paper"
    with pytest.raises(SheetEntered) as again:
        typed(sheet.code, boss.actor, disposition="reached_other")
    assert again.value.sheet.attempt.disposition == "no_answer"
    assert CallAttempt.objects.exclude(disposition="aborted").count() == 1


def test_a_code_misread_or_unknown_or_of_another_is_refused():
    given_sheets(1)
    (sheet,) = sheets()
    wrong = sheet.code[:7] + next(sign for sign in codes.SIGNS if sign != sheet.code[7])
    with pytest.raises(CodeWrong):
        typed(wrong, supervisor().actor)
    with pytest.raises(CodeUnknown):
        typed(codes.new(), supervisor().actor)
    with pytest.raises(NotAllowed):
        typed(sheet.code, caller(level=4).actor)


def test_a_report_that_is_refused_leaves_the_sheet_out():
    _, _, _, boss = given_sheets(1)
    (sheet,) = sheets()
    with pytest.raises(ReportIncomplete):
        typed(sheet.code, boss.actor, disposition="reached_callback")
    with pytest.raises(ReportIncomplete):
        typed(sheet.code, boss.actor, happened_at=soon())
    sheet.refresh_from_db()
    assert sheet.state == "out"


def test_an_overdue_sheet_goes_back_to_the_queue_and_a_late_one_is_never_lost():
    _, row, who, boss = given_sheets(2)
    one, two = sheets()
    past = clock.now() - timedelta(minutes=1)
    CallTask.objects.filter(campaign=row).update(lease_until=past)
    type(one.batch).objects.update(due_back_at=past)
    machine = Actor.machine("délais")
    assert usecases.overdue_sheets(machine) == 2
    assert usecases.overdue_sheets(machine) == 0
    with pytest.raises(NotAllowed):
        usecases.overdue_sheets(boss.actor)
    usecases.expire_leases(machine)
    assert set(CallTask.objects.filter(campaign=row).values_list("state", flat=True)) == {"scheduled"}
    assert [sheet.pk for sheet in reads.overdue(row)] == [one.pk, two.pk]
    assert reads.overdue_count(row) == 2
    # nobody took it since: late, and recorded
    late = typed(one.code, boss.actor)
    assert late.reported.attempt.late
    # somebody else did: the paper is kept whole for the supervisor
    other = caller(level=2)
    usecases.claim_task(other.actor, task=two.task)
    orphan = typed(two.code, boss.actor)
    assert orphan.reported.orphan
    assert OrphanReport.objects.get().channel == "paper"
    two.refresh_from_db()
    assert (two.state, two.orphan_id) == ("returned", orphan.reported.orphan.pk)
    assert who


def test_a_lost_sheet_is_an_incident_and_frees_its_call():
    _, row, _, boss = given_sheets(1)
    (sheet,) = sheets()
    with pytest.raises(DomainError):
        usecases.lose_sheet(boss.actor, sheet=sheet, reason="  ")
    with pytest.raises(NotAllowed):
        usecases.lose_sheet(caller(level=1).actor, sheet=sheet, reason="Dans le bus")
    usecases.lose_sheet(boss.actor, sheet=sheet, reason="Dans le bus 12, mardi")
    assert tasks(row)[0].state == "scheduled"
    assert [one.lost_reason for one in reads.incidents()] == ["Dans le bus 12, mardi"]
    assert Entry.objects.filter(action="outreach.sheet.lost").count() == 1
    with pytest.raises(DomainError):
        usecases.lose_sheet(boss.actor, sheet=sheet, reason="Encore")
    assert typed(sheet.code, boss.actor).sheet.state == "returned"  # found after all
    assert reads.incidents(), "an incident stays one"


# workbooks


def opened(content: bytes):
    return openpyxl.load_workbook(io.BytesIO(content))


def filled(content: bytes, *rows: dict[str, object]) -> bytes:
    """The workbook as somebody gives it back: each of `rows` written over the next line."""
    book = opened(content)
    page = book["Appels"]
    for number, said in enumerate(rows, start=2):
        for name, value in said.items():
            page.cell(number, list(COLUMNS).index(name) + 1, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def at(minutes: int = 30) -> dict[str, object]:
    when = timezone.localtime(clock.now() - timedelta(minutes=minutes))
    return {"issue": "Pas de réponse", "date": f"{when:%d/%m/%Y}", "heure": f"{when:%H:%M}"}


def test_numbers_and_names_survive_and_are_never_formulas():
    town(1, names="=DUPONT Jeanne", phone="+33639981234")
    done, _, _, boss = given_sheets(1, medium="excel", row=campaign())
    book = opened(done.content)
    assert book.sheetnames == ["Lisez-moi", "Appels", "Listes"]
    page = book["Appels"]
    assert [cell.value for cell in page[1]] == list(COLUMNS)
    assert page["C2"].value == "=DUPONT Jeanne"
    assert page["D2"].value == "+33639981234"
    assert {page[f"{letter}2"].data_type for letter in "ABCD"} == {"s"}
    assert {cell.number_format for cell in page[2]} == {"@"}
    assert page.protection.sheet
    assert page["A2"].protection.locked
    assert not page["G2"].protection.locked
    lists = {str(one.sqref)[0] for one in page.data_validations.dataValidation}
    assert lists == {"G", "K", "L", "M", "N"}
    read = usecases.read_workbook(boss.actor, content=filled(done.content, at()))
    assert [len(read.rows), read.problems] == [1, []]
    assert usecases.apply_workbook(boss.actor, rows=read.rows).written == 1


def test_a_row_not_called_is_left_and_a_workbook_given_back_twice_counts_once():
    done, row, who, boss = given_sheets(3, medium="excel")
    content = filled(done.content, {**at(), "besoin 1": "solitude", "urgence": "cette semaine"}, at(10))
    read = usecases.read_workbook(who.actor, content=content)
    assert (len(read.rows), read.empty, read.again, read.refused) == (2, 1, 0, [])
    assert not CallAttempt.objects.exists(), "looking writes nothing"
    first = usecases.apply_workbook(who.actor, rows=read.rows)
    assert (first.written, first.again, first.refused) == (2, 0, [])
    assert set(CallAttempt.objects.values_list("channel", flat=True)) == {"excel"}
    second = usecases.apply_workbook(who.actor, rows=read.rows)
    assert (second.written, second.again) == (0, 2)
    again = usecases.read_workbook(boss.actor, content=content)
    assert (len(again.rows), again.again, again.empty) == (0, 2, 1)
    assert CallAttempt.objects.count() == 2
    assert Difficulty.objects.get().needs == ["loneliness"]
    assert row


def test_each_wrong_cell_is_named_and_the_right_rows_are_written():
    done, _, _, boss = given_sheets(4, medium="excel")
    tomorrow = timezone.localtime(soon(24))
    wrong = {"issue": "Peut-être", "date": f"{tomorrow:%d/%m/%Y}", "heure": "25:00", "besoin 2": "vacances"}
    one, two = sheets()[:2]
    content = filled(
        done.content, at(), {"code": codes.shown(one.code), **at()}, wrong, {**at(), "date": f"{tomorrow:%d/%m/%Y}"}
    )
    read = usecases.read_workbook(boss.actor, content=content)
    assert [row.code for row in read.rows] == [one.code]
    said = {(problem.cell, problem.code) for problem in read.problems}
    assert said == {
        ("A3", "row_duplicate"), ("G4", "disposition_unknown"), ("I4", "hour_unreadable"), ("L4", "need_unknown"),
        ("H5", "date_future"),
    }  # fmt: skip
    assert str(read.problems[0]).startswith("Appels!A3 (code) : ")
    assert usecases.apply_workbook(boss.actor, rows=read.rows).written == 1
    refused = usecases.refused_workbook([(cells, "; ".join(map(str, wrong))) for cells, wrong in read.refused])
    page = opened(refused)["Appels"]
    assert page.cell(1, len(COLUMNS) + 1).value == "erreur"
    assert "n’est pas dans la liste" in page.cell(3, len(COLUMNS) + 1).value
    assert page["D2"].value.startswith("+336")
    assert two


def test_a_stale_token_is_shown_beside_and_overwrites_nothing():
    done, row, _, boss = given_sheets(1, medium="excel")
    (sheet,) = sheets()
    CallTask.objects.filter(campaign=row).update(lease_until=clock.now() - timedelta(minutes=1))
    usecases.expire_leases(Actor.machine("délais"))
    other = caller(level=2)
    claim = usecases.claim_task(other.actor, task=sheet.task)
    usecases.report_call(
        other.actor, task=claim.task, token=claim.token, key="autre-rapport", disposition="refused_today"
    )
    read = usecases.read_workbook(boss.actor, content=filled(done.content, {**at(), "commentaire": "Rien vu"}))
    (stale,) = read.stale
    assert (stale.outcome, stale.since.disposition) == ("Pas de réponse", "refused_today")
    applied = usecases.apply_workbook(boss.actor, rows=read.rows)
    assert (applied.written, applied.orphans) == (0, 1)
    assert CallAttempt.objects.exclude(disposition="aborted").get().disposition == "refused_today"


def test_a_token_changed_by_hand_is_refused_by_its_cell():
    done, _, _, boss = given_sheets(1, medium="excel")
    read = usecases.read_workbook(boss.actor, content=filled(done.content, {**at(), "jeton": "99"}))
    assert [(problem.cell, problem.code) for problem in read.problems] == [("B2", "token_wrong")]


def test_another_need_without_a_word_is_refused_by_its_cell():
    done, _, _, boss = given_sheets(2, medium="excel")
    content = filled(done.content, {**at(), "besoin 1": "autre"}, {**at(), "besoin 1": "autre", "commentaire": "Chat"})
    applied = usecases.apply_workbook(boss.actor, rows=usecases.read_workbook(boss.actor, content=content).rows)
    assert applied.written == 1
    assert [(problem.cell, problem.code) for _, problem in applied.refused] == [("O2", "need_incomplete")]
    assert sheets()[0].state == "out", "a row refused may be sent again"


def test_the_workbook_of_another_or_of_something_else_is_refused():
    done, _, _, boss = given_sheets(1, medium="excel")
    read = usecases.read_workbook(caller(level=4).actor, content=filled(done.content, at()))
    assert [problem.code for problem in read.problems] == ["code_unknown"]
    book = openpyxl.Workbook()
    out = io.BytesIO()
    book.save(out)
    for content in (out.getvalue(), b"", b"PK\x03\x04 rien", "nom;téléphone\n".encode()):
        with pytest.raises(WorkbookUnreadable):
            usecases.read_workbook(boss.actor, content=content)


@pytest.mark.parametrize(
    ("text", "day"),
    [("06/07/2026", (2026, 7, 6)), ("6.7.26", (2026, 7, 6)), ("2026-07-06", (2026, 7, 6)), ("46209", (2026, 7, 6)),
     ("2026-07-06 00:00:00", (2026, 7, 6)), ("31/02/2026", None), ("lundi", None)],
)  # fmt: skip
def test_days_as_people_and_spreadsheets_write_them(text, day):
    read = read_day(text)
    assert (read and (read.year, read.month, read.day)) == day


def test_hours_as_people_and_spreadsheets_write_them():
    told = ["14:30", "14h30", "9h", "0.604166666", "14:30:00", "24:00", "midi"]
    assert [read and f"{read:%H:%M}" for read in map(read_hour, told)] == [
        "14:30", "14:30", "09:00", "14:30", "14:30", None, None,
    ]  # fmt: skip
    zone = timezone.get_default_timezone()
    moments = [
        read_moment(text, zone) for text in ("08/07/2026 10:00", "2026-07-08 10h00", "46211.4166667", "08/07/2026")
    ]
    assert [moment and f"{moment:%d/%m/%Y %H:%M}" for moment in moments] == ["08/07/2026 10:00"] * 3 + [None]


# pages


def test_the_pages_from_printing_to_the_next_code(signed_in):
    row, who, boss = campaign(persons=2), caller(level=2), supervisor()
    client = signed_in(boss)
    due = timezone.localtime(soon()).strftime("%Y-%m-%dT%H:%M")
    said = {"caller": who.pk, "count": 2, "due": due, "medium": "paper"}
    assert client.post(f"/veille/feuilles/donner/{row.public_id}/", {**said, "count": 99}).status_code == 422
    answer = client.post(f"/veille/feuilles/donner/{row.public_id}/", said)
    assert answer["Content-Type"] == "application/pdf"
    sheet, _ = sheets()
    assert "no-store" in answer["Cache-Control"]
    wrong = client.post("/veille/feuilles/saisir/", {"code": "AAAA-AAAA"})
    assert (wrong.status_code, "mal lu" in wrong.content.decode()) == (422, True)
    found = client.post("/veille/feuilles/saisir/", {"code": codes.shown(sheet.code).lower()})
    page = client.get(found["Location"])
    assert "Fiction" not in page.content.decode()
    when = timezone.localtime(clock.now() - timedelta(minutes=9)).strftime("%Y-%m-%dT%H:%M")
    need = {"need_1": "food", "need_2": "food", "consent": "yes"}
    empty = client.post(found["Location"], {"day": when, "disposition": "reached_callback"})
    assert (empty.status_code, "jour et l’heure promis" in empty.content.decode()) == (422, True)
    done = client.post(found["Location"], {"day": when, "disposition": "no_answer", **need}, follow=True)
    assert [(one.needs, one.consent) for one in Difficulty.objects.all()] == [(["food"], "yes")]
    assert "Tapez la suivante" in done.content.decode()
    assert "autofocus" in done.content.decode()
    shown = client.get(found["Location"]).content.decode()
    assert "déjà saisie" in shown
    assert "Pas de réponse" in shown
    lost = client.post(f"/veille/feuilles/saisir/{sheets()[1].code}/perdue/", {"reason": "Au marché"}, follow=True)
    assert "Au marché" in lost.content.decode()
    assert client.get("/veille/feuilles/saisir/ZZZZZZZZ/").status_code == 404


def test_the_pages_of_a_workbook(signed_in):
    done, _, _, boss = given_sheets(2, medium="excel")
    client = signed_in(boss)
    content = filled(done.content, {**at(), "commentaire": "Voisine très présente"}, {**at(), "issue": "Peut-être"})
    page = client.post("/veille/feuilles/tableur/", {"file": io.BytesIO(content)})
    text = page.content.decode()
    assert "Appels!G3 (issue)" in text
    assert "Voisine" not in text
    assert not CallAttempt.objects.exists()
    forms = page.context
    refused = client.post("/veille/feuilles/tableur/refus/", {"refused": forms["refused"]})
    assert opened(refused.content)["Appels"]["P2"].value
    applied = client.post("/veille/feuilles/tableur/", {"rows": forms["rows"]}).content.decode()
    assert "Tableur enregistré" in applied
    assert CallAttempt.objects.count() == 1
    assert client.post("/veille/feuilles/tableur/", {"rows": forms["rows"] + "x"}).status_code == 302
    assert client.post("/veille/feuilles/tableur/refus/", {"refused": "x"}).status_code == 302


def test_the_board_and_the_task_lead_to_the_sheets_and_to_the_plan(signed_in):
    _, row, _, boss = given_sheets(1)
    CallSheet.objects.update(state="overdue")
    task = tasks(row)[0]
    CallTask.objects.filter(pk=task.pk).update(planned_terms={"unserved": 1000})
    client = signed_in(boss)
    assert "feuille non revenue" in client.get(f"/veille/tableau/{row.public_id}/").content.decode()
    assert f"/fiches/{task.public_id}/" in client.get(f"/veille/fiches/{task.public_id}/").content.decode()


def test_a_stranger_to_the_team_sees_no_sheet(client):
    from tests.accounts.factories import agent

    client.force_login(agent("referrer"))
    for address in ("", "saisir/", "tableur/"):
        assert client.get(f"/veille/feuilles/{address}").status_code == 403
