"""The page of the thirty-two attempts says what is tested, and what waits for its room."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "attacks.md").read_text(encoding="utf-8")
LINES = {int(number): rest for number, rest in re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)}
MODULES = sorted((ROOT / "tests" / "attacks").glob("test_*.py"))


def named(line: str) -> list[str]:
    return re.findall(r"`(tests/[^`]+)`", line)


def test_there_are_thirty_two_lines():
    assert list(LINES) == list(range(1, 33))


@pytest.mark.parametrize("number", LINES)
def test_a_line_names_modules_that_exist_or_says_what_it_waits_for(number):
    line = LINES[number]
    missing = [name for name in named(line) if not list(ROOT.glob(name))]
    assert named(line) or "expected with" in line, "name a test, or the room that will bring it"
    assert not missing or "expected with" in line, f"{missing} do not exist"
    assert all(ROOT.glob(name) or "*" in name for name in missing)


@pytest.mark.parametrize("module", MODULES, ids=[path.stem for path in MODULES])
def test_every_module_of_attacks_has_its_line(module):
    here = module.relative_to(ROOT)
    numbers = [int(n) for n in re.findall(r"_(\d\d)(?=_)", module.stem)]
    assert numbers, "a module of attacks begins with its number: test_20_approvals.py"
    lines = [LINES[n] for n in numbers]
    found = [any(here.match(name) for name in named(line)) for line in lines]
    assert any(found), f"{here} is on no line of docs/explanation/attacks.md"
