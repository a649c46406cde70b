"""From sealed cells to values and back, once everything is decided and journalled.

Nobody outside this context may import this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import connection

from entremise.vault import engine
from entremise.vault.models import Cell, Record, RecordKey
from entremise.vault.usecases.keyring import Keyring

ATTEMPTS = 3


class Altered(Exception):
    """A cell, a manifest or a version is not what was written. Says nothing else."""


def manifest_of(ring: Keyring, box: engine.Box, record: Record, key: RecordKey) -> dict[str, int]:
    """`{field: version}` of a record; Altered when it was changed, moved, or put back from an older file."""
    if not record.version:
        return {}
    if not key.floor <= record.version <= key.ceiling:
        raise Altered
    parts = ("manifest", ring.instance, record.register, record.pk, record.version)
    try:
        versions: dict[str, int] = json.loads(box.unseal(bytes(record.manifest), *parts))
    except engine.InvalidTag:
        raise Altered from None
    return versions


def rows(record: Record, found: Iterable[tuple[str, int, bytes]]) -> list[Cell]:
    """Cells read past the ORM: (field, version, blob)."""
    return [Cell(record=record, field=field, version=version, blob=blob) for field, version, blob in found]


def is_whole(ring: Keyring, record: Record, key: RecordKey, cells: Iterable[Cell] | None = None) -> bool:
    """Whether the manifest and every cell of a record (`cells`, or those of the table) open under its version."""
    here = Cell.objects.filter(record=record) if cells is None else cells
    try:
        box = ring.unwrap(key)
        versions = manifest_of(ring, box, record, key)
        found = {cell.field: cell for cell in here}
        _open(ring, box, record, versions, found, {*versions, *found})
    except (Altered, engine.InvalidTag):
        return False
    return True


def seal_manifest(ring: Keyring, box: engine.Box, record: Record, versions: Mapping[str, int]) -> None:
    """Put the manifest of the record's present version on the row, unsaved."""
    text = json.dumps(versions, sort_keys=True).encode()
    record.manifest = box.seal(text, "manifest", ring.instance, record.register, record.pk, record.version)


def seal_value(ring: Keyring, box: engine.Box, record: Record, field: str, value: str) -> bytes:
    """A value sealed for one field of a record at its present version."""
    parts = ("cell", ring.instance, record.register, record.pk, field, record.version)
    return box.seal(value.encode(), *parts)


def insert(rows: Iterable[tuple[UUID, str, int, bytes]]) -> None:
    """Insert cells (record, field, version, blob) past the ORM, which takes longer than the sealing itself."""
    key = Record._meta.pk
    binary = connection.Database.Binary  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO vault_cell (record_id, field, version, blob) VALUES (%s, %s, %s, %s)",
            [
                (key.get_db_prep_value(record, connection), field, version, binary(blob))
                for record, field, version, blob in rows
            ],
        )


def read(ring: Keyring, allowed: Mapping[UUID, Iterable[str]]) -> dict[UUID, dict[str, str] | None]:
    """`{record: {field: value}}` for the fields allowed of each record; None for a record that was altered.

    Three queries, whatever the number of records. A write that lands between them looks like an alteration:
    the doubtful records are read again before the alarm is given.
    """
    values: dict[UUID, dict[str, str] | None] = {}
    left = {pk: set(fields) for pk, fields in allowed.items()}
    for _ in range(ATTEMPTS):
        if not left:
            break
        keys = RecordKey.objects.in_bulk(list(left))
        records = Record.objects.in_bulk(list(left))
        cells: dict[UUID, dict[str, Cell]] = {pk: {} for pk in left}
        fields = set().union(*left.values())
        for cell in Cell.objects.filter(record__in=list(left), field__in=fields):
            cells[cell.record_id][cell.field] = cell
        for pk in list(left):
            if pk not in records or pk not in keys:  # erased a moment ago
                values[pk] = {}
                del left[pk]
                continue
            try:
                values[pk] = _values(ring, records[pk], keys[pk], cells[pk], left[pk])
                del left[pk]
            except (Altered, engine.InvalidTag):
                values[pk] = None
    return values


def _values(
    ring: Keyring, record: Record, key: RecordKey, cells: Mapping[str, Cell], fields: Iterable[str]
) -> dict[str, str]:
    box = ring.unwrap(key)
    return _open(ring, box, record, manifest_of(ring, box, record, key), cells, fields)


def _open(
    ring: Keyring,
    box: engine.Box,
    record: Record,
    versions: Mapping[str, int],
    cells: Mapping[str, Cell],
    fields: Iterable[str],
) -> dict[str, str]:
    values = {}
    for field in fields:
        version, cell = versions.get(field), cells.get(field)
        if version is None and cell is None:
            continue
        if cell is None or cell.version != version:
            raise Altered
        parts = ("cell", ring.instance, record.register, record.pk, field, version)
        values[field] = box.unseal(bytes(cell.blob), *parts).decode()
    return values
