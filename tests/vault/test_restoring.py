"""Older copies put back: what was erased stays erased, and nothing opens before that is sure."""

from __future__ import annotations

import json
from contextlib import contextmanager
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.vault import usecases as vault
from entremise.vault.models import Cell, Erasure, Record, RecordKey, Register, Rehearsal, RootKey, Shredding
from entremise.vault.usecases import destroying, erasing, keyring, rehearsing, restoring
from tests.people.factories import me, person
from tests.vault.granting import Town

WHY = {"purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}
RIGHTS = {"purpose": "people.rights", "motive": "Lecture de sa propre fiche"}
PHONE, FIRST = "entraide.phone", "entraide.first_name"
OPERATOR = Actor.machine("administration du serveur")


@contextmanager
def refused(error, words):
    """The refusal says this, in French."""
    with pytest.raises(error) as refusal:
        yield
    assert words in refusal.value.message


def read(who):
    return dict(vault.open(me(who), person=who, fields=[PHONE], **RIGHTS).values)


def copy(*models):
    return [row for model in models for row in model.objects.all()]


def put_back(rows):
    """An older copy: what it held is there again, as it was."""
    for row in rows:
        row.save()


def erased(who):
    """Erase as a granted deed leaves things: the line in the journal, the key destroyed, the rows swept."""
    ring = keyring.load(())
    records = list(Record.objects.filter(person=who))
    erasing.write_lines(
        ring, OPERATOR, [(r.register, ring.tag(r.pk)) for r in records], "people.rights", "Un essai long"
    )
    destroying.destroy([record.pk for record in records])
    erasing.sweep([record.pk for record in records])


@pytest.mark.django_db
def test_keys_put_back_from_before_an_erasure_are_destroyed_again(actor):
    who, other = person().pk, person(phone="06 39 98 00 02").pk
    before = copy(Record, Cell, RecordKey)
    erased(who)
    Erasure.objects.all().delete()  # the list too is of before
    put_back(before)
    assert read(who) == {PHONE: "+33639981234"}  # what a restoration without care would do
    restoring.begin_restoration()
    for deed in (lambda: read(other), lambda: vault.write(actor(), person=other, values={FIRST: "B"}, **WHY)):
        with refused(vault.VaultSealed, "entremise vault restore"):
            deed()
    out = StringIO()
    call_command("vault", "restore", stdout=out)
    assert "1 fiches et 0 registres effacés à nouveau" in out.getvalue()
    with pytest.raises(NotFound):
        read(who)
    assert not Cell.objects.filter(record__person=who).exists()
    assert read(other) == {PHONE: "+33639980002"}
    assert Erasure.objects.count() == 1
    call_command("vault", "restore", stdout=StringIO())
    assert read(other) == {PHONE: "+33639980002"}


@pytest.mark.django_db
def test_a_process_that_starts_on_an_older_base_of_keys_erases_before_it_opens():
    who = person().pk
    before = copy(Record, Cell, RecordKey)
    erased(who)
    Erasure.objects.all().delete()
    put_back(before)
    keyring._caught_up.clear()  # a new process
    with pytest.raises(NotFound):
        read(who)


@pytest.mark.django_db
def test_an_older_journal_and_older_keys_need_the_list_kept_outside():
    who, other = person().pk, person(phone="06 39 98 00 02").pk
    before = copy(Record, Cell, RecordKey)
    record = Record.objects.get(person=who).pk
    destroying.destroy([record])  # no line in this journal: it is older
    kept = restoring.written_list()
    count, digest = destroying.erasure_list()
    Erasure.objects.all().delete()
    put_back(before)
    for checkpoint in (f"{count}:{digest}", f"{count}"):
        with pytest.raises(CommandError, match="Le coffre reste fermé"):
            call_command("vault", "restore", checkpoint=checkpoint, stdout=StringIO())
        with pytest.raises(vault.VaultSealed):
            read(other)
    with refused(vault.NotRestored, "n’est pas une liste"):
        restoring.restore(OPERATOR, outside="{}")
    wrong = json.loads(kept) | {"records": {str(uuid4()): "2026-01-01T00:00:00+00:00"}}
    with refused(vault.NotRestored, "pas les mêmes"):
        restoring.restore(OPERATOR, outside=json.dumps(wrong), count=count, digest=digest)
    Erasure.objects.all().delete()
    assert restoring.restore(OPERATOR, outside=kept, count=count, digest=digest).records == 1
    with pytest.raises(NotFound):
        read(who)
    assert read(other) == {PHONE: "+33639980002"}


@pytest.mark.django_db
def test_a_destroyed_register_stays_destroyed():
    person()
    before = copy(Record, Cell, RecordKey, RootKey)
    destroying.destroy_register("entraide")
    put_back(before)
    assert restoring.restore(OPERATOR).registers == 1
    assert not RootKey.objects.filter(code__endswith=":entraide").exists()
    assert not Record.objects.exists()
    with refused(NotFound, "détruit"):
        person()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="copies of PostgreSQL are restored by its own tools")
def test_a_rehearsal_reads_copies_and_tells_what_is_wrong(settings, tmp_path):
    settings.HOME = tmp_path
    who = person().pk
    good = rehearsing.rehearse()
    assert good.good, good.words
    assert "1 fiches" in good.words
    assert "1 fiches relues" in good.words
    assert list(tmp_path.iterdir()) == []  # nothing stays
    record = Record.objects.get(person=who)
    Erasure.objects.create(record=record.pk, at=good.at)
    assert "entremise vault restore" in rehearsing.rehearse().words
    Erasure.objects.all().delete()
    cell = Cell.objects.get(record=record, field="phone")
    Cell.objects.filter(pk=cell.pk).update(blob=b"\x01" + bytes(60))
    assert not rehearsing.rehearse().good
    assert "il manque" in rehearsing.rehearse(tmp_path / "nowhere").words
    assert Rehearsal.objects.filter(good=False).count() == 3
    with pytest.raises(CommandError, match="n’a pas réussi"):
        call_command("vault", "rehearse", stdout=StringIO())


@pytest.mark.django_db
def test_a_register_whose_row_is_older_is_marked_destroyed_again():
    person()
    Register.objects.filter(pk="entraide").delete()
    Register.objects.create(
        code="entraide", profile="entraide", kind="mutual_aid", label="Entraide", expires_at="2040-01-01T00:00:00Z"
    )
    destroying.destroy_register("entraide")
    restoring.restore(OPERATOR)
    assert Register.objects.get(pk="entraide").status == "shredded"
    assert Shredding.objects.count() == 1


@pytest.mark.django_db
def test_records_older_than_their_keys_open_again_by_the_agreement_of_two_people_only():
    town = Town()
    whole, altered = person().pk, person(phone="06 39 98 00 02").pk
    before = copy(Record, Cell)
    for who in (whole, altered):
        vault.write(me(who), person=who, values={PHONE: "+33639980077"}, **RIGHTS)
        RecordKey.objects.filter(pk=Record.objects.get(person=who).pk).update(floor=2)
    Cell.objects.all().delete()
    put_back(before)
    Cell.objects.filter(record__person=altered, field="first_name").update(blob=b"\x01" + bytes(40))
    assert len(restoring.doubtful()) == 2
    for who in (whole, altered):
        with pytest.raises(vault.Tampered):
            read(who)
    with refused(NotFound, "n’existe pas"):
        restoring.re_anchor(request="inconnue")
    row = vault.ask(
        town.controller,
        kind="anchoring",
        purpose="vault.audit",
        motive="Copie du matin remise après la panne",
        registers=["entraide"],
        minutes="Procès-verbal 12",
    )
    with pytest.raises(vault.RequestSpent):
        restoring.re_anchor(request=row.public_id)
    town.granted(row)
    out = StringIO()
    call_command("vault", "re-anchor", request=row.public_id, stdout=out)
    assert "1 fiches reprises ; 1 restent fermées" in out.getvalue()
    assert read(whole) == {PHONE: "+33639981234"}
    with pytest.raises(vault.Tampered):
        read(altered)
    with pytest.raises(vault.RequestSpent):
        restoring.re_anchor(request=row.public_id)
    vault.write(me(whole), person=whole, values={PHONE: "+33639980088"}, **RIGHTS)
    assert read(whole) == {PHONE: "+33639980088"}
