"""The prefect: on request, plan triggered, two others agree, nine items, sealed once, each line journalled."""

from __future__ import annotations

import base64
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
import time_machine
from django.db import connection

from entremise.kernel import clock, jobs
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.registers import usecases
from entremise.registers.engine.prefect import workbook
from entremise.registers.models import Transmission
from entremise.registers.usecases import ITEMS
from entremise.vault import usecases as vault
from entremise.vault.models import Line, Register, SpecialRequest
from tests.registers.keeping import HEAT, MACHINE, enrolled, keeper, open_heat, sealed

pytestmark = pytest.mark.django_db
CANARY = "ZYZOMYS"


@pytest.fixture
def sylvie():
    open_heat(crisis_declared_at=clock.now())
    return keeper()


@pytest.fixture
def boss(sylvie):
    return keeper("controller")


def ask(boss, **changed):
    said = {
        "requester": "Jeanne Feinte", "office": "directrice du SIDPC", "asked_on": clock.today(),
        "plan_act": "arrêté 38-2026-114, niveau 3", "plan_on": clock.today(), "recipients": "SIDPC et SAMU",
    }  # fmt: skip
    return usecases.ask_transmission(boss, register=HEAT, **{**said, **changed})


def agreed(row, *actors):
    asked = SpecialRequest.objects.get(public_id=row.request)
    for actor in actors:
        asked = vault.approve(actor, request=asked.public_id, fingerprint=asked.fingerprint)
    return asked


def text_of(content):
    with ZipFile(BytesIO(content)) as book:
        return "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())


def test_nothing_leaves_while_the_plan_is_not_triggered(sylvie, boss):
    enrolled(sylvie)
    Register.objects.filter(pk=HEAT).update(crisis_declared_at=None)
    with pytest.raises(usecases.PlanNotTriggered):
        ask(boss)
    Register.objects.filter(pk=HEAT).update(crisis_declared_at=clock.now())
    row = ask(boss)
    agreed(row, sylvie, keeper("dpo"))
    Register.objects.filter(pk=HEAT).update(crisis_declared_at=None)
    with pytest.raises(usecases.PlanNotTriggered):
        usecases.transmit_to_prefect(boss, transmission=row)


def test_one_agreement_is_not_enough_and_the_controller_does_not_agree_with_themself(sylvie, boss):
    enrolled(sylvie)
    row = ask(boss)
    with pytest.raises(NotAllowed):
        agreed(row, boss)
    assert agreed(row, sylvie).state == "gathering"
    with pytest.raises(DomainError):
        usecases.transmit_to_prefect(boss, transmission=row)
    assert Transmission.objects.get(pk=row.pk).made_at is None


def test_the_file_has_the_nine_items_a_mark_on_each_sheet_and_opens_by_its_link_for_a_week(sylvie, boss):
    enrolled(sylvie, last_name=CANARY)
    row = ask(boss)
    agreed(row, sylvie, keeper("dpo"))
    before = Line.objects.filter(action="export_line").count()
    token = usecases.transmit_to_prefect(boss, transmission=row)
    row.refresh_from_db()
    assert (row.rows, row.left_out, len(row.sha256)) == (1, 0, 64)
    assert Line.objects.filter(action="export_line").count() == before + 1
    said = vault.open_envelope(Actor(None, "service destinataire", "web"), token=token)
    page = text_of(base64.b64decode(said["content"]))
    assert CANARY in page
    assert row.request in page
    assert "Jeanne Feinte" in page
    assert page.count("numéro de téléphone".capitalize()) == 1
    with time_machine.travel(clock.now() + timedelta(days=8)):
        with pytest.raises(NotFound):
            vault.open_envelope(Actor(None, "service destinataire", "web"), token=token)
        assert vault.destroy_parcels(MACHINE) == 1
        assert vault.destroy_parcels(MACHINE) == 0
    with pytest.raises(NotFound):
        vault.open_envelope(Actor(None, "service destinataire", "web"), token=token)
    with pytest.raises(IllegalTransition):
        usecases.transmit_to_prefect(boss, transmission=row)


def test_what_stays_in_the_base_shows_nobody(sylvie, boss):
    enrolled(sylvie, last_name=CANARY)
    row = ask(boss)
    agreed(row, sylvie, keeper("dpo"))
    usecases.transmit_to_prefect(boss, transmission=row)
    with connection.cursor() as cursor:
        for table in ("vault_envelope", "registers_transmission", "audit_entry", "vault_specialrequest"):
            cursor.execute(f"SELECT * FROM {table}")
            for line in cursor.fetchall():
                assert all(CANARY not in str(cell) and CANARY.encode() not in bytes_of(cell) for cell in line)


def bytes_of(cell):
    return bytes(cell) if isinstance(cell, bytes | memoryview) else b""


def test_frozen_and_protected_persons_are_left_out_and_counted(sylvie, boss):
    persons = sealed(HEAT, 4)
    vault.set_record(MACHINE, person=persons[0], register=HEAT, protected=True)
    vault.set_record(MACHINE, person=persons[1], register=HEAT, status="frozen")
    row = ask(boss)
    agreed(row, sylvie, keeper("dpo"))
    usecases.transmit_to_prefect(boss, transmission=row)
    row.refresh_from_db()
    assert (row.rows, row.left_out) == (2, 1)


def test_no_clock_sends_the_register():
    names = {name for name in jobs._jobs if "prefect" in name or "transmi" in name}
    assert not names


def test_the_sheets_carry_the_nine_columns_and_no_formula():
    rows = [["=HYPERLINK()", "+33639981234", *[""] * 7] for _ in range(1001)]
    page = text_of(workbook([f"Titre {n}" for n in range(9)], rows, "Marque & numéro"))
    assert page.count("Feuille ") >= 3
    assert "<f>" not in page
    assert "'=HYPERLINK()" in page
    assert len(ITEMS) == 9
