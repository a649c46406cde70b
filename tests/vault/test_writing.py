"""Writing, giving, taking back, erasing; two writers at once; an older file put back."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections, transaction

from entremise.audit.models import Entry
from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.vault import queries, usecases as vault
from entremise.vault.models import BlindIndex, Cell, Erasure, Line, Record, RecordKey
from tests.people.factories import me, person
from tests.vault.granting import Town, yes

WHY = {"purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}
RIGHTS = {"purpose": "people.rights", "motive": "Demande reçue par courrier"}
PHONE, FIRST, EMAIL = "entraide.phone", "entraide.first_name", "entraide.email"


def read(who, *fields, actor=None):
    why = WHY if actor else RIGHTS
    return dict(vault.open(actor or me(who), person=who, fields=list(fields), **why).values)


@pytest.mark.django_db
def test_a_write_changes_its_fields_and_keeps_the_others(actor):
    who = person().pk
    vault.write(actor("matchmaker"), person=who, values={PHONE: "+33639980001", EMAIL: "a@exemple.fr"}, **WHY)
    assert read(who, PHONE, FIRST, EMAIL) == {PHONE: "+33639980001", FIRST: "Aline", EMAIL: "a@exemple.fr"}
    vault.write(actor("matchmaker"), person=who, values={EMAIL: "", PHONE: None}, **WHY)
    assert read(who, PHONE, FIRST, EMAIL) == {FIRST: "Aline"}
    assert not BlindIndex.objects.exists()


@pytest.mark.django_db
def test_notes_are_kept_apart_by_their_subject(actor):
    who = person().pk
    notes = {"entraide.note#abc": "Code 12, bâtiment B", "entraide.note#def": "Sonner deux fois"}
    vault.write(actor("matchmaker"), person=who, values=notes, **WHY)
    assert read(who, *notes) == notes
    assert read(who, "entraide.note#abc") == {"entraide.note#abc": "Code 12, bâtiment B"}


@pytest.mark.django_db
@pytest.mark.parametrize("roles", [[], ["analyst"], ["caller", "operator"]])
def test_who_may_not_write_changes_nothing_and_is_journalled(actor, roles):
    who = person().pk
    with pytest.raises(NotAllowed):
        vault.write(actor(*roles), person=who, values={PHONE: "+33639980001"}, **WHY)
    assert Line.objects.first().verdict == "refused"
    assert read(who, PHONE) == {PHONE: "+33639981234"}


@pytest.mark.django_db
def test_anybody_makes_themself_known_once_and_then_needs_to_be_themself():
    who, guest = ids.uuid7(), Actor(None, "anonyme", "web")
    vault.write(guest, person=who, values={FIRST: "Aline"}, **WHY)
    for wrong in (guest, Actor.person(who), me(ids.uuid7())):
        with pytest.raises(NotAllowed):
            vault.write(wrong, person=who, values={FIRST: "Bruno"}, **WHY)
    vault.write(me(who), person=who, values={FIRST: "Chloé"}, **RIGHTS)
    assert read(who, FIRST) == {FIRST: "Chloé"}
    with pytest.raises(vault.ValueTooLong):
        vault.write(me(who), person=who, values={FIRST: "x" * 20_001}, **RIGHTS)
    with pytest.raises(vault.FieldUnknown):
        vault.write(me(who), person=who, values={}, **RIGHTS)


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_write_leaves_the_old_state_readable_and_writable(actor):
    who = person().pk
    for _ in range(2):
        with transaction.atomic():
            vault.write(actor("matchmaker"), person=who, values={PHONE: "+33639980001"}, **WHY)
            assert read(who, PHONE) == {PHONE: "+33639980001"}
            transaction.set_rollback(True)
        assert read(who, PHONE) == {PHONE: "+33639981234"}
    vault.write(actor("matchmaker"), person=who, values={PHONE: "+33639980002"}, **WHY)
    assert read(who, PHONE, FIRST) == {PHONE: "+33639980002", FIRST: "Aline"}


@pytest.mark.django_db(transaction=True)
def test_an_older_record_put_back_is_refused(actor):
    who = person().pk
    record = Record.objects.get(person=who)
    cells = list(Cell.objects.filter(record=record))
    vault.write(actor("matchmaker"), person=who, values={PHONE: "+33639980001"}, **WHY)
    Cell.objects.filter(record=record).delete()
    Cell.objects.bulk_create(cells)
    record.save()
    with pytest.raises(vault.Tampered):
        read(who, PHONE)
    with pytest.raises(vault.Tampered):
        vault.write(actor("matchmaker"), person=who, values={FIRST: "Bruno"}, **WHY)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [True, False])
def test_two_writers_of_one_record_lose_no_cell(known):
    who = person().pk if known else ids.uuid7()
    start, wrong = threading.Barrier(4), []

    def write(n):
        try:
            start.wait()
            for turn in range(3):
                values = {f"entraide.note#{n}": f"note {n}.{turn}"}
                vault.write(me(who), person=who, values=values, **RIGHTS)
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    notes = {f"entraide.note#{n}": f"note {n}.2" for n in range(4)}
    assert read(who, *notes) == notes
    assert Record.objects.filter(person=who).count() == 1
    key = RecordKey.objects.get(record=Record.objects.get(person=who).pk)
    assert key.floor == key.ceiling


@pytest.mark.django_db
def test_a_released_contact_is_read_until_its_date_by_its_receiver_only(actor, monkeypatch):
    giver, receiver, other = person().pk, person().pk, person().pk
    now = clock.now()
    number = vault.release(
        actor("matchmaker"),
        giver=giver,
        receiver=receiver,
        fields=[PHONE],
        purpose="mutualaid.contact",
        until=now + timedelta(days=7),
    )
    assert read(giver, PHONE, FIRST, actor=Actor.person(receiver)) == {PHONE: "+33639981234"}
    assert read(giver, PHONE, actor=Actor.person(other)) == {}
    assert read(receiver, PHONE, actor=Actor.person(giver)) == {}
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=8))
    assert read(giver, PHONE, actor=Actor.person(receiver)) == {}
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=1))
    assert vault.revoke_release(actor("matchmaker"), release=number) is True
    assert vault.revoke_release(actor("matchmaker"), release=number) is False
    assert read(giver, PHONE, actor=Actor.person(receiver)) == {}
    with pytest.raises(NotFound):
        vault.revoke_release(actor("matchmaker"), release=number + 1)
    assert list(Entry.objects.order_by("seq").values_list("action", flat=True)[3:]) == [
        "vault.contact.released",
        "vault.contact.revoked",
    ]


@pytest.mark.django_db
def test_a_release_names_its_fields_and_a_known_purpose(actor):
    question = {"giver": ids.uuid7(), "receiver": ids.uuid7(), "until": clock.now()}
    with pytest.raises(vault.FieldUnknown):
        vault.release(actor(), **question, fields=[], purpose="mutualaid.contact")
    with pytest.raises(vault.PurposeUnknown):
        vault.release(actor(), **question, fields=[PHONE], purpose="curiosity")


def erase(who):
    """As it is done: the keeper asks, the DPO agrees, the keeper executes."""
    town = Town()
    row = yes(town.dpo, town.erasure(who))
    return vault.erase(town.keeper, person=who, **RIGHTS, request=row.public_id)


@pytest.mark.django_db(transaction=True)
def test_an_erased_person_is_unreadable_even_from_an_older_copy_of_the_data(actor):
    who, other = person().pk, person(first_name="Bruno").pk
    record = Record.objects.get(person=who)
    cells = list(Cell.objects.filter(record=record))
    wrapped = bytes(RecordKey.objects.get(pk=record.pk).blob)
    assert erase(who) == 1
    with pytest.raises(NotFound):
        read(who, PHONE)
    record.save(force_insert=True)
    Cell.objects.bulk_create(cells)
    with pytest.raises(NotFound):
        read(who, PHONE)
    with pytest.raises(NotFound):
        vault.write(me(who), person=who, values={PHONE: "+33639980001"}, **RIGHTS)
    assert Erasure.objects.filter(pk=record.pk).exists()
    assert read(other, FIRST) == {FIRST: "Bruno"}
    if connection.vendor == "sqlite":
        file = Path(connections["keys"].settings_dict["NAME"])
        for copy in (file, file.with_name(file.name + "-wal")):
            assert not copy.exists() or wrapped not in copy.read_bytes()


@pytest.mark.django_db(transaction=True)
def test_a_destroyed_key_stays_destroyed_when_the_caller_rolls_back(actor):
    who = person().pk
    with transaction.atomic():
        erase(who)
        transaction.set_rollback(True)
    with pytest.raises(NotFound):
        read(who, PHONE)


@pytest.mark.django_db
def test_erasure_takes_two_and_leaves_a_line_whatever_comes_of_it(actor):
    who = person().pk
    for wrong in (actor("matchmaker"), actor(), me(who), Actor.machine("essai"), actor("dpo"), actor("keeper")):
        with pytest.raises(NotAllowed):
            vault.erase(wrong, person=who, **RIGHTS)
        assert (Line.objects.first().action, Line.objects.first().verdict) == ("erase", "refused")
    town = Town()
    row = town.erasure(who)
    with pytest.raises(NotAllowed):
        vault.erase(town.keeper, person=who, **RIGHTS, request=row.public_id)
    row = yes(town.dpo, row)
    for other in (town.dpo, town.keeper):
        target = who if other == town.dpo else person(first_name="Bruno").pk  # another's request; another person
        with pytest.raises(NotAllowed):
            vault.erase(other, person=target, **RIGHTS, request=row.public_id)
    assert vault.erase(town.keeper, person=who, **RIGHTS, request=row.public_id) == 1
    line = Line.objects.first()
    assert (line.verdict, line.rules, line.request) == ("granted", ["right-erase"], row.public_id)
    with pytest.raises(NotFound):
        vault.erase(town.keeper, person=who, **RIGHTS, request=row.public_id)


@pytest.mark.django_db
def test_a_register_is_destroyed_by_the_controller_with_two_colleges(actor):
    who = person().pk
    with pytest.raises(NotAllowed):
        vault.shred(actor("controller"), register="entraide", motive="Fin de la crise, registre clos", request="")
    town = Town()
    row = town.granted(
        vault.ask(
            town.controller, kind="shredding", purpose="registers.keep", motive="Fin de la crise, registre clos",
            registers=["entraide"], minutes="Délibération du 12 septembre",
        )
    )  # fmt: skip
    vault.shred(town.controller, register="entraide", motive="Fin de la crise", request=row.public_id)
    assert Line.objects.first().rules == ["rule-close"]
    with pytest.raises((NotFound, vault.VaultSealed, vault.KeyMissing)):
        read(who, PHONE)


@pytest.mark.django_db
def test_many_new_persons_are_sealed_with_one_line_each():
    rows = {ids.uuid7(): {FIRST: f"Fiction{n}", PHONE: f"+336399800{n:02}"} for n in range(60)}
    machine = Actor.machine("essai")
    vault.write_many(machine, rows=rows, register="entraide", **WHY)
    for who, values in rows.items():
        assert read(who, FIRST, PHONE) == values
    assert Line.objects.filter(action="collect", verdict="granted", rules=["fixed-collect"]).count() == 60
    assert queries.first_broken() is None
    with pytest.raises(vault.FieldUnknown):
        vault.write_many(machine, rows={ids.uuid7(): {FIRST: ""}}, register="entraide", **WHY)
    vault.write_many(machine, rows={}, register="entraide", **WHY)
