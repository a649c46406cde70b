"""A process that dies, a disk that fills: what was readable stays so, nothing is half written, the error is clear."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.db import connection, connections

from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.vault import usecases as vault
from entremise.vault.models import Cell, Line, Record, RecordKey
from entremise.vault.usecases import keyring, writing
from tests.people.factories import me, person

WHY = {"purpose": "people.rights", "motive": "Appel de la demande H6K-347"}
PHONE, FIRST = "entraide.phone", "entraide.first_name"
sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="the disk of PostgreSQL is its server's")


def read(who):
    return dict(vault.open(me(who), person=who, fields=[PHONE, FIRST], **WHY).values)


@contextmanager
def full(alias):
    """A disk with no room left for this database: the file may not grow by one page."""
    with connections[alias].cursor() as cursor:
        cursor.execute("VACUUM")  # no room left inside either
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def read_only(alias):
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        try:
            yield
        finally:
            cursor.execute("PRAGMA query_only = OFF")


@pytest.mark.django_db(transaction=True)
def test_a_process_that_dies_between_the_cells_and_their_floor_loses_nothing(monkeypatch):
    who = person().pk
    record = Record.objects.get(person=who)

    def dies(*arguments):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(writing, "_raise_floor", dies)
        with pytest.raises(SystemExit):
            vault.write(me(who), person=who, values={PHONE: "+33639980001"}, **WHY)
    key = RecordKey.objects.get(pk=record.pk)
    assert (key.floor, key.ceiling) == (1, 2)
    assert read(who) == {PHONE: "+33639980001", FIRST: "Aline"}
    vault.write(me(who), person=who, values={FIRST: "Bruno"}, **WHY)
    assert read(who) == {PHONE: "+33639980001", FIRST: "Bruno"}
    key.refresh_from_db()
    assert (key.floor, key.ceiling) == (3, 3)


@pytest.mark.django_db(transaction=True)
def test_a_process_that_dies_before_the_cells_are_committed_changes_nothing(monkeypatch):
    who = person().pk

    def dies(*arguments, **more):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(writing.cells, "seal_manifest", dies)
        with pytest.raises(SystemExit):
            vault.write(me(who), person=who, values={PHONE: "+33639980001"}, **WHY)
    assert read(who) == {PHONE: "+33639981234", FIRST: "Aline"}


@sqlite
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broken", [full, read_only])
def test_keys_that_cannot_be_written_stop_a_new_record_whole(broken):
    who = person().pk
    before = (Record.objects.count(), Cell.objects.count(), RecordKey.objects.count())
    with broken("keys"):
        refusals = []
        for n in range(60):  # the last page has room for some
            try:
                person(phone=f"06 39 98 00 {n:02}")
            except DomainError as refusal:
                refusals.append(refusal)
                break
    assert [(r.code, "place" in r.message) for r in refusals] == [("vault_sealed", True)]
    added = Record.objects.count() - before[0]
    assert RecordKey.objects.count() - before[2] == added
    assert Cell.objects.count() == (before[0] + added) * 3
    assert read(who) == {PHONE: "+33639981234", FIRST: "Aline"}
    person(phone="06 39 98 00 99")


@sqlite
@pytest.mark.django_db(transaction=True)
def test_keys_that_cannot_be_written_leave_an_old_record_as_it_was():
    who = person().pk
    with read_only("keys"), pytest.raises(vault.VaultSealed) as refusal:
        vault.write(me(who), person=who, values={PHONE: "+33639980001"}, **WHY)
    assert "Le coffre est fermé" in refusal.value.message
    assert read(who) == {PHONE: "+33639981234", FIRST: "Aline"}


@sqlite
@pytest.mark.django_db(transaction=True)
def test_a_full_journal_lets_nothing_be_read_or_written():
    who = person().pk
    lines = Line.objects.count()
    with read_only("journal"):
        for deed in (
            lambda: read(who),
            lambda: vault.write(me(who), person=who, values={PHONE: "+33639980001"}, **WHY),
            lambda: person(phone="06 39 98 00 02"),
        ):
            with pytest.raises(vault.JournalUnavailable):
                deed()
    assert Line.objects.count() == lines
    assert Record.objects.count() == RecordKey.objects.count() == 1
    assert read(who) == {PHONE: "+33639981234", FIRST: "Aline"}


@sqlite
@pytest.mark.django_db(transaction=True)
def test_keys_that_cannot_be_written_refuse_a_rotation_whole(settings, tmp_path):
    from entremise.vault.usecases import rotating

    settings.MASTER_KEY, settings.MASTER_KEY_FILE, settings.MASTER_KEY_CREATE = "", tmp_path / "master.key", True
    who = person().pk
    with read_only("keys"), pytest.raises(vault.VaultSealed):
        rotating.rotate_keys(Actor.machine("administration du serveur"))
    assert keyring.current()[1].master == 1
    assert read(who) == {PHONE: "+33639981234", FIRST: "Aline"}
