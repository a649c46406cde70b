"""Writing, giving, taking back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from entremise.rules import queries as rules
from entremise.rules.engine import RecordFacts, RegisterFacts
from entremise.vault import engine, registry
from entremise.vault.models import BlindIndex, Cell, Record, RecordKey, Release
from entremise.vault.registry import Asked
from entremise.vault.usecases import cells, deciding, fixed, journal, keyring, situating
from entremise.vault.usecases.asking import Question, fields_known, motive_given, purpose_known, question
from entremise.vault.usecases.deciding import UNKNOWN
from entremise.vault.usecases.keyring import Keyring
from entremise.vault.usecases.refusals import Busy, FieldUnknown, Tampered, ValueTooLong
from entremise.vault.usecases.situating import Case

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

    A person's first cells may be written by anybody (making oneself known, `fixed-collect`); later ones by those whom
    a rule allows, all fields or none. Two writers of one record wait for each other: no cell is lost. Values that are
    searched must come normalised. Traced in the access journal, before the write, whatever becomes of the transaction.
    Raises NotAllowed with the reasons, NotFound (erased), ValueTooLong, Tampered, Busy, and as `open`.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    asked = _writable(values)
    codes = sorted({one.register for one in asked})
    ring = keyring.load(codes)
    asker = question(actor, purpose)
    where = situating.registers(asker, codes)
    for register in codes:
        fields = [one for one in asked if one.register == register]
        _write_record(ring, asker, where, person, register, fields, values, motive)


@sensitive_variables()
@transaction.atomic
def deposit(actor: Actor, *, person: UUID, values: Mapping[str, str | None], purpose: str, motive: str) -> None:
    """Seal what somebody typed about a person during a call, in the registers that take deposits (`fixed-deposit`).

    Nothing is read by it, so that no assignment is asked: a report that comes late is kept whole. An empty value takes
    a deposit back. Whoever may have typed it is checked by the calling use case. Raises as `write`.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    asked = _writable(values)
    codes = sorted({one.register for one in asked})
    ring = keyring.load(codes)
    asker = question(actor, purpose)
    where = situating.registers(asker, codes)
    for register in codes:
        fields = [one for one in asked if one.register == register]
        _write_record(ring, asker, where, person, register, fields, values, motive, deposited=True)


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
    asker: Question,
    where: Mapping[str, RegisterFacts],
    person: UUID,
    register: str,
    asked: Sequence[Asked],
    values: Mapping[str, str | None],
    motive: str,
    *,
    deposited: bool = False,
) -> None:
    fresh = Record(person=person, register=register, status=situating.first_status(register))
    Record.objects.bulk_create([fresh], ignore_conflicts=True)
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
    case = Case(person, register, record, box, tag=ring.tag(record.pk))
    situating.situate(asker, where, [case])
    if deposited:
        _collect(ring, asker, [case], asked, motive, by=fixed.DEPOSIT, may=fixed.may_deposit)
    else:
        (_collect if new else _change)(ring, asker, [case], asked, motive)
    _put(ring, record, key, box, {one: values[one.name] or "" for one in asked})


def _tampered(record: Record) -> Tampered:
    log.error("tampered record %s", record.pk)
    return Tampered(
        "Cette fiche a été modifiée hors du logiciel : elle reste fermée, rien n’a été écrit. "
        "Prévenez la personne qui administre le serveur."
    )


def _collect(
    ring: Keyring,
    asker: Question,
    found: Sequence[Case],
    asked: Sequence[Asked],
    motive: str,
    *,
    by: str = fixed.COLLECT,
    may: Callable[[RecordFacts, Question], str] = fixed.may_collect,
) -> None:
    """What is written and read by nobody (a fixed act): one line each; NotAllowed, journalled, with the reason."""
    said = sorted(one.name for one in asked)
    reasons = [may(case.facts, asker) if case.facts else UNKNOWN.reason for case in found]
    why = next(filter(None, reasons), "")
    number = rules.active_number() or 0
    lines = [
        _line(ring, asker, case, "collect", not why, (by,) if not why else (), said, motive, number) for case in found
    ]
    journal.append(ring, asker.actor, lambda: lines)
    if why:
        raise NotAllowed(f"{why} Rien n’a été enregistré.")


def _change(ring: Keyring, asker: Question, found: Sequence[Case], asked: Sequence[Asked], motive: str) -> None:
    """What a rule lets be written on records that exist: one line each, all fields or none. NotAllowed, journalled."""
    said = sorted(one.name for one in asked)

    def drafts() -> list[journal.Draft]:
        seen = deciding.seen_in_hour(journal.human(ring, asker.actor), asker) if asker.who else frozenset()
        number = deciding.decide_fields(asker, "write", found, asked, seen)
        return [
            _line(ring, asker, case, "write", not case.refused, tuple(sorted(case.rules)), said, motive, number)
            for case in found
        ]

    journal.append(ring, asker.actor, drafts)
    if not any(case.refused for case in found):
        return
    reasons = dict.fromkeys(refused.reason for case in found for refused in case.refused.values())
    names = {one.name: registry.CATEGORIES[one.category] for one in asked}
    closed = dict.fromkeys(names[name] for case in found for name in case.refused)
    raise NotAllowed(f"Vous ne pouvez pas écrire : {', '.join(closed)}. {' '.join(reasons)} Rien n’a été enregistré.")


def _line(
    ring: Keyring,
    asker: Question,
    case: Case,
    action: str,
    granted: bool,
    by: tuple[str, ...],
    fields: Sequence[str],
    motive: str,
    rule_set: int,
) -> journal.Draft:
    return journal.Draft(
        action=action,
        purpose=asker.purpose,
        register=case.register,
        verdict="granted" if granted else "refused",
        rules=by,
        tag=case.tag,
        record=str(case.record.pk) if case.record else "",
        box=case.box or ring.box,
        secret={"fields": list(fields), "motive": motive},
        rule_set=rule_set,
        request=asker.request,
    )


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
    by = [name for field in fields for name in cells.indexes_of(field)]
    BlindIndex.objects.filter(record=record, by__in=by).delete()
    BlindIndex.objects.bulk_create(
        BlindIndex(record_id=record.pk, register=record.register, by=by, digest=digest)
        for field, value in fresh.items()
        for by, digest in cells.searched(ring, record.register, field, value)
    )


def _raise_floor(record: UUID, version: int) -> None:
    RecordKey.objects.filter(pk=record, floor__lt=version).update(floor=version)


@sensitive_variables()
@transaction.atomic
def write_many(
    actor: Actor,
    *,
    rows: Mapping[UUID, Mapping[str, str]],
    register: str,
    purpose: str,
    motive: str,
    frozen: bool = False,
) -> None:
    """The first cells of many new persons (imports, demonstration), in bulk; one journal line each.

    `frozen`: they serve nothing yet, until `set_records` says that the whole file is in.

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
    asker = question(actor, purpose)
    where = situating.registers(asker, {register})
    records, keys, found = [], [], []
    status = "frozen" if frozen else situating.first_status(register)
    for person in rows:
        record = Record(person=person, register=register, version=1, status=status)
        key, box = ring.new_record_key(record.pk, register)
        key.floor = key.ceiling = 1
        records.append((record, box))
        keys.append(key)
        found.append(Case(person, register, record, box, tag=ring.tag(record.pk)))
    situating.situate(asker, where, found)
    _collect(ring, asker, found, list(known.values()), motive)
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
