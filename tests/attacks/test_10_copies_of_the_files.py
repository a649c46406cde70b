"""Attempt 10: the data file alone; data and keys from before an erasure."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.vault import engine, usecases as vault
from entremise.vault.models import BlindIndex, Cell, Erasure, Record, RecordKey, RootKey
from entremise.vault.usecases import destroying, erasing, keyring, restoring
from tests.people.factories import me, person

WHY = {"purpose": "people.rights", "motive": "Appel de la demande H6K-347"}
FIELDS = ["entraide.first_name", "entraide.phone"]
ALL = (Record, Cell, BlindIndex)


def read(who):
    return dict(vault.open(me(who), person=who, fields=FIELDS, **WHY).values)


def copy(*models):
    return [row for model in models for row in model.objects.all()]


def put_back(rows):
    for row in rows:
        row.save()


@pytest.mark.django_db
def test_the_data_alone_open_under_no_key_that_is_in_them():
    person()
    cell = Cell.objects.get(field="phone")
    for guess in (bytes(32), bytes(Record.objects.get().manifest)[:32], bytes(cell.blob)[:32].ljust(32, b"\0")):
        with pytest.raises(engine.InvalidTag):
            engine.Box(guess).unseal(bytes(cell.blob), "cell")


@pytest.mark.django_db
def test_data_and_keys_without_the_master_key_open_nothing(settings):
    who = person().pk
    settings.MASTER_KEY = "ab" * 32
    with pytest.raises(vault.VaultSealed):
        read(who)


@pytest.mark.django_db
def test_an_older_copy_of_the_data_does_not_bring_the_erased_back():
    who, other = person().pk, person(first_name="Bruno").pk
    before = copy(*ALL)
    records = list(Record.objects.filter(person=who).values_list("pk", flat=True))
    destroying.destroy(records)
    erasing.sweep(records)
    put_back(before)
    with pytest.raises(NotFound):
        read(who)
    assert read(other)["entraide.first_name"] == "Bruno"


@pytest.mark.django_db
def test_a_register_that_was_destroyed_is_unreadable_in_every_copy_of_the_data():
    who = [person(phone=f"06 39 98 00 {n:02}").pk for n in range(3)]
    before = copy(*ALL, RecordKey)
    destroying.destroy_register("entraide")
    erasing.sweep_registers()
    assert not Record.objects.exists()
    assert not RecordKey.objects.exists()
    put_back(before)
    for one in who:
        with pytest.raises(NotFound):
            read(one)
    with pytest.raises(NotFound):
        person()  # the code never serves again


@pytest.mark.django_db
def test_destroying_a_register_asks_as_much_for_five_records_as_for_none():
    keyring.load({"canicule"})
    for n in range(5):
        person(phone=f"06 39 98 00 {n:02}")
    counts = []
    for register in ("canicule", "entraide"):
        with CaptureQueriesContext(connections["keys"]) as queries:
            destroying.destroy_register(register)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Record.objects.count() == RecordKey.objects.count() == 5  # swept later, by a job


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the files of PostgreSQL are its server's")
def test_the_files_of_the_keys_keep_no_byte_of_a_destroyed_key(tmp_path):
    who = person().pk
    person(first_name="Bruno")
    record = Record.objects.get(person=who).pk
    wrapped = [bytes(RecordKey.objects.get(pk=record).blob)]
    destroying.destroy([record])
    wrapped += [bytes(row.blob) for row in RootKey.objects.filter(code__endswith=":entraide")]
    destroying.destroy_register("entraide")
    file = Path(str(connections["keys"].settings_dict["NAME"]))
    raw = b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
    assert [blob for blob in wrapped if blob in raw] == []
    shutil.copy(file, tmp_path / "copy.sqlite3")
    with closing(sqlite3.connect(tmp_path / "copy.sqlite3")) as there:
        assert there.execute("SELECT COUNT(*) FROM vault_erasure").fetchone() == (1,)


@pytest.mark.django_db
def test_copies_of_data_and_keys_of_before_an_erasure_are_erased_again():
    who = person().pk
    before = copy(*ALL, RecordKey)
    ring = keyring.load(())
    record = Record.objects.get(person=who).pk
    marks = [("entraide", ring.tag(record))]
    erasing.write_lines(ring, Actor.machine("essai"), marks, "people.rights", "Demande reçue par lettre")
    destroying.destroy([record])
    Erasure.objects.all().delete()
    put_back(before)
    restoring.restore(Actor.machine("administration du serveur"))
    with pytest.raises(NotFound):
        read(who)
