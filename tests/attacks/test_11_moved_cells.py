"""Attempt 11: cells, manifests and keys swapped between persons, fields and registers; older ones put back."""

from __future__ import annotations

import logging

import pytest

from entremise.vault import usecases as vault
from entremise.vault.models import Cell, Line, Record, RecordKey
from entremise.vault.usecases import cells, keyring
from tests.people.factories import me, person

pytestmark = pytest.mark.django_db
WHY = {"purpose": "people.rights", "motive": "Appel de la demande H6K-347"}
FIRST, LAST, PHONE = "entraide.first_name", "entraide.last_name", "entraide.phone"


def read(who, *fields):
    return dict(vault.open(me(who), person=who, fields=list(fields or (FIRST, LAST, PHONE)), **WHY).values)


def refused(who, caplog):
    """No value at all, a line that says it failed, an alarm that names the record only."""
    with caplog.at_level(logging.ERROR), pytest.raises(vault.Tampered):
        read(who)
    assert Line.objects.first().verdict == "failed"
    assert "tampered record" in caplog.text
    assert "Aline" not in caplog.text


def two():
    return person(first_name="Aline", phone="06 39 98 00 01").pk, person(first_name="Bruno", phone="06 39 98 00 02").pk


def swap(one, two, *names):
    mine, theirs = ([getattr(row, name) for name in names] for row in (one, two))
    for row, values in ((one, theirs), (two, mine)):
        type(row).objects.filter(pk=row.pk).update(**dict(zip(names, values, strict=True)))


def cell(who, field):
    return Cell.objects.get(record__person=who, field=field)


def test_two_persons_swap_a_cell(caplog):
    one, other = two()
    swap(cell(one, "phone"), cell(other, "phone"), "blob", "version")
    refused(one, caplog)
    refused(other, caplog)


def test_two_fields_of_one_person_swap_their_cells(caplog):
    one, other = two()
    swap(cell(one, "first_name"), cell(one, "last_name"), "blob")
    refused(one, caplog)
    assert read(other)[FIRST] == "Bruno"


def test_two_persons_swap_their_whole_records(caplog):
    one, other = two()
    rows = [Record.objects.get(person=who) for who in (one, other)]
    swap(*rows, "manifest", "version")
    for mine, theirs in zip(cells_of(rows[0]), cells_of(rows[1]), strict=True):
        swap(mine, theirs, "blob", "version")
    refused(one, caplog)
    refused(other, caplog)


def cells_of(record):
    return list(Cell.objects.filter(record=record).order_by("field"))


def test_two_records_swap_their_keys(caplog):
    one, other = two()
    keys = [RecordKey.objects.get(pk=Record.objects.get(person=who).pk) for who in (one, other)]
    swap(*keys, "blob")
    refused(one, caplog)
    refused(other, caplog)


def test_a_record_moved_to_another_register_opens_nothing(caplog):
    one, _ = two()
    record = Record.objects.get(person=one)
    Record.objects.filter(pk=record.pk).update(register="canicule")
    RecordKey.objects.filter(pk=record.pk).update(register="canicule")
    ring = keyring.load({"canicule"})
    assert cells.read(ring, {record.pk: ["phone"]}) == {record.pk: None}


@pytest.mark.parametrize("field", ["phone", "first_name"])
def test_a_cell_taken_away_is_missed(caplog, field):
    one, _ = two()
    Cell.objects.filter(record__person=one, field=field).delete()
    refused(one, caplog)


def test_a_cell_added_is_seen(caplog):
    one, other = two()
    vault.write(me(one), person=one, values={"entraide.email": "a@exemple.fr"}, **WHY)
    source = cell(one, "email")
    Cell.objects.create(record=Record.objects.get(person=other), field="email", version=1, blob=source.blob)
    with pytest.raises(vault.Tampered):
        read(other, "entraide.email")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["cell", "manifest", "record", "file"])
def test_an_older_state_put_back_is_refused(caplog, what):
    one, _ = two()
    record = Record.objects.get(person=one)
    before = list(Cell.objects.filter(record=record))
    vault.write(me(one), person=one, values={PHONE: "+33639980077"}, **WHY)
    if what in ("manifest", "record", "file"):
        Record.objects.filter(pk=record.pk).update(manifest=record.manifest)
    if what in ("record", "file"):
        Record.objects.filter(pk=record.pk).update(version=record.version)
    if what in ("cell", "file"):
        for row in before:
            Cell.objects.filter(record=record, field=row.field).update(blob=row.blob, version=row.version)
    refused(one, caplog)
    try:
        vault.write(me(one), person=one, values={FIRST: "Chloé"}, **WHY)
    except vault.Tampered:
        assert what != "cell"
    with pytest.raises(vault.Tampered):  # writing beside an older cell does not make it good
        read(one)
