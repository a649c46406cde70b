"""Attempt 30: a restoration that would undo an erasure, or slip past the one that replays them.

What `tests/vault/test_restoring.py` proves piece by piece is tried here whole, on copies of the files. Votes: with
their room; objections are refused at re-import by the mark that stays beside the keys.
"""

from __future__ import annotations

import pytest

from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.vault import usecases as vault
from entremise.vault.models import Cell, Erasure, Mark, Record, RecordKey, RootKey
from entremise.vault.usecases import destroying, erasing, keyring, restoring
from tests.people.factories import me, person

pytestmark = pytest.mark.django_db
WHY = {"purpose": "people.rights", "motive": "Appel de la demande H6K-347"}
WHO = {"first_name": "Aline", "last_name": "Fiction", "phone": "+33639981234"}
OPERATOR = Actor.machine("administration du serveur")


def read(who):
    return dict(vault.open(me(who), person=who, fields=["entraide.phone"], **WHY).values)


def erased_then_put_back():
    who = person().pk
    before = [row for model in (Record, Cell, RecordKey) for row in model.objects.all()]
    ring, record = keyring.load(()), Record.objects.get(person=who)
    vault.keep_mark(person=who)
    erasing.write_lines(ring, OPERATOR, [("entraide", ring.tag(record.pk))], "people.rights", "Demande par lettre")
    destroying.destroy([record.pk])
    erasing.sweep([record.pk])
    Erasure.objects.all().delete()
    for row in before:
        row.save()
    return who


def test_nothing_opens_between_the_copies_and_the_replay():
    who = erased_then_put_back()
    restoring.begin_restoration()
    with pytest.raises(vault.VaultSealed):
        read(who)
    restoring.restore(OPERATOR)
    with pytest.raises(NotFound):
        read(who)


def test_an_operator_who_forgets_the_command_does_not_undo_an_erasure():
    who = erased_then_put_back()
    keyring._caught_up.clear()  # the service starts again
    with pytest.raises(NotFound):
        read(who)
    assert Erasure.objects.count() == 1


def test_whoever_was_erased_is_recognised_when_an_import_brings_them_back():
    erased_then_put_back()
    restoring.restore(OPERATOR)
    again = {**WHO, "first_name": "ALINE", "last_name": "fictión "}
    assert vault.is_marked(again, {**WHO, "first_name": "Bruno"}, {**WHO, "phone": "+33639980000"}) == [
        "person",
        "phone",
        "",
    ]
    assert vault.forget_mark(WHO) == 2
    assert vault.is_marked(WHO) == [""]
    assert not Mark.objects.exists()


def test_the_marks_say_nothing_of_whom_they_mark():
    erased_then_put_back()
    for mark in Mark.objects.all():
        assert len(mark.digest) == 34
        for value in ("aline", "fiction", "639981234"):
            assert value not in mark.digest
    assert vault.erasure_mark(WHO) == set(Mark.objects.values_list("pk", flat=True))


def test_the_flag_of_a_restoration_cannot_be_lifted_by_another_process_loading_keys():
    person()
    restoring.begin_restoration()
    for _ in range(2):
        with pytest.raises(vault.VaultSealed):
            keyring.load({"entraide"})
    assert RootKey.objects.filter(code=keyring.RESTORING).count() == 1
