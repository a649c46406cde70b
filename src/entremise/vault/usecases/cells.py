"""From sealed cells to values and back, once everything is decided and journalled.

Nobody outside this context may import this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db import transaction

from entremise.kernel.db import adapted, insert_rows, marks
from entremise.vault import engine, registry
from entremise.vault.models import BlindIndex, Cell, Record, RecordKey
from entremise.vault.usecases import keyring
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


def _manifest(versions: Mapping[str, int]) -> bytes:
    return json.dumps(versions, sort_keys=True).encode()


def seal_manifest(ring: Keyring, box: engine.Box, record: Record, versions: Mapping[str, int]) -> None:
    """Put the manifest of the record's present version on the row, unsaved."""
    record.manifest = box.seal(
        _manifest(versions), "manifest", ring.instance, record.register, record.pk, record.version
    )


def seal_value(ring: Keyring, box: engine.Box, record: Record, field: str, value: str) -> bytes:
    """A value sealed for one field of a record at its present version."""
    parts = ("cell", ring.instance, record.register, record.pk, field, record.version)
    return box.seal(value.encode(), *parts)


def insert(rows: Iterable[tuple[UUID, str, int, bytes]]) -> None:
    """Insert cells (record, field, version, blob) past the ORM, which takes longer than the sealing itself."""
    insert_rows(Cell, ("record_id", "field", "version", "blob"), list(rows))


def insert_new(
    ring: Keyring, register: str, rows: Sequence[tuple[Record, RecordKey, engine.Box, Mapping[str, str]]]
) -> None:
    """The first version of many records of one register: keys, records, manifests, cells, blind indexes.

    What is equal for all is made ready once; nothing passes by the ORM. `{field: value}` holds no empty value; fields
    that are searched come normalised. Inside the transaction of the caller.
    """
    cell, manifest = ("cell", ring.instance, register), ("manifest", ring.instance, register)
    begin = {"cell": engine.bind(*cell), "manifest": engine.bind(*manifest)}
    first = engine.bind(1)
    ends: dict[str, bytes] = {}
    manifests: dict[tuple[str, ...], bytes] = {}
    indexed, key = registry.profile(register).indexed, ring.indexes[register]
    sealed: list[tuple[UUID, str, int, bytes]] = []
    index: list[tuple[UUID, str, str, bytes]] = []
    for record, _, box, values in rows:
        me = engine.bind(record.pk)
        fields = tuple(values)
        if fields not in manifests:
            manifests[fields] = _manifest(dict.fromkeys(fields, 1))
        record.manifest = box.seal_bound(manifests[fields], begin["manifest"] + me + first)
        head = begin["cell"] + me
        for field, value in values.items():
            if field not in ends:
                ends[field] = engine.bind(field, 1)
            sealed.append((record.pk, field, 1, box.seal_bound(value.encode(), head + ends[field])))
            if field.partition("#")[0] in indexed:
                index += [
                    (record.pk, register, by, engine.blind(key, base, one)) for by, base, one in _said(field, value)
                ]
    keys = [(row.record, row.register, row.epoch, row.blob, row.floor, row.ceiling) for _, row, _, _ in rows]
    with keyring.writable(), transaction.atomic(using="keys"):
        insert_rows(RecordKey, ("record", "register", "epoch", "blob", "floor", "ceiling"), keys)
    names = [field.attname for field in Record._meta.concrete_fields]
    insert_rows(Record, names, [[getattr(record, name) for name in names] for record, _, _, _ in rows])
    insert(sealed)
    insert_rows(BlindIndex, ("record_id", "register", "by", "digest"), index)


BETWEEN = " / "
"""Between several telephones of one cell, each found by itself."""
RANKS = range(2, 10)


def _said(field: str, value: str) -> list[tuple[str, str, str]]:
    """(`by`, base, value) of each thing a cell lets be searched: `phone`, then `phone#2`… of a cell of several."""
    base, mark, _ = field.partition("#")
    if mark or BETWEEN not in value:
        return [(field, base, value)]
    parts = value.split(BETWEEN)[: len(RANKS) + 1]
    return [(field if n == 1 else f"{field}#{n}", base, part) for n, part in enumerate(parts, start=1)]


def searched(ring: Keyring, register: str, field: str, value: str) -> list[tuple[str, bytes]]:
    """What the blind index keeps of a cell; nothing for a field that is not searched."""
    if field.partition("#")[0] not in registry.profile(register).indexed or not value:
        return []
    key = ring.indexes[register]
    return [(by, engine.blind(key, base, one)) for by, base, one in _said(field, value)]


def indexes_of(field: str) -> list[str]:
    """Every `by` under which a field may stand in the blind index."""
    return [field] if "#" in field else [field, *(f"{field}#{n}" for n in RANKS)]


def read(
    ring: Keyring,
    allowed: Mapping[UUID, Iterable[str]],
    known: Mapping[UUID, tuple[Record, RecordKey]] | None = None,
) -> dict[UUID, dict[str, str] | None]:
    """`{record: {field: value}}` for the fields allowed of each record; None for a record that was altered.

    Three queries, whatever the number of records; one when the caller has just read the rows (`known`). A write that
    lands between them looks like an alteration: the doubtful records are read again before the alarm is given.
    """
    values: dict[UUID, dict[str, str] | None] = {}
    left = {pk: set(fields) for pk, fields in allowed.items()}
    for attempt in range(ATTEMPTS):
        if not left:
            break
        if known is not None and attempt == 0:
            records = {pk: known[pk][0] for pk in left}
            keys = {pk: known[pk][1] for pk in left}
        else:
            keys = RecordKey.objects.in_bulk(list(left))
            records = Record.objects.in_bulk(list(left))
        cells: dict[UUID, dict[str, Cell]] = {pk: {} for pk in left}
        fields = set().union(*left.values())
        sql = f"SELECT * FROM vault_cell WHERE record_id IN ({marks(left)}) AND field IN ({marks(fields)})"  # noqa: S608
        for cell in Cell.objects.raw(sql, adapted([*left, *fields])):
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
