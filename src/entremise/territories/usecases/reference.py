from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Collection, Iterator
from importlib import resources
from typing import Any

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel.actors import Actor
from entremise.kernel.db import insert_rows
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.territories import policies
from entremise.territories.engine import cells, names
from entremise.territories.models import Kind, SearchTerm, Territory

LOADED = declare("territories.reference.loaded", "a chargé la liste officielle des territoires")
DATA = "territories.csv.gz"
BATCH = 400

Place = tuple[str, str]  # kind, code
Row = tuple[Any, ...]  # in the order of FIELDS
FIELDS = [field.name for field in Territory._meta.concrete_fields if field.name != "id"]
KEY, POPULATION, POSTCODES, CURRENT = (FIELDS.index(name) for name in ("key", "population", "postcodes", "current"))


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
    wanted: dict[Place, Row] = {(row[0], row[1]): row for row in _shipped(departments)}
    held: dict[Place, Row] = {(row[0], row[1]): row for row in Territory.objects.values_list(*FIELDS)}
    added = [place for place in wanted if place not in held]
    changed = [place for place, row in wanted.items() if place in held and held[place] != row]
    gone = [place for place, row in held.items() if departments is None and place not in wanted and row[CURRENT]]
    touched = [*added, *changed, *gone]
    if not touched:
        return 0
    insert_rows(Territory, FIELDS, [wanted[place] for place in added])
    keys = {(kind, code): pk for kind, code, pk in Territory.objects.values_list("kind", "code", "pk")}
    for place in changed:
        Territory.objects.filter(pk=keys[place]).update(**dict(zip(FIELDS, wanted[place], strict=True)))
    for place in gone:
        Territory.objects.filter(pk=keys[place]).update(current=False)
    stale = [keys[place] for place in changed + gone]
    for start in range(0, len(stale), BATCH):
        SearchTerm.objects.filter(territory_id__in=stale[start : start + BATCH]).delete()
    local = [place for place in added + changed if place[0] in (Kind.COMMUNE, Kind.DISTRICT)]
    terms = [
        (keys[place], term, weight, wanted[place][POPULATION])
        for place in local
        for term, weight in _terms(wanted[place])
    ]
    insert_rows(SearchTerm, ["territory_id", "term", "weight", "population"], terms)
    first = Territory(pk=keys[touched[0]])
    record(actor, LOADED, first, added=len(added), changed=len(changed), gone=len(gone))
    return len(touched)


def _shipped(departments: Collection[str] | None) -> Iterator[Row]:
    """The rows of the file, in the order of FIELDS. Names get the typographic apostrophe."""
    packed = resources.files("entremise.territories").joinpath("data", DATA).read_bytes()
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(packed).decode())))
    if departments is not None:
        rows = _only(rows, {code.upper() for code in departments})
    for row in rows:
        lat, lon = (float(row["lat"]), float(row["lon"])) if row["lat"] else (None, None)
        h8 = None if lat is None or lon is None else cells.cell(lat, lon, 8)
        values = {
            "kind": row["kind"],
            "code": row["code"],
            "name": row["name"].replace("'", "’"),
            "article": int(row["article"]),
            "key": names.key(row["name"]),
            "population": int(row["population"]),
            "postcodes": row["postcodes"],
            "region_code": row["region"],
            "department_code": row["department"],
            "epci_code": row["epci"],
            "parent_code": row["parent"],
            "lat": lat,
            "lon": lon,
            "area_km2": float(row["km2"]) if row["km2"] else None,
            "h8": h8,
            "h7": None if h8 is None else cells.parent(h8, 7),
            "current": True,
        }
        yield tuple(values[name] for name in FIELDS)


def _only(rows: list[dict[str, str]], codes: set[str]) -> list[dict[str, str]]:
    """These départements, their communes, and the EPCI and régions these belong to."""
    if unknown := codes - {row["code"] for row in rows if row["kind"] == Kind.DEPARTMENT}:
        raise UnknownDepartment(f"Ces départements n’existent pas : {', '.join(sorted(unknown))}.")
    local = [row for row in rows if row["department"] in codes and row["kind"] != Kind.EPCI]
    above = {(Kind.EPCI, row["epci"]) for row in local} | {(Kind.REGION, row["region"]) for row in local}
    return [*(row for row in rows if (row["kind"], row["code"]) in above), *local]


def _terms(row: Row) -> Iterator[tuple[str, int]]:
    weight = SearchTerm.Weight
    words = {row[KEY]: weight.NAME}
    for text in [row[1].lower(), *row[POSTCODES].split()]:
        words.setdefault(text, weight.CODE)
    for tail in names.tails(row[KEY]):
        words.setdefault(tail, weight.INSIDE)
    return ((term, int(kind)) for term, kind in words.items())
