"""The shape of what is common to a person whatever the register, and what upper rooms tell of a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from entremise.vault.registry import Profile, declare

REGISTER: Final = "personne"
PERSONNE = declare(
    Profile(
        REGISTER,
        "Coordonnées communes et proches",
        {
            "birth_date": "birth",
            "phone": "phone",
            "relative_name": "relatives",
            "relative_phone": "relatives",
        },
        repeated=frozenset({"phone", "relative_name", "relative_phone"}),
        indexed=frozenset({"phone"}),
        labels={
            "birth_date": "date de naissance",
            "phone": "autre téléphone",
            "relative_name": "proche de confiance",
            "relative_phone": "téléphone du proche",
        },
    )
)
RANKS: Final = range(1, 10)


@dataclass(frozen=True, slots=True)
class Part:
    """What one room keeps of a person, for their copy: `fields(person)`, the sealed fields that exist several times
    (`entraide.note#…`); `rows(person)`, what it keeps in clear, as French label → text."""

    code: str
    label: str
    fields: Callable[[UUID], Sequence[str]]
    rows: Callable[[UUID], Sequence[Mapping[str, str]]]


_parts: dict[str, Part] = {}


def declare_part(part: Part) -> Part:
    """Add what a room keeps. Raises ValueError when its code is taken."""
    if part.code in _parts:
        raise ValueError(f"part {part.code!r} is declared twice")
    _parts[part.code] = part
    return part


def parts() -> Sequence[Part]:
    return tuple(_parts.values())
