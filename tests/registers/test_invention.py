"""The invented registers: seeded, true to their rates, without anything of the engine."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from pathlib import Path

import entremise.site.invention
from benchmarks.linkage import towns
from entremise.site.invention import CLASSES, PROFILES, records, write_files
from entremise.site.invention.errors import rates
from entremise.site.invention.population import FICTION_FIXED, FICTION_MOBILE


def test_the_generator_imports_nothing_of_the_engine():
    for path in Path(entremise.site.invention.__file__).parent.glob("*.py"):
        assert "registers.engine" not in path.read_text("utf-8").replace("`registers.engine`", "")


def test_a_seed_gives_the_same_records_and_another_seed_others():
    one, same, other = (list(records(seed, 300, towns())) for seed in (5, 5, 6))
    assert one == same
    assert one != other


def test_records_stream_and_are_numbered_from_one():
    first = list(itertools.islice(records(1, 10**9, towns()), 50))
    assert [cells["record"] for cells, _ in first] == list(range(1, 51))


def test_every_class_and_trap_occurs_and_an_off_class_does_not():
    drawn = [true for _, true in records(3, 12_000, towns(), off={"date_digit"})]
    errors = Counter(name for true in drawn for name in true.errors)
    assert set(CLASSES) - errors.keys() == {"date_digit"}
    assert {
        "couple_alike",
        "father_son",
        "mother_daughter",
        "twins",
        "siblings",
        "namesake",
        "building",
        "hostel",
    } <= {true.trap for true in drawn}
    assert {cells["register"] for cells, _ in records(3, 200, towns())} == set(PROFILES)


def test_a_rate_written_is_the_rate_drawn():
    drawn = list(records(4, 12_000, towns()))
    own = [true for cells, true in drawn if cells["register"] == "transport"]
    share = sum("address_moved" in true.errors for true in own) / len(own)
    assert abs(share - rates("transport")["address_moved"]) < 0.015


def test_fiction_draws_only_numbers_nobody_has():
    for cells, _ in records(2, 1500, towns(), fiction=True, off={"phone_digit", "phone_filler"}):
        for number in str(cells["phone"]).split(" / "):
            digits = "".join(sign for sign in number.replace("+33", "") if sign.isdigit()).zfill(10)
            assert not number or digits.startswith((FICTION_MOBILE, *FICTION_FIXED))


def test_the_files_have_their_own_layouts_and_a_truth_for_each_row(tmp_path):
    sizes = {"canicule": 60, "apa": 80, "transport": 100}
    assert write_files(tmp_path, 9, sizes, towns()) == sizes
    truth = list(csv.DictReader((tmp_path / "truth.csv").read_text("utf-8").splitlines()))
    assert Counter(row["register"] for row in truth) == sizes
    for code, size in sizes.items():
        profile = PROFILES[code]
        text = (tmp_path / f"{code}.csv").read_text(profile.encoding)
        lines = list(csv.reader(text.splitlines(), delimiter=profile.separator))
        assert lines[0] == list(profile.heads.values())
        assert len(lines) == size + 1
