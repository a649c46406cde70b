"""The modules of the path: pages to read, then a short quiz. Authored content, shipped in `data/modules`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from entremise.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its answers; `right` counts from 0; `why` is told whatever was answered."""

    text: str
    answers: tuple[str, ...]
    right: int
    why: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, paragraphs, and points to keep in mind."""

    title: str
    text: tuple[str, ...]
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Module:
    """`level`: the level it opens. `version`: kept with each step, so that one knows what was read."""

    code: str
    title: str
    level: int
    version: str
    minutes: int
    lead: str
    sections: tuple[Section, ...]
    quiz: tuple[Question, ...]


@cache
def modules() -> Mapping[str, Module]:
    """Every module by its code, in the order of the path."""
    room = files("entremise.outreach") / "data" / "modules"
    found = [_read(file.read_text("utf-8")) for file in room.iterdir() if file.name.endswith(".toml")]
    return {one.code: one for one in sorted(found, key=lambda one: one.level)}


def module(code: str) -> Module:
    """NotFound when no module is called so."""
    if code not in modules():
        raise NotFound("Ce module n’existe pas.")
    return modules()[code]


def titles() -> dict[str, str]:
    """How the modules are called."""
    return {code: one.title for code, one in modules().items()}


def _read(text: str) -> Module:
    told = tomllib.loads(text)
    return Module(
        code=told["code"],
        title=told["title"],
        level=told["level"],
        version=told["version"],
        minutes=told["minutes"],
        lead=told["lead"],
        sections=tuple(
            Section(one["title"], tuple(one.get("text", ())), tuple(one.get("points", ()))) for one in told["section"]
        ),
        quiz=tuple(
            Question(one["text"], tuple(one["answers"]), one["right"] - 1, one["why"]) for one in told["question"]
        ),
    )
