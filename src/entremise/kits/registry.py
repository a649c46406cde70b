"""What a kit may contain: each context declares its section here, from its `kit.py`.

    section("mutualaid", Schema, plan, apply)

`Schema` is a `Strict` model; `plan(content)` returns what applying would change, and writes nothing;
`apply(actor, content, kit)` makes it so through the context's own use cases, inside the transaction of `apply_kit`,
and changes nothing when called again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from entremise.kernel.actors import Actor


class Strict(BaseModel):
    """A table of a kit: no unknown key, no silent conversion, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("le texte est vide : écrivez-le")
    return text.strip()


Sentence = Annotated[str, AfterValidator(_said)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Item = TypeVar("Item")
Rows = Annotated[tuple[Item, ...], Field(strict=False)]  # TOML gives lists: kept as tuples, which nothing can change


class Text(Strict):
    """A text in the two languages of public pages. `as_dict()` is what a JSON column stores."""

    fr: Sentence
    en: Sentence

    def as_dict(self) -> dict[str, str]:
        return {"fr": self.fr, "en": self.en}


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan, shown to a person before anything is written."""

    kind: Literal["add", "change", "retire"]
    what: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        sign = {"add": "+", "change": "~", "retire": "-"}[self.kind]
        values = {"add": self.after, "change": f"{self.before} → {self.after}", "retire": self.before}[self.kind]
        return f"{sign} {self.what} : {values}" if values else f"{sign} {self.what}"


Plan = Callable[[Any], list[Change]]
Apply = Callable[[Actor, Any, str], None]


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    schema: type[Strict]
    plan: Plan
    apply: Apply


_sections: dict[str, Section] = {}


def section(name: str, schema: type[Strict], plan: Plan, apply: Apply) -> Section:
    """Declare a section. `ValueError` when the name is taken: two contexts cannot own one table."""
    if name in _sections:
        raise ValueError(f"kit section {name!r} is declared twice")
    _sections[name] = Section(name, schema, plan, apply)
    return _sections[name]


def sections() -> Mapping[str, Section]:
    return _sections
