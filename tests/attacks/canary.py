"""Values nobody else has, put in every sealed field, and where they must not be found again."""

from __future__ import annotations

import base64
import html
import json
import random
import secrets
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import quote

from django.db import connections
from django.urls import URLPattern, URLResolver, get_resolver

from entremise.kernel import ids
from entremise.vault import registry
from entremise.vault.models import Record
from entremise.vault.usecases import cells, keyring


def value_for(code: str, category: str) -> str:
    """A value of the shape of this field, drawn at random: found somewhere, it comes from here."""
    digits = f"{random.randrange(10**4):04d}"
    if code == "email":
        return f"serin{secrets.token_hex(6)}@exemple.fr"
    if category == "phone":
        return f"+3363998{digits}"
    if category == "position":
        return f"45.{random.randrange(10**7):07d},5.{random.randrange(10**7):07d}"
    return f"Canari-{secrets.token_hex(6)} é"


def seed_profiles() -> list[str]:
    """A record for each declared profile but Entraide, whose doors are tried for real; sealed as ever."""
    values = []
    for profile in registry.profiles().values():
        if profile.code == "entraide":
            continue
        ring = keyring.load({profile.code})
        record = Record(person=ids.uuid7(), register=profile.code, version=1)
        key, box = ring.new_record_key(record.pk, profile.code)
        key.floor = key.ceiling = 1
        here = {}
        for code in profile.fields:
            field = f"{code}#essai" if code in profile.repeated else code
            here[field] = value_for(code, profile.category(code))
        cells.insert_new(ring, profile.code, [(record, key, box, here)])
        values += here.values()
    return values


@cache
def needles(value: str) -> dict[str, bytes]:
    """The ways one value may be written: as is, and as programs write it."""
    raw = value.encode()
    found = {
        "raw": raw,
        "hex": raw.hex().encode(),
        "utf-16-le": value.encode("utf-16-le"),
        "utf-16-be": value.encode("utf-16-be"),
        "percent": quote(value).encode(),
        "json": json.dumps(value)[1:-1].encode(),
        "html": html.escape(value).encode(),
    }
    for shift in range(3):  # base64 depends on what stands before: its middle does not
        whole = base64.b64encode(b"\0" * shift + raw)
        found[f"base64+{shift}"] = whole[(shift * 8 + 5) // 6 + (1 if shift else 0) : -4]
    if value.startswith("+33"):
        found["national"] = b"0" + raw[3:]
        found["readable"] = " ".join(f"0{value[3:]}"[n : n + 2] for n in range(0, 10, 2)).encode()
    return found


@cache
def _by_beginning(values: tuple[str, ...]) -> dict[bytes, list[tuple[str, bytes]]]:
    """The needles of all these values under their first four bytes, which most of them share."""
    found: dict[bytes, list[tuple[str, bytes]]] = {}
    for value in values:
        for how, needle in needles(value).items():
            found.setdefault(needle[:4], []).append((f"{value} ({how})", needle))
    return found


def leaks(text: bytes, values: Iterable[str]) -> list[str]:
    """Which values lie in the text, and how written; a beginning that is not there spares a hundred searches."""
    return [
        said
        for beginning, sought in _by_beginning(tuple(values)).items()
        if beginning in text
        for said, needle in sought
        if needle in text
    ]


def addresses(words: dict[str, Iterable[object]]) -> Iterator[str]:
    """Every address of the site, for each value that its parameters may take (`words`: parameter → values)."""
    yield from _addresses(get_resolver(), "/", words)


def _addresses(resolver: URLResolver, begin: str, words: dict[str, Iterable[object]]) -> Iterator[str]:
    for entry in resolver.url_patterns:
        routes = [begin]
        rest = str(entry.pattern)
        names = list(entry.pattern.converters) if hasattr(entry.pattern, "converters") else []
        for name in names:
            kind = type(entry.pattern.converters[name]).__name__.removesuffix("Converter").lower()
            marks = (f"<{kind}:{name}>", f"<{name}>", f"<string:{name}>", f"<str:{name}>")
            written = next((mark for mark in marks if mark in rest), None)
            if written:
                rest = rest.replace(written, f"\0{name}\0")
        routes = [begin + rest]
        for name in names:
            values = list(words.get(name, ())) or ["1"]
            routes = [route.replace(f"\0{name}\0", str(value)) for route in routes for value in values]
        for route in dict.fromkeys(routes):
            if isinstance(entry, URLResolver):
                yield from _addresses(entry, route, words)
            elif isinstance(entry, URLPattern) and not any(sign in route for sign in "^$(<\0"):
                yield route


def rows_of(alias: str) -> bytes:
    """Every value of every table, as the database gives it."""
    values = []
    with connections[alias].cursor() as cursor:
        for table in connections[alias].introspection.table_names(cursor):
            if table.startswith(("territories_", "sqlite_")):  # public data, by the hundred thousand
                continue
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                values += [bytes(v) if isinstance(v, (bytes, memoryview)) else str(v).encode() for v in row]
    return b"\n".join(values)


def files_of(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of these folders: databases, their write-ahead logs, caches, uploads."""
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file():
                yield str(file), file.read_bytes()
