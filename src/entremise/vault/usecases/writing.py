"""Writing, giving, taking back."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record as trace
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.vault import engine, policies, registry
from entremise.vault.models import BlindIndex, Cell, Record, RecordKey, Release
from entremise.vault.registry import Asked
from entremise.vault.usecases import cells, journal, keyring
from entremise.vault.usecases.asking import fields_known, motive_given, purpose_known
from entremise.vault.usecases.keyring import Keyring
from entremise.vault.usecases.refusals import Busy, FieldUnknown, Tampered, ValueTooLong

log = logging.getLogger("entremise.vault")

RELEASED = declare("vault.contact.released", "a transmis des coordonnées convenues")
RELEASED_MANY = declare("vault.releases.granted", "a transmis des coordonnées, plusieurs à la fois")
REVOKED = declare("vault.contact.revoked", "a retiré une transmission de coordonnées")

LONGEST = 20_000
"""Characters in one value."""


@sensitive_variables()
@transaction.atomic
def write(actor: Actor, *, person: UUID, values: Mapping[str, str | None], purpose: str, motive: str) -> None:
    """Write new versions of cells; an empty value removes its cell, the fields not named keep theirs.

    A person's first cells may be written by anybody (making oneself known); later ones by those whom a rule allows,
    all fields or none. Two writers of one record wait for each other: no cell is lost. Values that are searched
    must come normalised. Traced in the access journal, before the write, whatever becomes of the transaction.
    Raises NotAllowed, NotFound (erased), ValueTooLong, Tampered, Busy, and as `open`.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    asked = _writable(values)
    ring = keyring.load({one.register for one in asked})
    for register in sorted({one.register for one in asked}):
        fields = [one for one in asked if one.register == register]
        _write_record(ring, actor, person, register, fields, values, purpose, motive)


def _writable(values: Mapping[str, str | None]) -> list[Asked]:
    asked = fields_known(values)
    if not asked:
        raise FieldUnknown("Donnez au moins un champ à écrire.")
    if any(len(value or "") > LONGEST for value in values.values()):
        raise ValueTooLong(f"Un texte est trop long : écrivez {LONGEST} caractères au plus.")
    return asked


@sensitive_variables()
def _write_record(
    ring: Keyring,
    actor: Actor,
    person: UUID,
    register: str,
    asked: Sequence[Asked],
    values: Mapping[str, str | None],
    purpose: str,
    motive: str,
) -> None:
    Record.objects.bulk_create([Record(person=person, register=register)], ignore_conflicts=True)
    record = Record.objects.select_for_update().get(person=person, register=register)  # the second writer waits here
    new = record.version == 0
    key = RecordKey.objects.filter(pk=record.pk).first()
    if new and key is None:
        key, box = ring.new_record_key(record.pk, register)
    elif key is not None:
        try:
            box = ring.unwrap(key)
        except engine.InvalidTag:
            raise _tampered(record) from None
    else:
        raise NotFound("Cette personne a demandé son effacement.")
    relations = frozenset(({"self"} if actor.person_id == person else set()) | ({"new"} if new else set()))
    _journal_write(ring, actor, [(record, box)], asked, purpose, motive, relations)
    _put(ring, record, key, box, {one: values[one.name] or "" for one in asked})


def _tampered(record: Record) -> Tampered:
    log.error("tampered record %s", record.pk)
    return Tampered(
        "Cette fiche a été modifiée hors du logiciel : elle reste fermée, rien n’a été écrit. "
        "Prévenez la personne qui administre le serveur."
    )


def _journal_write(
    ring: Keyring,
    actor: Actor,
    records: Sequence[tuple[Record, engine.Box]],
    asked: Sequence[Asked],
    purpose: str,
    motive: str,
    relations: frozenset[str],
) -> None:
    """One line per record; NotAllowed, journalled, when a field is refused."""
    rules, refused = set(), []
    for category in dict.fromkeys(one.category for one in asked):
        grant = policies.decide(actor, action="write", purpose=purpose, category=category, relations=relations)
        if grant:
            rules.add(grant.id)
        else:
            refused.append(registry.CATEGORIES[category])
    lines = [
        journal.Draft(
            action="write",
            purpose=purpose,
            register=record.register,
            verdict="refused" if refused else "granted",
            rules=tuple(sorted(rules)),
            tag=ring.tag(record.pk),
            record=str(record.pk),
            box=box,
            secret={"fields": sorted(one.name for one in asked), "motive": motive},
        )
        for record, box in records
    ]
    journal.append(ring, actor, lambda seen: lines, counted=False)
    if refused:
        raise NotAllowed(f"Aucune règle ne vous autorise à écrire : {', '.join(refused)}. Rien n’a été enregistré.")


@sensitive_variables()
def _put(ring: Keyring, record: Record, key: RecordKey, box: engine.Box, values: Mapping[Asked, str]) -> None:
    """Cells and manifest at the next version.

    The ceiling rises in the base of keys first; the floor follows once the cells are committed. If the caller rolls
    back, the old state stays readable: its version still lies between the two.
    """
    try:
        versions = cells.manifest_of(ring, box, record, key)
    except cells.Altered:
        raise _tampered(record) from None
    record.version = key.ceiling + 1
    if key._state.adding:
        key.floor = key.ceiling = record.version
        with keyring.writable():
            key.save(force_insert=True)
    else:
        with keyring.writable():
            rows = RecordKey.objects.filter(pk=key.pk, ceiling=key.ceiling).update(ceiling=F("ceiling") + 1)
        if not rows:
            raise Busy("Quelqu’un modifie cette fiche au même moment. Rechargez la page et recommencez.")
        transaction.on_commit(partial(_raise_floor, record.pk, record.version), robust=True)
    fields = [one.field for one in values]
    Cell.objects.filter(record=record, field__in=fields).delete()
    fresh = {one.field: value for one, value in values.items() if value}
    cells.insert(
        (record.pk, field, record.version, cells.seal_value(ring, box, record, field, value))
        for field, value in fresh.items()
    )
    versions = {field: version for field, version in versions.items() if field not in fields}
    cells.seal_manifest(ring, box, record, versions | dict.fromkeys(fresh, record.version))
    record.save(update_fields=["version", "manifest"])
    searched = {one.field: value for one, value in values.items() if one.field in _indexed(record.register)}
    BlindIndex.objects.filter(record=record, by__in=searched).delete()
    BlindIndex.objects.bulk_create(_index(ring, record, searched))


def _raise_floor(record: UUID, version: int) -> None:
    RecordKey.objects.filter(pk=record, floor__lt=version).update(floor=version)


def _indexed(register: str) -> frozenset[str]:
    return registry.profile(register).indexed


def _index(ring: Keyring, record: Record, searched: Mapping[str, str]) -> list[BlindIndex]:
    key = ring.indexes[record.register]
    return [
        BlindIndex(record_id=record.pk, register=record.register, by=by, digest=engine.blind(key, by, value))
        for by, value in searched.items()
        if value
    ]


@sensitive_variables()
@transaction.atomic
def write_many(
    actor: Actor, *, rows: Mapping[UUID, Mapping[str, str]], register: str, purpose: str, motive: str
) -> None:
    """The first cells of many new persons (imports, demonstration), in bulk; one journal line each.

    Field names carry their register, as in `write`. A person who already has a record in the register, or who is
    given no value at all, is an error of the caller: IntegrityError, FieldUnknown.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    if not rows:
        return
    known = {one.name: one for one in _writable({name: "" for row in rows.values() for name in row})}
    if any(one.register != register for one in known.values()) or not all(any(row.values()) for row in rows.values()):
        raise FieldUnknown("Chaque personne a au moins un champ, dans le registre annoncé.")
    if any(len(value) > LONGEST for row in rows.values() for value in row.values()):
        raise ValueTooLong(f"Un texte est trop long : écrivez {LONGEST} caractères au plus.")
    ring = keyring.load({register})
    records, keys = [], []
    for person in rows:
        record = Record(person=person, register=register, version=1)
        key, box = ring.new_record_key(record.pk, register)
        key.floor = key.ceiling = 1
        records.append((record, box))
        keys.append(key)
    _journal_write(ring, actor, records, list(known.values()), purpose, motive, frozenset({"new"}))
    cells.insert_new(
        ring,
        register,
        [
            (record, key, box, {known[name].field: value for name, value in row.items() if value})
            for (record, box), key, row in zip(records, keys, rows.values(), strict=True)
        ],
    )


@transaction.atomic
def release(actor: Actor, *, giver: UUID, receiver: UUID, fields: Iterable[str], purpose: str, until: datetime) -> int:
    """Record that `receiver` may read these fields of `giver` until then, for this purpose; the release's number.

    Whoever may decide so (a double yes) is checked by the calling use case. Raises PurposeUnknown, FieldUnknown.
    """
    purpose_known(purpose)
    names = sorted({one.name for one in fields_known(fields)})
    if not names:
        raise FieldUnknown("Indiquez au moins un champ à transmettre.")
    row = Release(giver=giver, receiver=receiver, fields=names, purpose=purpose, at=clock.now(), until=until)
    row.full_clean(exclude=["revoked_at"])
    row.save()
    trace(actor, RELEASED, row, purpose=purpose, fields=len(names))
    return row.pk


@transaction.atomic
def release_many(
    actor: Actor, *, rows: Sequence[tuple[UUID, UUID, Sequence[str], datetime]], purpose: str
) -> list[int]:
    """Many releases at once (demonstration), one trace: (giver, receiver, fields, until); their numbers, in order.

    A date already past makes a release that opens nothing. Raises PurposeUnknown, FieldUnknown.
    """
    purpose_known(purpose)
    if not rows:
        return []
    fields_known(sorted({name for _, _, names, _ in rows for name in names}))
    now = clock.now()
    made = Release.objects.bulk_create(
        Release(giver=giver, receiver=receiver, fields=sorted(names), purpose=purpose, at=now, until=until)
        for giver, receiver, names, until in rows
    )
    trace(actor, RELEASED_MANY, made[0], purpose=purpose, releases=len(made))
    return [row.pk for row in made]


@transaction.atomic
def revoke_release(actor: Actor, *, release: int) -> bool:
    """Take a release back, at once; False when it already was. NotFound when it never existed."""
    if not Release.objects.filter(pk=release, revoked_at=None).update(revoked_at=clock.now()):
        if Release.objects.filter(pk=release).exists():
            return False
        raise NotFound("Cette transmission de coordonnées n’existe pas.")
    trace(actor, REVOKED, Release(pk=release))
    return True
