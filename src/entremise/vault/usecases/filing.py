"""Files that come back: cells of many records written again, without anybody reading them; states of many records.

Nobody learns anything by it. The file itself is a deed that a rule allows (`import_file`); each record then obeys the
person and the register, as a first writing does (`fixed-collect`): what is frozen, closed or refused is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record as trace
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.vault import engine
from entremise.vault.models import BlindIndex, Cell, Record, RecordKey
from entremise.vault.usecases import cells, deciding, fixed, journal, keyring, situating
from entremise.vault.usecases.asking import motive_given, purpose_known, question
from entremise.vault.usecases.facts import REACHED_FROM
from entremise.vault.usecases.situating import Case
from entremise.vault.usecases.writing import _line, _tampered, _writable

MOVED = declare("vault.records.moved", "a changé l’état de plusieurs fiches d’un registre")
IMPORT = "import_file"
SOME = 500


@sensitive_variables()
@transaction.atomic
def rewrite_many(
    actor: Actor, *, rows: Mapping[UUID, Mapping[str, str]], register: str, purpose: str, motive: str
) -> frozenset[UUID]:
    """New versions of cells of records that exist, in bulk; the persons whose cells were written. One line each.

    An empty value removes its cell; fields not named keep theirs. Whoever has no record there, or one that is frozen,
    closed, or whose person refuses the purpose, is left out. Raises NotAllowed, Tampered, FieldUnknown, ValueTooLong.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    if not rows:
        return frozenset()
    known = {one.name: one for one in _writable({name: v for row in rows.values() for name, v in row.items()})}
    ring, asker = keyring.load({register}), question(actor, purpose)
    where = situating.registers(asker, {register})
    verdict, number = deciding.decide_deed(asker, IMPORT, where[register])
    if not verdict.allowed:
        raise NotAllowed(f"Vous ne pouvez pas traiter ce fichier. {deciding.refusal(asker, verdict).reason}")
    found: list[tuple[Case, RecordKey]] = []
    for start in range(0, len(rows), SOME):
        some = list(rows)[start : start + SOME]
        kept = Record.objects.select_for_update().filter(person__in=some, register=register)
        records = list(kept.exclude(status__in=("frozen", "closed")))
        keys = RecordKey.objects.in_bulk([record.pk for record in records])
        for record in records:
            if (key := keys.get(record.pk)) is None:
                continue
            try:
                box = ring.unwrap(key)
            except engine.InvalidTag:
                raise _tampered(record) from None
            found.append((Case(record.person, register, record, box, tag=ring.tag(record.pk), key=key), key))
    situating.situate(asker, where, [case for case, _ in found])
    found = [(case, key) for case, key in found if case.facts and not fixed.may_collect(case.facts, asker)]
    lines = [
        _line(ring, asker, case, "collect", True, verdict.by, sorted(rows[case.person]), motive, number)
        for case, _ in found
    ]
    journal.append(ring, actor, lambda: lines)
    written = {
        case.person: {known[name].field: value for name, value in rows[case.person].items()} for case, _ in found
    }
    _put_many(ring, register, found, written)
    return frozenset(written)


@sensitive_variables()
def _put_many(
    ring: keyring.Keyring,
    register: str,
    found: Sequence[tuple[Case, RecordKey]],
    written: Mapping[UUID, Mapping[str, str]],
) -> None:
    """The next version of each record, as `writing` puts one: ceilings first, floors once committed."""
    pks = [key.pk for _, key in found]
    with keyring.writable():
        for start in range(0, len(pks), SOME):
            RecordKey.objects.filter(pk__in=pks[start : start + SOME]).update(ceiling=F("ceiling") + 1)
    fresh: list[tuple[UUID, str, int, bytes]] = []
    gone: dict[str, list[UUID]] = defaultdict(list)
    index: list[BlindIndex] = []
    floors: dict[int, list[UUID]] = defaultdict(list)
    records = []
    for case, key in found:
        record, box = case.record, case.box
        if record is None or box is None:
            continue
        try:
            versions = cells.manifest_of(ring, box, record, key)
        except cells.Altered:
            raise _tampered(record) from None
        record.version = key.ceiling + 1
        values = written[case.person]
        for field, value in values.items():
            gone[field].append(record.pk)
            versions.pop(field, None)
            if value:
                versions[field] = record.version
                fresh.append((record.pk, field, record.version, cells.seal_value(ring, box, record, field, value)))
                index += [
                    BlindIndex(record_id=record.pk, register=register, by=by, digest=digest)
                    for by, digest in cells.searched(ring, register, field, value)
                ]
        cells.seal_manifest(ring, box, record, versions)
        floors[record.version].append(record.pk)
        records.append(record)
    for field, some in gone.items():
        for start in range(0, len(some), SOME):
            part = some[start : start + SOME]
            Cell.objects.filter(record__in=part, field=field).delete()
            BlindIndex.objects.filter(record__in=part, by__in=cells.indexes_of(field)).delete()
    cells.insert(fresh)
    BlindIndex.objects.bulk_create(index, batch_size=SOME)
    Record.objects.bulk_update(records, ["version", "manifest"], batch_size=200)
    transaction.on_commit(partial(_raise_floors, floors), robust=True)


def _raise_floors(floors: Mapping[int, Sequence[UUID]]) -> None:
    for version, pks in floors.items():
        for start in range(0, len(pks), SOME):
            RecordKey.objects.filter(pk__in=pks[start : start + SOME], floor__lt=version).update(floor=version)


@transaction.atomic
def set_records(
    actor: Actor, *, persons: Collection[UUID], register: str, status: str, sources: Collection[str]
) -> int:
    """Move the records of many persons of one register to a state, from these states only; how many, one trace.

    Guarded as `set_record` is: those that are elsewhere by now stay where they are. Raises ValidationError.
    """
    if status not in REACHED_FROM or not set(sources) <= set(REACHED_FROM[status]):
        raise ValidationError({"status": "Choisissez un état de la liste."})
    asked, moved = list(dict.fromkeys(persons)), 0
    for start in range(0, len(asked), SOME):
        some = asked[start : start + SOME]
        rows = Record.objects.filter(person__in=some, register=register, status__in=list(sources))
        moved += rows.update(status=status)
    if moved:
        trace(actor, MOVED, Record(pk=asked[0]), register=register, status=status, records=moved)
    return moved
