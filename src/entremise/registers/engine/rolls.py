"""Who a targeting is about, as it is sealed: per person an opaque id, a commune, facts, registers; and their order.

26 bytes a person, no word of a record. Only whoever may open the document reads it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from entremise.registers.engine.facts import coded, numbered
from entremise.registers.engine.fragility import Factor, Score, pack, score, together, unpack

_ROW = struct.Struct(">16sIIH")
_HEAD = b"roll1"
BANDS: Mapping[str, str] = {
    "age_65": "65 à 74 ans",
    "age_75": "75 à 79 ans",
    "age_80": "80 à 89 ans",
    "age_90": "90 ans et plus",
}
YOUNGER, UNKNOWN = "moins de 65 ans", "âge inconnu"


@dataclass(frozen=True, slots=True)
class Entry:
    """One person: `facts` as `fragility.pack` says them, `registers` one bit for each register of the targeting."""

    person: UUID
    commune: str
    facts: int
    registers: int

    def known(self) -> Mapping[str, bool | None]:
        return unpack(self.facts)

    @property
    def band(self) -> str:
        """The age band that is sure (at least that old), `âge inconnu` without a year."""
        facts = self.known()
        for code, label in BANDS.items():
            if facts[code]:
                return label
        return UNKNOWN if any(facts[code] is None for code in BANDS) else YOUNGER

    @property
    def reachable(self) -> bool:
        """Has a usable telephone; without one: a visit or a letter, never out of the list."""
        return self.known()["no_phone"] is False


def dump(entries: Iterable[Entry]) -> bytes:
    """The roll as bytes, in order."""
    return _HEAD + b"".join(_ROW.pack(e.person.bytes, numbered(e.commune), e.facts, e.registers) for e in entries)


def load(content: bytes) -> list[Entry]:
    """What `dump` said. ValueError for anything else."""
    if not content.startswith(_HEAD):
        raise ValueError("not a roll")
    return [
        Entry(UUID(bytes=person), coded(commune), facts, registers)
        for person, commune, facts, registers in _ROW.iter_unpack(content[len(_HEAD) :])
    ]


def gather(sides: Iterable[tuple[UUID, str, int, int]]) -> list[Entry]:
    """One entry a person: their records' facts united (`together`), their commune when the records agree."""
    found: dict[UUID, list[tuple[str, int, int]]] = {}
    for person, commune, facts, register in sides:
        found.setdefault(person, []).append((commune, facts, register))
    entries = []
    for person, records in found.items():
        mask = 0
        for _, _, register in records:
            mask |= 1 << register
        if len(records) == 1:
            entries.append(Entry(person, records[0][0], records[0][1], mask))
            continue
        communes = {commune for commune, _, _ in records} - {""}
        facts = pack(together(unpack(number) for _, number, _ in records))
        entries.append(Entry(person, communes.pop() if len(communes) == 1 else "", facts, mask))
    return entries


def added(entries: Iterable[Entry], *, hot: Mapping[str, bool], unanswered: Mapping[UUID, bool]) -> list[Entry]:
    """The same, with what the vault does not know: the commune's exposure declared by the territory, the calls."""
    found = []
    for entry in entries:
        more = {"hot_commune": hot.get(entry.commune), "unanswered": unanswered.get(entry.person)}
        told = any(said is not None for said in more.values())
        found.append(replace(entry, facts=pack({**entry.known(), **more})) if told else entry)
    return found


def ranked(
    entries: Sequence[Entry], factors: Sequence[Factor], last: Mapping[UUID, date] | None = None
) -> list[tuple[Entry, Score]]:
    """The most fragile first: points, then what may be, then the oldest contact (never called first), then the oldest
    registration. People who share facts share the work of scoring them."""
    known: dict[int, Score] = {}
    scored = []
    for entry in entries:
        found = known.get(entry.facts)
        if found is None:
            found = known[entry.facts] = score(factors, entry.known())
        scored.append((entry, found))
    contacts = last or {}
    scored.sort(key=lambda one: (*one[1].order, contacts.get(one[0].person, date.min), one[0].person))
    return scored
