"""What must never be in the tree, whoever adds it."""

from __future__ import annotations

import re

import pytest

from tests.consistency.source import ROOT, text_of, tracked

# The patterns are written so that this file does not match itself.
DISEASE = re.compile("cov" + "id", re.IGNORECASE)
MACHINE = re.compile(r"(?<![\w.])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me)/[a-z]")
REGISTRY = re.compile(r"--(?:extra-)?index-url|\[\[?tool\.uv\.index|files\.python" + r"hosted|pypi\.o" + "rg/simple")
SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}")
FRENCH_HISTORY = {"docs", "CHANGELOG.md", "README.md"}
"""Prose may tell where the product comes from; code must not know one crisis."""


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    found = {str(path.relative_to(ROOT)): text for path in tracked() if (text := text_of(path)) is not None}
    return found or pytest.skip("not a repository: nothing tracked to look at")


def matches(sources: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{text[: hit.start()].count(chr(10)) + 1}: {hit[0]}"
        for name, text in sources.items()
        for hit in pattern.finditer(text)
    ]


def test_no_code_knows_one_disease(sources):
    code = {name: text for name, text in sources.items() if name.split("/")[0] not in FRENCH_HISTORY}
    assert not matches(code, DISEASE), "say « crise »; what belongs to one crisis goes into its kit"


def test_no_address_of_a_registry(sources):
    locked = {name: text for name, text in sources.items() if not name.startswith("tests/consistency/")}
    assert not matches(locked, REGISTRY), "locks hold hashes, not addresses: `make lock`"


def test_no_path_of_somebody_s_computer(sources):
    assert not matches(sources, MACHINE), "write a path relative to the repository"


def test_no_secret(sources):
    assert not matches(sources, SECRET), "a secret lies in the environment or in a file outside the repository"


def test_no_environment_is_committed():
    """A committed link to an environment once wiped the real one of everybody."""
    wrong = [str(path) for path in tracked() if path.relative_to(ROOT).parts[0] in (".venv", "var")]
    assert not wrong
    assert not (ROOT / ".venv").is_symlink() or ".venv" not in _listed()


def _listed() -> set[str]:
    import subprocess

    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout
    return {line.split("/")[0] for line in listed.splitlines()}
