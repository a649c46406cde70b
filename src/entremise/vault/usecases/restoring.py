"""After a restoration: every erasure known since is done again before anything opens.

What was erased is written in three places: the list in the base of keys, the lines `erase` and `shred` of the access
journal, and copies kept outside (`entremise vault list`). Whichever is newest wins: erasures are only added.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from entremise.audit.registry import declare
from entremise.audit.usecases import record as trace
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.vault.models import (
    BlindIndex,
    Cell,
    Epoch,
    Erasure,
    Line,
    Record,
    RecordKey,
    Register,
    RootKey,
    Shredding,
    SpecialRequest,
)
from entremise.vault.usecases import cells, destroying, erasing, keyring, requests
from entremise.vault.usecases.refusals import NotRestored

RESTORED = declare("vault.restored", "a refait les effacements après une restauration")
ANCHORED = declare("vault.records.anchored", "a repris des fiches après une restauration")
BATCH = 500
FORM = "entremise-erasures-1"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restoration found: records and registers erased again, rows swept, records that stay closed."""

    records: int
    registers: int
    swept: int
    closed: int
    listed: int


def begin_restoration() -> None:
    """Close the vault until `restore` has ended. Twice changes nothing. VaultSealed before the first start."""
    _, proof = keyring.current()
    RootKey.objects.get_or_create(
        code=keyring.RESTORING, epoch=1, defaults={"instance": proof.instance, "blob": b"", "master": proof.master}
    )


@transaction.atomic
def restore(actor: Actor, *, outside: str = "", count: int = 0, digest: str = "") -> Restored:
    """Do every erasure again, then let the vault open.

    `outside`: a list written by `entremise vault list`. `count` and `digest`: those of a checkpoint kept outside;
    fewer erasures here, or others, and nothing opens. Raises NotRestored, VaultSealed.
    """
    begin_restoration()
    ring = keyring.load((), restoring=True)
    records, registers = _replay(ring, _read(outside) if outside else {})
    listed, found = destroying.erasure_list(count or None)
    if listed < count or (digest and found != digest):
        raise NotRestored(
            f"Le point de contrôle compte {count} effacements ; ici, {listed}"
            + (", qui ne sont pas les mêmes" if listed >= count else "")
            + ". Le coffre reste fermé. Apportez une liste plus récente : entremise vault restore --list FICHIER."
        )
    swept = _sweep()
    Register.objects.filter(pk__in=list(Shredding.objects.values_list("register", flat=True))).update(
        status="shredded"
    )
    result = Restored(records, registers, swept, len(doubtful()), destroying.erasure_list()[0])
    trace(actor, RESTORED, Epoch(pk=1), records=records, registers=registers, swept=swept)
    RootKey.objects.filter(code=keyring.RESTORING).delete()
    return result


def catch_up(ring: keyring.Keyring) -> None:
    """Once in the life of a process: the last erasure of the journal is in the list of keys, or all are done again.

    Somebody who put back an older base of keys and forgot `entremise vault restore` erases all the same.
    """
    last = _erasing_lines().order_by("-number").values_list("action", "register", "tag").first()
    if last is None:
        return
    if last[0] == "shred":
        known = Shredding.objects.filter(pk=last[1]).exists()
    else:
        recent = Erasure.objects.order_by("-at").values_list("pk", flat=True)
        known = any(ring.tag(pk) == last[2] for pk in recent.iterator(chunk_size=BATCH))
    if not known:
        _replay(ring, {})


def _erasing_lines() -> QuerySet[Line]:
    return Line.objects.filter(action__in=("erase", "shred"), verdict="granted")


def _replay(ring: keyring.Keyring, outside: Mapping[str, Mapping[str, datetime]]) -> tuple[int, int]:
    """Destroy the keys of whatever any list says was erased; (records, registers) that still had theirs."""
    registers = dict(outside.get("registers", {}))
    tags: dict[str, datetime] = {}
    for line in _erasing_lines().order_by("number").iterator(chunk_size=2000):
        if line.action == "shred":
            registers.setdefault(line.register, line.at)
        elif line.tag:
            tags.setdefault(line.tag, line.at)
    listed = set(Erasure.objects.values_list("pk", flat=True))
    records = {UUID(pk): at for pk, at in outside.get("records", {}).items()}
    unlisted = set(tags) - {ring.tag(pk) for pk in listed}
    if unlisted:
        for pk in {*RecordKey.objects.values_list("pk", flat=True), *Record.objects.values_list("pk", flat=True)}:
            if (mark := ring.tag(pk)) in unlisted:
                records.setdefault(pk, tags[mark])
    fresh = [pk for pk in records if pk not in listed]
    alive = _alive([*fresh, *listed])
    destroying.destroy(fresh, at=records)
    destroying.destroy([pk for pk in alive if pk in listed])
    gone = set(Shredding.objects.values_list("register", flat=True)) | set(registers)
    again = [code for code in sorted(gone) if _has_keys(code)]
    for code in sorted(gone):
        destroying.destroy_register(code, at=registers.get(code))
    return len(alive), len(again)


def _alive(records: list[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    for start in range(0, len(records), BATCH):
        some = records[start : start + BATCH]
        found |= set(RecordKey.objects.filter(pk__in=some).values_list("pk", flat=True))
    return found


def _has_keys(register: str) -> bool:
    return RootKey.objects.filter(code=f"register:{register}").exists()


def _sweep() -> int:
    """Rows of the data that no key opens any more because somebody was erased."""
    swept = 0
    pks = list(Erasure.objects.values_list("pk", flat=True))
    for start in range(0, len(pks), BATCH):
        some = pks[start : start + BATCH]
        BlindIndex.objects.filter(record__in=some).delete()
        Cell.objects.filter(record__in=some).delete()
        swept += Record.objects.filter(pk__in=some).delete()[0]
    return swept + erasing.sweep_registers()


def written_list() -> str:
    """The list of erasures, to be kept outside: opaque ids and dates, no value."""
    rows = {
        "records": {
            str(pk): at.isoformat() for pk, at in Erasure.objects.values_list("pk", "at").order_by("at", "pk")
        },
        "registers": {code: at.isoformat() for code, at in Shredding.objects.values_list("pk", "at").order_by("at")},
    }
    count, digest = destroying.erasure_list()
    return json.dumps({"form": FORM, "count": count, "digest": digest, **rows}, indent=1) + "\n"


def _read(text: str) -> dict[str, dict[str, datetime]]:
    try:
        said = json.loads(text)
        if said["form"] != FORM:
            raise ValueError
        records = {str(UUID(key)): datetime.fromisoformat(at) for key, at in said["records"].items()}
        registers = {str(code): datetime.fromisoformat(at) for code, at in said["registers"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotRestored(
            "Ce fichier n’est pas une liste d’effacements écrite par « entremise vault list »."
        ) from None
    return {"records": records, "registers": registers}


# records whose data and keys are not of the same moment


def doubtful(register: str = "") -> list[UUID]:
    """Records whose version is not the one their key knows: they stay closed until `re_anchor`."""
    keys = RecordKey.objects.all()
    rows = Record.objects.filter(version__gt=0)
    if register:
        keys, rows = keys.filter(register=register), rows.filter(register=register)
    bounds = {
        pk: (low, high) for pk, low, high in keys.values_list("pk", "floor", "ceiling").iterator(chunk_size=2000)
    }
    versions = rows.values_list("pk", "version").iterator(chunk_size=2000)
    return [pk for pk, version in versions if pk in bounds and not bounds[pk][0] <= version <= bounds[pk][1]]


def anchor(ring: keyring.Keyring, records: Iterable[UUID]) -> tuple[int, int]:
    """Accept the present version of records whose every cell opens under it; (accepted, refused).

    A record that does not open whole was altered: it stays closed.
    """
    done = refused = 0
    for pk in records:
        with transaction.atomic(using="keys"):
            key = RecordKey.objects.select_for_update().get(pk=pk)
            record = Record.objects.get(pk=pk)
            key.floor, key.ceiling = record.version, max(record.version, key.ceiling)
            if cells.is_whole(ring, record, key):
                key.save(update_fields=["floor", "ceiling"])
                done += 1
            else:
                refused += 1
    return done, refused


@transaction.atomic
def re_anchor(*, request: str) -> tuple[int, int]:
    """Open again the records of a register whose data are older or newer than their keys; (opened, still closed).

    By a special request of kind `anchoring` (two people of two colleges beside who asks), spent by this; done in the
    name of who asked. One line in the access journal for each record. Raises NotFound, RequestSpent.
    """
    row = SpecialRequest.objects.filter(public_id=request, kind="anchoring").first()
    if row is None:
        raise NotFound("Cette demande n’existe pas, ou n’est pas une demande de reprise après restauration.")
    actor = Actor(row.requester, "demande accordée", "cli", frozenset({"controller"}))
    requests.use(actor, request=request)
    ring = keyring.load(row.registers)
    found = [pk for register in row.registers for pk in doubtful(register)]
    records = Record.objects.in_bulk(found)
    marks = [(records[pk].register, ring.tag(pk)) for pk in found] or [(register, "") for register in row.registers]
    erasing.write_lines(ring, actor, marks, row.purpose, row.motive, action="re-anchor", request=request)
    done, refused = anchor(ring, found)
    trace(actor, ANCHORED, row, accepted=done, refused=refused)
    return done, refused
