"""Changing keys: everything reads before, during and after; what was replaced opens nothing in the end."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.vault import engine, usecases as vault
from entremise.vault.models import Epoch, RecordKey, RootKey
from entremise.vault.usecases import keyring, rotating
from tests.people.factories import me, person

pytestmark = pytest.mark.django_db
WHY = {"purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}
RIGHTS = {"purpose": "people.rights", "motive": "Lecture de sa propre fiche"}
PHONE = "entraide.phone"
OPERATOR = Actor.machine("administration du serveur")


@contextmanager
def refused(error, words):
    """The refusal says this, in French."""
    with pytest.raises(error) as refusal:
        yield
    assert words in refusal.value.message


@pytest.fixture
def file(settings, tmp_path):
    settings.MASTER_KEY, settings.MASTER_KEY_FILE, settings.MASTER_KEY_CREATE = "", tmp_path / "master.key", True
    return settings.MASTER_KEY_FILE


@pytest.fixture
def later(monkeypatch):
    """Move the clock on by some days."""

    def move(days):
        now = clock.now() + timedelta(days=days)
        monkeypatch.setattr(clock, "now", lambda: now)

    return move


def phone(who):
    return vault.open(me(who), person=who, fields=[PHONE], **RIGHTS).values[PHONE]


def states():
    return dict(Epoch.objects.values_list("number", "state"))


def test_everything_reads_before_during_and_after(file):
    who = [person(phone=f"06 39 98 00 {n:02}").pk for n in range(5)]
    call_command("vault", "status", stdout=StringIO())
    assert rotating.rotate_keys(OPERATOR) == 2
    assert states() == {1: "retiring", 2: "current"}
    assert rotating.remaining() == 5
    fresh = person(phone="06 39 98 00 05").pk
    assert [phone(w) for w in [*who, fresh]] == [f"+336399800{n:02}" for n in range(6)]
    assert rotating.rewrap() == (5, 0)
    assert set(RecordKey.objects.values_list("epoch", flat=True)) == {2}
    assert [phone(w) for w in [*who, fresh]] == [f"+336399800{n:02}" for n in range(6)]
    vault.write(me(who[0]), person=who[0], values={PHONE: "+33639980099"}, **RIGHTS)
    assert phone(who[0]) == "+33639980099"


def test_a_rotation_stopped_in_the_middle_goes_on_from_there(file, monkeypatch):
    monkeypatch.setattr(rotating, "BATCH", 2)
    who = [person(phone=f"06 39 98 00 {n:02}").pk for n in range(7)]
    rotating.rotate_keys(OPERATOR)
    turns, whole = [], rotating._rewrap

    def killed(*arguments):
        if len(turns) == 2:
            raise KeyboardInterrupt
        turns.append(1)
        return whole(*arguments)

    monkeypatch.setattr(rotating, "_rewrap", killed)
    with pytest.raises(KeyboardInterrupt):
        rotating.rewrap()
    assert rotating.remaining() == 3
    assert [phone(w) for w in who] == [f"+336399800{n:02}" for n in range(7)]
    monkeypatch.setattr(rotating, "_rewrap", whole)
    assert rotating.rewrap(batches=1) == (2, 1)
    assert rotating.rewrap() == (1, 0)
    assert [phone(w) for w in who] == [f"+336399800{n:02}" for n in range(7)]


def test_a_change_that_fails_half_way_changes_nothing(file, monkeypatch):
    who = person().pk
    before = {row.code: bytes(row.blob) for row in RootKey.objects.all()}

    def fails(*arguments, **more):
        raise IntegrityError

    monkeypatch.setattr(RootKey.objects.__class__, "bulk_create", fails)
    with pytest.raises(IntegrityError), transaction.atomic():
        rotating.rotate_keys(OPERATOR)
    monkeypatch.undo()
    assert {row.code: bytes(row.blob) for row in RootKey.objects.all()} == before
    assert phone(who) == "+33639981234"


def test_two_rotations_before_the_first_is_done_lose_nothing(file):
    one = person(phone="06 39 98 00 01").pk
    rotating.rotate_keys(OPERATOR)
    two = person(phone="06 39 98 00 02").pk
    assert rotating.rotate_keys(OPERATOR) == 3
    assert (phone(one), phone(two)) == ("+33639980001", "+33639980002")
    assert rotating.rewrap() == (2, 0)
    assert (phone(one), phone(two)) == ("+33639980001", "+33639980002")


def test_a_key_destroyed_during_a_rotation_stays_destroyed(file, monkeypatch):
    who = person().pk
    rotating.rotate_keys(OPERATOR)
    whole = rotating._rewrap

    def late(ring, rows, newest):
        RecordKey.objects.filter(pk=rows[0].pk).delete()
        return whole(ring, rows, newest)

    monkeypatch.setattr(rotating, "_rewrap", late)
    rotating.rewrap()
    assert not RecordKey.objects.exists()
    assert who


def test_thirty_days_later_the_old_key_and_what_it_wrapped_are_gone(file, later):
    who = person().pk
    stolen_key = file.read_text()
    stolen_rows = list(RootKey.objects.all())
    rotating.rotate_keys(OPERATOR)
    rotating.rewrap()
    later(29)
    assert rotating.destroy_epochs() == []
    assert file.exists()
    later(2)
    assert rotating.destroy_epochs() == [1]
    assert states() == {1: "destroyed", 2: "current"}
    assert not file.exists()
    assert set(RootKey.objects.filter(code="register:entraide").values_list("epoch", flat=True)) == {2}
    assert phone(who) == "+33639981234"
    old = engine.Box(engine.read_key(stolen_key))
    kek = engine.Box(keyring.unwrap_root(old, next(r for r in stolen_rows if r.code == "register:entraide")))
    row = RecordKey.objects.get()
    for epoch in (1, 2):
        with pytest.raises(engine.InvalidTag):
            kek.unseal(bytes(row.blob), "dek", stolen_rows[0].instance, "entraide", row.record, epoch)
    for row in RootKey.objects.all():
        with pytest.raises(engine.InvalidTag):
            keyring.unwrap_root(old, row)


def test_a_register_key_that_still_wraps_somebody_is_kept(file, later):
    who = person().pk
    rotating.rotate_keys(OPERATOR)
    later(31)
    rotating.destroy_epochs()
    assert phone(who) == "+33639981234"
    assert rotating.rewrap() == (1, 0)


def test_an_operator_who_holds_the_key_adds_the_new_one_and_then_takes_the_old_one_away(settings, tmp_path):
    old, new = "aa" * 32, "bb" * 32
    settings.MASTER_KEY = old
    who = person().pk
    with refused(vault.KeyMissing, "ajoutez-y"):
        rotating.rotate_keys(OPERATOR)
    settings.MASTER_KEY = f"{old}\n{new}"
    assert rotating.rotate_keys(OPERATOR) == 2
    assert phone(who) == "+33639981234"
    with pytest.raises(vault.KeyMissing):
        rotating.rotate_keys(OPERATOR)
    settings.MASTER_KEY = new
    assert phone(who) == "+33639981234"
    settings.MASTER_KEY = old
    with pytest.raises(vault.VaultSealed):
        phone(who)


def test_an_altered_key_is_left_and_told(file, caplog):
    one, two = person().pk, person(phone="06 39 98 00 02").pk
    RecordKey.objects.filter(pk=vault_record(one)).update(blob=b"\x01" + bytes(60))
    rotating.rotate_keys(OPERATOR)
    assert rotating.rewrap() == (1, 1)
    assert "altered key" in caplog.text
    assert phone(two) == "+33639980002"


def vault_record(who):
    from entremise.vault.models import Record

    return Record.objects.get(person=who).pk


def test_the_command_says_where_things_stand_and_what_to_copy(file, later):
    person()
    out = StringIO()
    call_command("vault", "rotate", stdout=out)
    call_command("vault", "status", stdout=out)
    assert "Clés de dossiers réemballées : 1 ; restent : 0." in out.getvalue()
    assert "époque 2 : en service" in out.getvalue()
    assert "dans aucune de ces archives" in out.getvalue()
    assert not rotating.remind()
    later(31)
    assert rotating.remind()
    (file.parent / "master.key.2").unlink()
    with pytest.raises(CommandError, match="Le coffre est fermé"):
        call_command("vault", "status", stdout=out)


def test_a_credential_of_systemd_is_found(monkeypatch, tmp_path):
    from entremise.site import env

    assert env.credential("entremise-master-key") == ""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert env.credential("entremise-master-key") == ""
    (tmp_path / "entremise-master-key").write_text("00" * 32)
    assert env.credential("entremise-master-key") == str(tmp_path / "entremise-master-key")
