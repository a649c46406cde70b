from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Collection, Iterator
from importlib import resources

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.territories import policies
from entremise.territories.engine import cells, names
from entremise.territories.models import Kind, SearchTerm, Territory

LOADED = declare("territories.reference.loaded", "a chargé la liste officielle des territoires")
DATA = "territories.csv.gz"
BATCH = 2_000


class UnknownDepartment(DomainError):
    code = "unknown_department"


@transaction.atomic
def load_reference(actor: Actor, departments: Collection[str] | None = None) -> int:
    """Bring the table of territories to the state of the shipped file; returns the number of rows written.

    All of France, or the communes of some départements with what stands above them. A row that did not change is
    not written: a second run returns 0 and leaves no trace. A territory that left the file is kept, as no longer
    current. Raises NotAllowed, UnknownDepartment.
    """
    if not policies.can_load_reference(actor):
        raise NotAllowed("Seuls les administrateurs renouvellent la liste des territoires.")
    wanted = {(row.kind, row.code): row for row in _shipped(departments)}
    held = {(row.kind, row.code): row for row in Territory.objects.all()}
    added = [row for place, row in wanted.items() if place not in held]
    changed = []
    for place, row in wanted.items():
        old = held.get(place)
        if old is not None and any(getattr(old, name) != getattr(row, name) for name in FIELDS):
            row.pk = old.pk
            changed.append(row)
    gone = [row for place, row in held.items() if departments is None and place not in wanted and row.current]
    for row in gone:
        row.current = False
    written = len(added) + len(changed) + len(gone)
    if not written:
        return 0
    Territory.objects.bulk_create(added, batch_size=BATCH)
    Territory.objects.bulk_update(changed + gone, FIELDS, batch_size=200)
    SearchTerm.objects.filter(territory__in=[row.pk for row in changed + gone]).delete()
    terms = [term for row in added + changed if row.kind in (Kind.COMMUNE, Kind.DISTRICT) for term in _terms(row)]
    SearchTerm.objects.bulk_create(terms, batch_size=5 * BATCH)
    record(actor, LOADED, (added + changed + gone)[0], added=len(added), changed=len(changed), gone=len(gone))
    return written


FIELDS = [field.name for field in Territory._meta.concrete_fields if field.name not in ("id", "kind", "code")]


def _shipped(departments: Collection[str] | None) -> Iterator[Territory]:
    packed = resources.files("entremise.territories").joinpath("data", DATA).read_bytes()
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(packed).decode())))
    if departments is not None:
        codes = {code.upper() for code in departments}
        if unknown := codes - {row["code"] for row in rows if row["kind"] == Kind.DEPARTMENT}:
            raise UnknownDepartment(f"Ces départements n’existent pas : {', '.join(sorted(unknown))}.")
        local = [row for row in rows if row["department"] in codes and row["kind"] != Kind.EPCI]
        epci = {row["epci"] for row in local}
        regions = {row["region"] for row in local}
        rows = [
            *(row for row in rows if row["kind"] == Kind.REGION and row["code"] in regions),
            *(row for row in rows if row["kind"] == Kind.EPCI and row["code"] in epci),
            *local,
        ]
    for row in rows:
        lat, lon = (float(row["lat"]), float(row["lon"])) if row["lat"] else (None, None)
        h8 = None if lat is None or lon is None else cells.cell(lat, lon, 8)
        yield Territory(
            kind=row["kind"],
            code=row["code"],
            name=row["name"].replace("'", "’"),
            article=int(row["article"]),
            key=names.key(row["name"]),
            population=int(row["population"]),
            postcodes=row["postcodes"],
            region_code=row["region"],
            department_code=row["department"],
            epci_code=row["epci"],
            parent_code=row["parent"],
            lat=lat,
            lon=lon,
            area_km2=float(row["km2"]) if row["km2"] else None,
            h8=h8,
            h7=None if h8 is None else cells.parent(h8, 7),
        )


def _terms(row: Territory) -> Iterator[SearchTerm]:
    weight = SearchTerm.Weight
    words = {row.key: weight.NAME}
    for text in [row.code.lower(), *row.postcodes.split()]:
        words.setdefault(text, weight.CODE)
    for tail in names.tails(row.key):
        words.setdefault(tail, weight.INSIDE)
    for term, kind in words.items():
        yield SearchTerm(territory=row, term=term, weight=kind, population=row.population)
