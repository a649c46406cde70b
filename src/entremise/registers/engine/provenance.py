"""Which value is kept of a field that several records say, and by which rule. No merged copy is stored (§ 8).

What was said about a register stays in it: a field is chosen among the records that the purpose may read, never
copied from one to another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal

from entremise.registers.engine.resolve import may_be_one

Voice = Literal["corrected", "declared", "authoritative", "file", "written"]
"""Who says it: a correction from a document, the person, a register that is authoritative for civil status, a file,
or an agent who wrote it down."""
VOICES: dict[Voice, str] = {
    "corrected": "corrigé d’après un document",
    "declared": "dit par la personne",
    "authoritative": "registre qui fait foi",
    "file": "écrit dans un fichier",
    "written": "noté par un agent",
}
RULES = {
    "corrected": "corrigé d’après un document",
    "declared": "dit par la personne elle-même",
    "authoritative": "le registre qui fait foi",
    "shared": "la même date dans deux fiches ou plus",
    "same": "la même partout",
    "frequent": "la forme la plus souvent écrite",
    "single": "la seule connue",
    "latest": "la plus récente",
    "all": "toutes gardées, la plus récente d’abord",
    "conflict": "deux dates incompatibles\u00a0: aucune n’est retenue",
    "unknown": "personne ne le dit",
}


@dataclass(frozen=True, slots=True)
class Word:
    """What one record says of one field: `text` to show, `key` to compare (several for phones), `at` its place."""

    at: int
    text: str
    keys: tuple[str, ...]
    voice: Voice
    day: date | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """`kept`: places of the words kept, best first; empty in a conflict or when nobody says anything."""

    rule: str
    kept: tuple[int, ...]

    @property
    def conflict(self) -> bool:
        return self.rule == "conflict"


def _latest(words: Sequence[Word]) -> Word:
    return max(words, key=lambda word: (word.day or date.min, -word.at))


def _spoken(words: Sequence[Word], *voices: Voice) -> Chosen | None:
    for voice in voices:
        if said := [word for word in words if word.voice == voice]:
            return Chosen(voice, (_latest(said).at,))
    return None


def choose_name(words: Sequence[Word]) -> Chosen:
    """Corrected, declared, authoritative, then the form most often written, then the latest."""
    said = [word for word in words if word.keys]
    if not said:
        return Chosen("unknown", ())
    if found := _spoken(said, "corrected", "declared", "authoritative"):
        return found
    if len(said) == 1:
        return Chosen("single", (said[0].at,))
    counted = Counter(word.keys for word in said).most_common()
    if len(counted) == 1:
        return Chosen("same", (_latest(said).at,))
    if counted[0][1] > (counted[1][1] if len(counted) > 1 else 0):
        return Chosen("frequent", (_latest([word for word in said if word.keys == counted[0][0]]).at,))
    return Chosen("latest", (_latest(said).at,))


def choose_birth(words: Sequence[Word]) -> Chosen:
    """Corrected, a full date that two records share, authoritative, the only one; two that cannot be one give none.

    Keys are full dates YYYYMMDD; a year alone is no key: it is shown, and decides nothing.
    """
    said = [word for word in words if word.keys]
    if found := _spoken(said, "corrected"):
        return found
    counted = Counter(word.keys[0] for word in said).most_common()
    if counted and counted[0][1] > 1 and (len(counted) == 1 or counted[0][1] > counted[1][1]):
        return Chosen("shared", (_latest([word for word in said if word.keys[0] == counted[0][0]]).at,))
    if found := _spoken(said, "authoritative"):
        return found
    if len(counted) == 1:
        return Chosen("single", (said[0].at,))
    if any(not may_be_one(a, b) for (a, _), (b, _) in combinations(counted, 2)):
        return Chosen("conflict", ())
    return Chosen("latest", (_latest(said).at,)) if said else Chosen("unknown", ())


def choose_all(words: Sequence[Word]) -> Chosen:
    """Every one, the latest first: telephones and e-mail addresses."""
    said = [word for word in words if word.keys]
    order = sorted(said, key=lambda word: (word.day or date.min, -word.at), reverse=True)
    rule = "all" if len({word.keys for word in said}) > 1 else "same" if len(said) > 1 else "single"
    return Chosen(rule if said else "unknown", tuple(word.at for word in order))


def choose_address(words: Sequence[Word]) -> Chosen:
    """What the person declared, then the latest; the older ones are history."""
    said = [word for word in words if word.keys]
    if not said:
        return Chosen("unknown", ())
    if found := _spoken(said, "corrected", "declared"):
        return found
    rule = "latest" if len({word.keys for word in said}) > 1 else "same" if len(said) > 1 else "single"
    return Chosen(rule, (_latest(said).at,))


CHOICES = {
    "Prénom": choose_name,
    "Nom": choose_name,
    "Naissance": choose_birth,
    "Téléphone": choose_all,
    "Courriel": choose_all,
    "Adresse": choose_address,
    "Commune": choose_address,
}
