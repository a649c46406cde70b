"""The access journal: one line per access, in a chain, added to and nothing else."""

from __future__ import annotations

import json
from importlib import import_module

import pytest
from django.db import DatabaseError, connections, transaction

from entremise.vault import queries, usecases as vault
from entremise.vault.models import Line, Record, RecordKey
from entremise.vault.usecases import keyring
from tests.people.factories import person

append_only = import_module("entremise.vault.migrations.0006_journal")
pytestmark = pytest.mark.django_db
WHY = {"purpose": "mutualaid.contact", "motive": "Appel de la demande H6K-347"}


def open_some(actor):
    who = person().pk
    for role in ("matchmaker", "analyst", "dpo"):
        vault.open(actor(role, user_id=7), person=who, fields=["entraide.phone"], **WHY)
    return who


def put_back() -> None:
    """The triggers that conftest takes away on SQLite, until this test ends."""
    with connections["journal"].cursor() as cursor:
        for name in ("vault_line_no_delete", "vault_segment_no_delete", "vault_checkpoint_no_delete"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(f"CREATE TRIGGER {name} {append_only.SQLITE[name]}")


def rewrite(sql: str, params: list[object]) -> None:
    """What somebody who owns the database would do: take the triggers away first."""
    connection = connections["journal"]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER vault_line_no_update")
        else:
            cursor.execute("DROP TRIGGER vault_line_no_change ON vault_line")
        cursor.execute(sql, params)


def test_the_chain_holds_over_reads_writes_searches_and_refusals(actor):
    open_some(actor)
    vault.find(actor("matchmaker"), register="entraide", by="phone", value="+33639981234", **WHY)
    assert list(Line.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert queries.first_broken() is None


@pytest.mark.parametrize(
    ("sql", "params", "where"),
    [
        ("UPDATE vault_line SET human = %s WHERE number = 2", ["user:8"], 2),
        ("UPDATE vault_line SET verdict = %s WHERE number = 3", ["granted"], 3),
        ("UPDATE vault_line SET seal = %s WHERE number = 2", [b"\x01nothing"], 2),
        ("DELETE FROM vault_line WHERE number = %s", [2], 2),
    ],
)
def test_a_changed_or_missing_line_is_found(actor, sql, params, where):
    open_some(actor)
    rewrite(sql, params)
    assert queries.first_broken() == where


@pytest.mark.parametrize("verb", ["UPDATE vault_line SET human = 'x'", "DELETE FROM vault_line"])
def test_the_database_itself_refuses_to_change_a_line(actor, verb):
    open_some(actor)
    if verb.startswith("DELETE") and connections["journal"].vendor == "sqlite":
        put_back()
    with (
        pytest.raises(DatabaseError, match="only added"),
        transaction.atomic(using="journal"),
        connections["journal"].cursor() as cursor,
    ):
        cursor.execute(verb)


def test_a_line_says_who_and_why_and_hides_whom_under_the_records_key(actor):
    who = open_some(actor)
    record = Record.objects.get(person=who)
    line = Line.objects.get(number=2)
    shown = json.dumps(line.body(), default=str)
    for hidden in (str(who), str(record.pk), "H6K-347", "entraide.phone"):
        assert hidden not in shown
    ring = keyring.load({"entraide"})
    box = ring.unwrap(RecordKey.objects.get(pk=record.pk))
    secret = json.loads(box.unseal(bytes(line.seal), "seal", ring.instance, "entraide", record.pk, 2))
    assert secret["motive"] == WHY["motive"]
    assert secret["allowed"] == ["entraide.phone"]
    assert line.tag == ring.tag(record.pk)


def test_an_agent_who_acts_for_somebody_is_marked_as_such(actor):
    who = person().pk
    vault.open(actor("matchmaker").speaking_for(who, "phone"), person=who, fields=["entraide.phone"], **WHY)
    line = Line.objects.first()
    assert (line.on_behalf, line.channel) == (True, "phone")
