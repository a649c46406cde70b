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


# Two identities found to be one person, or told apart again: upper rooms put their own affairs in order.


@dataclass(frozen=True, slots=True)
class Merged:
    """`absorbed` is read as `kept` from now on (`together`), or no longer is. In the transaction of the act."""

    event: UUID
    absorbed: UUID
    kept: UUID
    together: bool


_told: list[Callable[[Sequence[Merged]], None]] = []


def on_merged(tell: Callable[[Sequence[Merged]], None]) -> Callable[[Sequence[Merged]], None]:
    """Ask to be told, in one call for all that one act did. What it raises stops the act."""
    _told.append(tell)
    return tell


def tell_merged(done: Sequence[Merged]) -> None:
    """Tell those who asked."""
    for tell in _told if done else ():
        tell(done)


# A no, or an erasure: what was planned for the person stops in the same transaction.

_told_said: list[Callable[[Sequence[UUID], str], None]] = []


def on_said(tell: Callable[[Sequence[UUID], str], None]) -> Callable[[Sequence[UUID], str], None]:
    """Ask to be told of objections: `tell(persons, purpose)`, purpose "" when they were erased. What it raises stops
    the act."""
    _told_said.append(tell)
    return tell


def tell_said(persons: Sequence[UUID], purpose: str) -> None:
    """Tell those who asked."""
    for tell in _told_said if persons else ():
        tell(persons, purpose)
