"""Attempt 9: read without a line in the journal. No line, no value: the disk is full, the process or the base dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections

from entremise.kernel.actors import Actor
from entremise.vault import usecases as vault
from entremise.vault.models import Line
from tests.people.factories import person
from tests.vault.lines import write

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "+33639981234"


def read(who) -> str:
    """What somebody learns by opening their own telephone number."""
    me = Actor(None, "personne concernée", "web", frozenset({"inhabitant"}), person_id=who.pk, mfa=True)
    opening = vault.open(me, person=who.pk, fields=["entraide.phone"], purpose="people.rights",
                         motive="Je lis ce qui me concerne")  # fmt: skip
    return str(opening.values["entraide.phone"])


@contextmanager
def full_disk() -> Iterator[None]:
    """The journal's base may not grow any more: SQLite's own limit, or the error PostgreSQL gives."""
    with connections["journal"].cursor() as cursor:
        if connections["journal"].vendor == "sqlite":
            cursor.execute("PRAGMA max_page_count")
            usual = cursor.fetchone()[0]
            cursor.execute("PRAGMA max_page_count = 1")  # SQLite raises it to what the file holds already
        else:
            cursor.execute(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END$$"
            )
            cursor.execute(
                "CREATE TRIGGER full_disk BEFORE INSERT ON vault_line FOR EACH ROW EXECUTE FUNCTION full_disk()"
            )
    try:
        yield
    finally:
        with connections["journal"].cursor() as cursor:
            if connections["journal"].vendor == "sqlite":
                cursor.execute(f"PRAGMA max_page_count = {usual}")
            else:
                cursor.execute("DROP FUNCTION full_disk() CASCADE")


def test_a_full_disk_gives_no_value_and_a_clear_error():
    who = person()
    assert read(who) == SECRET
    with full_disk():
        opened, refusal = 0, None
        for _ in range(200):  # the last page of the file still has room for some lines
            before = Line.objects.count()
            try:
                assert read(who) == SECRET
                opened += 1
                assert Line.objects.count() == before + 1
            except vault.JournalUnavailable as error:
                refusal = error
                break
    assert refusal is not None, f"{opened} readings on a full disk"
    assert "rien n’a été lu" in refusal.message
    assert SECRET not in f"{refusal!r} {refusal} {refusal.__dict__}"
    assert read(who) == SECRET
    assert vault.verify_journal().intact


def test_lines_written_together_on_a_full_disk_are_all_there_or_none():
    write(1)
    with full_disk(), pytest.raises(vault.JournalUnavailable):
        write(500)
    assert Line.objects.count() == 1


def test_a_process_that_dies_before_the_line_is_written_has_read_nothing():
    who = person()
    before = Line.objects.count()
    if connections["journal"].vendor == "sqlite":
        told, status = _die_while_writing(who)
        assert (told, status) == (b"", 42)
    else:
        _lose_the_base(who)
    assert Line.objects.count() == before
    assert read(who) == SECRET
    assert Line.objects.count() == before + 1


def _die_while_writing(who) -> tuple[bytes, int]:
    """A twin of this process, killed by a trigger at the very moment its line is written: what it had learnt."""
    for connection in connections.all():
        connection.close()
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            connection = connections["journal"]
            connection.ensure_connection()
            connection.connection.create_function("die", 0, lambda: os._exit(42))
            with connection.cursor() as cursor:
                cursor.execute("CREATE TEMP TRIGGER dies AFTER INSERT ON vault_line BEGIN SELECT die(); END")
            os.write(send, read(who).encode())
        finally:
            os._exit(1)
    os.close(send)
    told = os.read(receive, 1000)
    _, status = os.waitpid(child, 0)
    os.close(receive)
    return told, os.waitstatus_to_exitcode(status)


def _lose_the_base(who) -> None:
    with connections["journal"].cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION dies() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END$$"
        )
        cursor.execute("CREATE TRIGGER dies AFTER INSERT ON vault_line FOR EACH ROW EXECUTE FUNCTION dies()")
    try:
        with pytest.raises(vault.JournalUnavailable):
            read(who)
    finally:
        connections["journal"].close()
        with connections["journal"].cursor() as cursor:
            cursor.execute("DROP FUNCTION dies() CASCADE")
