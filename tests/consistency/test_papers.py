"""Papers beside the code say what exists: links, commands, settings, words of the screen, dependencies."""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class

from entremise.accounts import registry
from tests.consistency.reference import READERS, _settings
from tests.consistency.source import ROOT, SRC

HAND = {path.relative_to(ROOT).as_posix(): path for path in sorted((ROOT / "docs").rglob("*.md"))}
PAPERS = {**{path.name: path for path in sorted(ROOT.glob("*.md"))}, **HAND}
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
SPOKEN = ["docs/how-to/agent-entremetteur.md", "docs/tutorials/demarrer.md"]
NO_PERSONS = {"rules"}
"""Contexts whose tables hold values and codes, and nothing of anybody."""


def code_of(text: str) -> list[str]:
    """The lines of code of a paper: blocks and spans."""
    return [line.strip() for block, span in CODE.findall(text) for line in (block or span).splitlines()]


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("name", PAPERS)
def test_a_relative_link_leads_somewhere(name):
    paper = PAPERS[name]
    wrong = []
    for target in LINK.findall(re.sub(r"```.*?```", "", paper.read_text(encoding="utf-8"), flags=re.DOTALL)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (paper.parent / path).resolve() if path else paper
        if not there.exists():
            wrong.append(target)
        elif anchor and there.suffix == ".md":
            titles = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            wrong += [] if anchor in map(slug, titles) else [target]
    assert not wrong


def commands(text: str) -> list[tuple[str, str]]:
    """(command, its first word) of each `entremise …` or `manage.py …` in the code of a paper."""
    found = re.compile(r"(?:^|\s)(?:entremise|manage\.py) ([a-z_]+)(?: ([a-z][a-z|-]*)\b)?")
    return [hit for line in code_of(text) for hit in found.findall(line)]


def deeds(command: str) -> set[str]:
    """The words a command takes first; empty when it takes anything."""
    parser = load_command_class(get_commands()[command], command).create_parser("entremise", command)
    places = [action for action in parser._actions if not action.option_strings]
    first = places[0] if places else None
    return set(first.choices or ()) if isinstance(first, argparse.Action) else set()


@pytest.mark.parametrize("name", PAPERS)
def test_a_command_named_exists(name):
    wrong = []
    for command, word in commands(PAPERS[name].read_text(encoding="utf-8")):
        if command not in get_commands():
            wrong.append(command)
        elif (known := deeds(command)) and word:
            wrong += [f"{command} {one}" for one in word.split("|") if one not in known]
    assert not wrong


@pytest.mark.parametrize("name", PAPERS)
def test_a_make_target_named_exists(name):
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for line in code_of(PAPERS[name].read_text(encoding="utf-8"))
             for target in re.findall(r"^make ([a-z0-9]+)", line)}  # fmt: skip
    assert named <= targets


def settings_known() -> set[str]:
    """Every variable the settings read, with the twins that the readers of secrets and of mail add."""
    text = (SRC / "site" / "settings.py").read_text(encoding="utf-8")
    twins = {f"{name}_FILE" for name in re.findall(r"env\.secret\(\s*\"([A-Z_]+)\"", text)}
    for name in re.findall(r"env\.mail\(\s*\"([A-Z_]+)\"", text):
        twins |= {f"{name}_PASSWORD", f"{name}_PASSWORD_FILE"}
    return {*READERS.findall(text), *_settings(), *twins}


@pytest.mark.parametrize("name", PAPERS)
def test_a_setting_named_exists(name):
    named = re.findall(r"\b(ENTREMISE_[A-Z_]*[A-Z]|DATABASE_URL)\b", PAPERS[name].read_text(encoding="utf-8"))
    assert set(named) <= settings_known()


@pytest.fixture(scope="module")
def screen() -> str:
    """All that a screen may show, in one text with plain spaces."""
    files = [path for kind in ("*.html", "*.py", "*.toml") for path in SRC.rglob(kind)]
    return spaced("\n".join(path.read_text(encoding="utf-8") for path in files))


def spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("name", SPOKEN)
def test_a_word_of_the_screen_is_on_a_screen(name, screen):
    said = re.findall(r"\*\*(.+?)\*\*", PAPERS[name].read_text(encoding="utf-8"), re.DOTALL)
    wrong = [word for word in map(spaced, said) if word != "en gras" and word not in screen]
    assert not wrong, "the screen no longer says this"


def test_each_dependency_has_a_decision():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    names = {re.match(r"[\w-]+", line)[0].lower() for line in wanted}  # type: ignore[index]
    decisions = [path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "decisions").glob("*.md")]
    decided = {word.lower() for text in decisions for word in re.findall(r"[\w-]+", text)}
    assert not names - decided, "write why, what it costs and what would make us change in docs/decisions/"


def test_decisions_have_one_number_each_and_say_it():
    papers = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [path.name[:4] for path in papers]
    assert len(set(numbers)) == len(numbers)
    assert [
        path.name for path in papers if not re.match(rf"# {path.name[:4]}\b", path.read_text(encoding="utf-8"))
    ] == []


@pytest.mark.parametrize(
    "context", sorted({path.relative_to(SRC).parts[0] for path in SRC.glob("*/models*")} - NO_PERSONS)
)
def test_a_context_with_tables_says_what_it_keeps_of_people(context):
    page = ROOT / "docs" / "privacy" / f"{context}.md"
    assert page.is_file(), "data, purpose, basis, recipients, how long: docs/privacy/<context>.md"


def test_the_readme_holds_exactly_two_commands():
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]
    assert lines == ["make demo", "make test"]


def test_pictures_shown_are_light():
    heavy = [p.name for p in Path(ROOT / "docs" / "images").glob("*.png") if p.stat().st_size > 100_000]
    assert not heavy


def test_the_glossary_knows_each_table_and_each_role():
    words = set(re.findall(r"\w+", (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")))
    ours = [model for model in apps.get_models() if model.__module__.startswith("entremise.")]
    assert not {model.__name__ for model in ours} - words
    assert not set(registry.declared()) - words
