"""Append to the access journal: on its own connection, committed before anything is read.

A line says who, what for and how it was decided; record, field names and motive are sealed under the record's key,
so that they disappear with the person. Nobody outside this context may import this module.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import DatabaseError, connections, transaction

from entremise.audit.engine import ORIGIN, link
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.db import insert_rows
from entremise.vault import engine
from entremise.vault.models import Line
from entremise.vault.usecases.keyring import Keyring
from entremise.vault.usecases.refusals import JournalUnavailable

ALIAS = "journal"
HEAD = 0x6A6F7572  # PostgreSQL's advisory lock: one writer at a time at the head of the chain
MANY = 50


@dataclass(frozen=True, slots=True)
class Draft:
    """A line to come: `secret` is sealed with `box`, bound to `record`."""

    action: str
    purpose: str
    register: str
    verdict: str
    rules: tuple[str, ...]
    tag: str
    record: str
    box: engine.Box
    secret: dict[str, object]
    rule_set: int = 0
    request: str = ""


def human(ring: Keyring, actor: Actor) -> str:
    """Who, without a name: the account, a mark for an inhabitant, the label of a machine."""
    if actor.user_id is not None:
        return f"user:{actor.user_id}"
    if actor.person_id is not None:
        return f"person:{ring.tag(actor.person_id)}"
    return "machine" if actor.has("machine") else "anonymous"


def append(ring: Keyring, actor: Actor, decide: Callable[[], Sequence[Draft]]) -> int:
    """Write the lines that `decide` makes, all or none; the number of the first.

    `decide` is called under the lock of the chain's head, and counts what this human did in the hour there: two
    requests at once cannot both use the last place.
    Raises JournalUnavailable; then nothing may be decrypted.
    """
    try:
        with transaction.atomic(using=ALIAS, durable=True):
            if connections[ALIAS].vendor == "postgresql":
                with connections[ALIAS].cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HEAD])
            who, now = human(ring, actor), clock.now()
            drafts = decide()
            with connections[ALIAS].cursor() as cursor:
                cursor.execute("SELECT number, link FROM vault_line ORDER BY number DESC LIMIT 1")
                number, previous = cursor.fetchone() or (0, ORIGIN)
            first, lines = number + 1, []
            for number, draft in enumerate(drafts, start=first):
                line = _line(ring, actor, draft, number)
                line.human, line.at = who, now
                line.link = previous = link(previous, line.body())
                lines.append(line)
            _insert(lines)
    except DatabaseError:
        raise JournalUnavailable(
            "Le journal des accès ne peut pas être écrit : rien n’a été lu ni modifié. "
            "Réessayez dans un instant ; si cela dure, prévenez la personne qui administre le serveur."
        ) from None
    return first


def add(ring: Keyring, actor: Actor, *drafts: Draft) -> int:
    """Write these lines, about no count; the number of the first. Raises JournalUnavailable."""
    return append(ring, actor, lambda: drafts)


def _insert(lines: Sequence[Line]) -> None:
    """Past the ORM when they are many: an import writes thousands of lines, and each costs more to convert than to
    seal."""
    if len(lines) < MANY:
        Line.objects.bulk_create(lines)
        return
    names = [field.attname for field in Line._meta.concrete_fields]
    at = connections[ALIAS].ops.adapt_datetimefield_value(lines[0].at)
    said = [{**line.__dict__, "at": at, "rules": json.dumps(line.rules)} for line in lines]
    rows = [[values[name] for name in names] for values in said]
    insert_rows(Line, names, rows)


def _line(ring: Keyring, actor: Actor, draft: Draft, number: int) -> Line:
    behalf = str(actor.on_behalf_of) if actor.on_behalf_of else None
    secret = json.dumps({**draft.secret, "record": draft.record, "on_behalf_of": behalf}, ensure_ascii=False)
    seal = draft.box.seal(secret.encode(), "seal", ring.instance, draft.register, draft.record, number)
    return Line(
        number=number,
        salt=secrets.token_hex(8),
        roles=",".join(sorted(actor.roles))[:200],
        organisation=actor.organisation_id,
        channel=actor.channel,
        on_behalf=actor.on_behalf_of is not None,
        action=draft.action,
        purpose=draft.purpose,
        register=draft.register,
        verdict=draft.verdict,
        rules=list(draft.rules),
        rule_set=draft.rule_set,
        request=draft.request,
        tag=draft.tag,
        seal=seal,
        seal_hash=engine.digest(seal),
    )
