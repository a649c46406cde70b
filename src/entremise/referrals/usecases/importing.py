"""A file into the directory: checked and shown first, loaded when somebody says so, by batches, safe to run twice.

What a load means, line by line: docs/explanation/directory.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.kernel.jobs import enqueue
from entremise.people.engine import phone
from entremise.referrals.engine import checking, files
from entremise.referrals.models import (
    DirectoryImport,
    Service,
    ServiceTheme,
    ServiceVersion,
    ServiceZone,
    Structure,
)
from entremise.referrals.queries.places import known_places
from entremise.referrals.usecases.directory import require_keeper

RECEIVED = declare("referrals.directory.received", "a envoyé un fichier d’annuaire")
STARTED = declare("referrals.directory.started", "a lancé le chargement d’un annuaire")
LOADED = declare("referrals.directory.loaded", "a chargé un annuaire")
BATCH = 500
KEPT_PROBLEMS = 500
RANKS = {checking.TOWN: 0, checking.EPCI: 1, checking.DEPARTMENT: 2, checking.COUNTRY: 3}
PRESUMED = 4


class AlreadyLoaded(DomainError):
    code = "directory_already_loaded"


def dial(text: str) -> str:
    """A number as E.164, or "" when it cannot be dialled."""
    try:
        return phone.normalise(text)
    except ValueError:
        return ""


def _checked(data: bytes) -> checking.Checked:
    known = Structure.objects.values_list("source", "ref")
    return checking.check(files.open_file(data), known_places(), known=known, dial=dial)


@transaction.atomic
def receive_directory(actor: Actor, *, data: bytes, title: str, whole: bool = False) -> DirectoryImport:
    """Read and check a file, load nothing: the dry run. `whole`: what its sources no longer list is withdrawn.

    Raises NotAllowed, ValidationError (`file`) for a file that is none, or is of the schema v0.
    """
    require_keeper(actor)
    try:
        checked = _checked(data)
    except files.Refused as error:
        raise ValidationError({"file": str(error)}) from None
    made = DirectoryImport(title=title[:150] or "annuaire", file=data, whole=whole, author_id=actor.user_id)
    made.report = [one.as_dict() for one in _in_order(checked.problems)[:KEPT_PROBLEMS]]
    made.counts = {**_figures(checked), **_effects(checked, whole)}
    made.full_clean(exclude=["author", "file", "report"])
    made.save(force_insert=True)
    record(actor, RECEIVED, made, read=checked.read, rejected=checked.rejected)
    return made


def _in_order(problems: Sequence[files.Problem]) -> list[files.Problem]:
    return sorted(problems, key=lambda one: (one.severity != "error", one.sheet, one.row, one.letter.rjust(3)))


def _figures(checked: checking.Checked) -> dict[str, int]:
    severities = Counter(one.severity for one in checked.problems)
    return {
        "read": checked.read,
        "accepted": len(checked.records),
        "rejected": checked.rejected,
        "errors": severities["error"],
        "notices": severities["notice"],
    }


def _held(kind: type[Structure] | type[Service], records: Sequence[checking.Record]) -> dict[tuple[str, str], Any]:
    """Rows already kept for these records. One query per 500."""
    found = {}
    for start in range(0, len(records), BATCH):
        refs = {one.ref for one in records[start : start + BATCH]}
        sources = {one.source for one in records[start : start + BATCH]}
        for row in kind._default_manager.filter(ref__in=refs, source__in=sources):
            found[row.source, row.ref] = row
    return found


def _effect(row: Any, one: checking.Record) -> str:
    if row is None:
        return "new"
    if one.content["date_maj"] < row.updated_on.isoformat():
        return "older"
    return "same" if row.content == one.content and row.withdrawn_at is None else "changed"


def _effects(checked: checking.Checked, whole: bool) -> dict[str, int]:
    found: Counter[str] = Counter()
    for sheet, kind in (("Structures", Structure), ("Services", Service)):
        records = [one for one in checked.records if one.sheet == sheet]
        held = _held(kind, records)
        found.update(_effect(held.get((one.source, one.ref)), one) for one in records)
    gone = len(_gone(checked)) if whole else 0
    return {name: found[name] for name in ("new", "changed", "same", "older")} | {"withdrawn": gone}


def _gone(checked: checking.Checked) -> list[int]:
    """Services of the sources of this file that it does not name, not even on a refused row."""
    named = {(source, ref) for sheet, source, ref in checked.present if sheet == "Services"}
    rows = Service.objects.filter(source__in={source for source, _ in named}, withdrawn_at=None)
    return [pk for pk, source, ref in rows.values_list("pk", "source", "ref") if (source, ref) not in named]


@transaction.atomic
def start_directory(actor: Actor, *, batch: DirectoryImport) -> None:
    """Leave the load to a worker, once. Raises NotAllowed, AlreadyLoaded for the second of two."""
    require_keeper(actor)
    if not DirectoryImport.objects.filter(pk=batch.pk, state="checked").update(state="loading", done=0):
        raise AlreadyLoaded("Ce fichier est déjà chargé, ou en cours de chargement. Rechargez la page.")
    record(actor, STARTED, batch)
    enqueue("referrals.load_directory", batch_id=batch.pk)


def load_directory(actor: Actor, *, batch: DirectoryImport) -> dict[str, int]:
    """Write the accepted records, by batches of 500; returns counts by effect. Run again, it changes nothing.

    Each batch is its own transaction and says how far it is; the last one says the file is in. Nothing is ever
    deleted: a service that its source no longer lists is withdrawn. Raises NotAllowed.
    """
    require_keeper(actor)
    checked = _checked(bytes(batch.file))
    counts: Counter[str] = Counter()
    for sheet in files.SHEETS:
        records = [one for one in checked.records if one.sheet == sheet]
        for start in range(0, len(records), BATCH):
            part = records[start : start + BATCH]
            with transaction.atomic():
                counts.update(_structures(part) if sheet == "Structures" else _services(part, batch))
            DirectoryImport.objects.filter(pk=batch.pk).update(done=sum(counts.values()))
    return _finish(actor, batch, checked, counts)


@transaction.atomic
def _finish(actor: Actor, batch: DirectoryImport, checked: checking.Checked, counts: Counter[str]) -> dict[str, int]:
    gone = _gone(checked) if batch.whole else []
    for start in range(0, len(gone), BATCH):
        Service.objects.filter(pk__in=gone[start : start + BATCH]).update(withdrawn_at=clock.now())
    done = {name: counts[name] for name in ("new", "changed", "same", "older")} | {"withdrawn": len(gone)}
    DirectoryImport.objects.filter(pk=batch.pk).update(
        state="loaded", loaded_at=clock.now(), file=b"", counts={**_figures(checked), **done}
    )
    record(actor, LOADED, batch, **done)
    return done


def _structures(records: Sequence[checking.Record]) -> Counter[str]:
    held, counts = _held(Structure, records), Counter[str]()
    new: list[Structure] = []
    changed: list[Structure] = []
    for one in records:
        row = held.get((one.source, one.ref))
        effect = _effect(row, one)
        counts[effect] += 1
        if effect in ("new", "changed"):
            row = row or Structure(source=one.source, ref=one.ref)
            row.label, row.content, row.withdrawn_at = one.content["nom"], one.content, None
            row.updated_on = one.content["date_maj"]
            (new if effect == "new" else changed).append(row)
    Structure.objects.bulk_create(new)
    Structure.objects.bulk_update(changed, ["label", "content", "updated_on", "withdrawn_at"], batch_size=100)
    return counts


COLUMNS = (
    "structure", "label", "content", "updated_on", "number", "commune_code", "telephone", "hours", "audience", "modes",
    "for_agents", "quality", "withdrawn_at",
)  # fmt: skip


def _services(records: Sequence[checking.Record], batch: DirectoryImport) -> Counter[str]:
    held, counts = _held(Service, records), Counter[str]()
    refs = {one.content["structure_id"] for one in records}
    sources = {one.source for one in records}
    homes = {(s.source, s.ref): s for s in Structure.objects.filter(ref__in=refs, source__in=sources)}
    new: list[tuple[Service, checking.Record]] = []
    changed: list[tuple[Service, checking.Record]] = []
    for one in records:
        row = held.get((one.source, one.ref))
        effect = _effect(row, one)
        counts[effect] += 1
        if effect in ("new", "changed"):
            row = row or Service(source=one.source, ref=one.ref, number=0)
            _write(row, one, homes[one.source, one.content["structure_id"]])
            (new if effect == "new" else changed).append((row, one))
    Service.objects.bulk_create([row for row, _ in new])
    Service.objects.bulk_update([row for row, _ in changed], COLUMNS, batch_size=50)
    stale = [row.pk for row, _ in changed]
    ServiceTheme.objects.filter(service__in=stale).delete()
    ServiceZone.objects.filter(service__in=stale).delete()
    written = [*new, *changed]
    ServiceTheme.objects.bulk_create(
        [
            ServiceTheme(service=row, theme=theme)
            for row, one in written
            for theme in one.content.get("thematiques", [])
        ]
    )
    ServiceZone.objects.bulk_create(
        [ServiceZone(service=row, rank=rank, code=code) for row, one in written for rank, code in _zones(row, one)]
    )
    ServiceVersion.objects.bulk_create(
        [
            ServiceVersion(
                service=row, number=row.number, content=row.content, updated_on=row.updated_on, origin=batch
            )
            for row, _ in written
        ]
    )
    return counts


def _joined(values: Sequence[str]) -> str:
    return f"|{'|'.join(values)}|" if values else ""


def _write(row: Service, one: checking.Record, home: Structure) -> None:
    said = one.content
    row.structure, row.label, row.content, row.updated_on = home, said["nom"], said, said["date_maj"]
    row.number += 1
    row.commune_code = said.get("code_insee") or home.content.get("code_insee", "")
    row.telephone = one.telephone
    row.hours = said.get("horaires_accueil", "")
    row.audience = _joined([] if "tous-publics" in said.get("publics", []) else said.get("publics", []))
    row.modes = _joined(said.get("modes_accueil", []))
    row.for_agents = "professionnels" in said.get("mobilisable_par", ["professionnels"])
    row.quality = one.quality
    row.withdrawn_at = None


def _zones(row: Service, one: checking.Record) -> list[tuple[int, str]]:
    if one.zones:
        return [(RANKS[kind], code) for kind, code in one.zones]
    home = checking.department_of(row.commune_code) if row.commune_code else "france"
    return [(PRESUMED, home)]
