"""All the rows of a file, each judged: what it says, who it is, what it would do. The same for a check and a load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from entremise.kernel import clock, tables
from entremise.people.usecases import Known, recognised
from entremise.registers import queries
from entremise.registers.engine.intake import Cleaned, Cleaner, Settings
from entremise.registers.engine.intake.problems import ACCEPTED, QUARANTINED, WARNED
from entremise.registers.models import ImportBatch, ImportedRow, Source, SourceRow
from entremise.registers.usecases.imports import files
from entremise.vault import queries as registers, registry, usecases as vault
from entremise.vault.registry import NO_OBJECTION

CHUNK = 1_000
STRENGTH = "nbpaw"
"""Kinds of identity, the strongest first: own number, name and birth, name and telephone, name and address, name."""
SAME_THIRD = 0.5
LEAST_THIRD = 20


@dataclass(slots=True)
class Seen:
    """A person as this source knows them: their row here, without any value."""

    pk: int
    person: UUID
    key: bytes
    kinds: frozenset[str]
    content: bytes
    absent: bool


@dataclass(slots=True, repr=False)
class Judged:
    """A row, who it is, and its effect: new, same, changed, returned; "" when it does nothing."""

    row: Cleaned
    key: bytes = b""
    keys: bytes = b""
    content: bytes = b""
    seen: Seen | None = None
    effect: str = ""

    def __repr__(self) -> str:
        return f"<Judged {self.row.line} {self.effect}>"

    @property
    def outcome(self) -> str:
        return self.row.outcome

    @property
    def taken(self) -> bool:
        return self.outcome in (ACCEPTED, WARNED)


def cleaner_of(batch: ImportBatch, headings: Sequence[str] = ()) -> Cleaner:
    """What reads the rows of this batch as its columns say."""
    settings = Settings(
        mapping=batch.mapping,
        fields=frozenset(registry.profile(batch.register).fields),
        required=files.required_of(batch.register),
        epoch=batch.epoch,
        month_first=batch.date_order == "mdy",
        today=clock.today(),
    )
    return Cleaner(settings, queries.communes(), queries.commune_names(), queries.first_names().known, headings)


def digests_of(register: str, source: int, texts: Sequence[str], kind: str = "row") -> list[bytes]:
    return vault.fingerprints(register=register, kind=f"{kind}.{source}", values=texts)


class Book:
    """The persons a source knows, found by any of their identities; who was found already in this file."""

    def __init__(self, source: Source) -> None:
        self.by: dict[bytes, Seen | None] = {}
        self.found: set[int] = set()
        rows = SourceRow.objects.filter(source=source).values_list(
            "pk", "person", "key", "keys", "content", "absent_since"
        )
        for pk, person, key, keys, content, absent in rows.iterator(chunk_size=5_000):
            parts = split(bytes(keys))
            one = Seen(pk, person, bytes(key), frozenset(parts), bytes(content), absent is not None)
            self.by[bytes(key)] = one
            for digest in parts.values():
                if digest != bytes(key):
                    self.by[digest] = None if digest in self.by else one  # two persons: it says which no more

    def match(self, parts: Mapping[str, bytes]) -> Seen | None:
        """The person this row is, by its strongest identity; by a weaker one only when one side lacks the stronger:
        the same name and telephone with two birth dates are a father and his son."""
        for kind in STRENGTH:
            digest = parts.get(kind)
            if digest is None:
                continue
            one = self.by.get(digest)
            if one is None or one.pk in self.found:
                continue
            stronger = STRENGTH[: STRENGTH.index(kind)]
            if any(other in parts and other in one.kinds for other in stronger):
                continue
            return one
        return None


def split(keys: bytes) -> dict[str, bytes]:
    """`b` + 16 bytes, `p` + 16 bytes… as they are kept."""
    return {chr(keys[at]): keys[at + 1 : at + 17] for at in range(0, len(keys) - 16, 17)}


@dataclass
class Passage:
    """One reading of the file of a batch. `done`: rows already loaded by an earlier attempt, left out; `mine`: the
    persons it made."""

    batch: ImportBatch
    book: tables.Book
    headings: Sequence[str] = ()
    done: frozenset[int] = frozenset()
    mine: set[UUID] = field(default_factory=set)
    chunk: int = CHUNK

    def __post_init__(self) -> None:
        self.source = self.batch.source
        self.register = self.source.register
        self.cleaner = cleaner_of(self.batch, self.headings)
        self.known = Book(self.source)
        self.prints: dict[bytes, tuple[bytes, int]] = {}
        self.thirds: Counter[str] = Counter()
        served = frozenset(registers.register(self.register).bases) - NO_OBJECTION
        self.kind, self.refusable = files.kind_of(self.register), served

    @sensitive_variables()
    def chunks(self) -> Iterator[list[Judged]]:
        """The rows below the headings, blank ones included, up to the last that holds something."""
        rows: list[Cleaned] = []
        last = self.batch.head_row + self.batch.row_count
        for number, cells in enumerate(self.book.rows, start=1):
            if number <= self.batch.head_row:
                continue
            if number > last:
                break
            rows.append(self.cleaner.clean(number, [tables.tidy(cell) for cell in cells]))
            if len(rows) == self.chunk:
                yield self.judge(rows)
                rows = []
        if rows:
            yield self.judge(rows)

    @sensitive_variables()
    def judge(self, rows: Sequence[Cleaned], *, confirmed: bool = False) -> list[Judged]:
        """Who these rows are and what they would do. `confirmed`: a human said that a telephone is another's."""
        judged = [Judged(row) for row in rows]
        taken = [one for one in judged if one.taken]
        self._recognise(taken)
        fresh = [one for one in taken if one.taken and one.seen is None and one.effect != "same"]
        self._block(fresh, confirmed=confirmed)
        self._closed([one for one in taken if one.seen is not None])
        self._aside([one for one in judged if one.outcome == QUARANTINED and not one.key])
        for one in taken:
            if one.seen is not None:
                self.known.found.add(one.seen.pk)
            if not one.taken:
                one.effect = ""
            elif one.seen is not None:
                changed = one.seen.content != one.content
                one.effect = "returned" if one.seen.absent else "changed" if changed else "same"
            elif not one.effect:
                one.effect = "new"
            if third := one.row.values.get("third_party"):
                self.thirds[third.casefold()] += 1
        return judged

    def _recognise(self, taken: Sequence[Judged]) -> None:
        """Keys and content of each row; the row of the source it is, or the row above that it repeats."""
        kinds: list[tuple[int, str]] = []
        texts: list[str] = []
        for place, one in enumerate(taken):
            for kind, text in one.row.keys().items():
                kinds.append((place, kind))
                texts.append(f"{kind}|{text}")
        parts: list[dict[str, bytes]] = [{} for _ in taken]
        for (place, kind), digest in zip(kinds, digests_of(self.register, self.source.pk, texts), strict=True):
            parts[place][kind] = digest
        contents = digests_of(self.register, self.source.pk, [one.row.content() for one in taken], "content")
        for one, here, content in zip(taken, parts, contents, strict=True):
            one.content = content
            one.keys = b"".join(kind.encode() + here[kind] for kind in STRENGTH if kind in here)[:80]
            one.key = next(here[kind] for kind in STRENGTH if kind in here)
            before = self.prints.get(one.key)
            if before is not None and before[0] == content:
                one.row.codes.append("row_repeated")
                one.effect = "same"
                continue
            if before is not None and "n" in here:
                one.row.codes.append("number_twice")
                continue
            if before is not None:
                one.row.codes.append("same_identity")
                rank = before[1] + 1
                self.prints[one.key] = (content, rank)
                one.key = digests_of(self.register, self.source.pk, [f"{one.key.hex()}#{rank}"])[0]
                one.keys = b"w" + one.key
                here = {"w": one.key}
            self.prints[one.key] = (content, self.prints.get(one.key, (b"", 0))[1])
            one.seen = self.known.match(here)

    def _aside(self, rows: Sequence[Judged]) -> None:
        """Rows to put right are no proof that the persons they name have left the file."""
        kinds = [(place, kind, text) for place, one in enumerate(rows) for kind, text in one.row.keys().items()]
        digests = digests_of(self.register, self.source.pk, [f"{kind}|{text}" for _, kind, text in kinds])
        parts: list[dict[str, bytes]] = [{} for _ in rows]
        for (place, kind, _), digest in zip(kinds, digests, strict=True):
            parts[place][kind] = digest
        for here in parts:
            if (one := self.known.match(here)) is not None:
                self.known.found.add(one.pk)

    def _block(self, fresh: Sequence[Judged], *, confirmed: bool) -> None:
        """Nobody comes back by a file who was erased, who refuses what this register does, or whose record is closed
        there (reference linkage § 20.12)."""
        todo = [one for one in fresh if one.row.line not in self.done]
        if not todo:
            return
        values = [{name: one.row.values.get(name, "") for name in ("names", "phone", "birth_date")} for one in todo]
        marks = vault.is_marked(*values)
        known = recognised(values)
        others = sorted(set().union(*(one.persons for one in known)) - self.mine)
        states = registers.statuses(self.register, others)
        closed = {person for person, state in states.items() if state in ("frozen", "closed")}
        closed -= self._withdrawn(closed)
        for one, mark, who in zip(todo, marks, known, strict=True):
            if mark == "person" or self._refuses(who):
                one.row.codes.append("person_blocked")
            elif who.persons & closed:
                one.row.codes.append("record_closed")
            elif mark == "phone" and not confirmed:
                one.row.codes.append("erased_phone")
            elif who.objections:
                one.row.codes.append("objection_kept")

    def _refuses(self, who: Known) -> bool:
        if self.kind == "service" and "registers.inform" in who.objections:
            return True
        return bool(self.refusable) and self.refusable <= who.objections

    @staticmethod
    def _withdrawn(persons: set[UUID]) -> set[UUID]:
        """Those whose record was closed with the file that brought it, and by nothing else."""
        found: set[UUID] = set()
        some = sorted(persons)
        for start in range(0, len(some), 500):
            rows = ImportedRow.objects.filter(person__in=some[start : start + 500], effect="withdrawn")
            found |= {person for person in rows.values_list("person", flat=True) if person}
        return found

    def _closed(self, seen: Sequence[Judged]) -> None:
        """Whoever left, died, or was erased is not brought back by the next file of the same source."""
        persons = [one.seen.person for one in seen if one.seen]
        states = registers.statuses(self.register, persons)
        for one in seen:
            if one.seen is None:
                continue
            state = states.get(one.seen.person, "")
            if not state:
                one.row.codes.append("person_blocked")
            elif state in ("frozen", "closed") and one.seen.person not in self.mine:
                one.row.codes.append("record_closed")

    def third_party_list(self, rows: int) -> bool:
        """Whether one same third party stands on half the rows of a legal register: a list, whatever it was called."""
        if self.kind != "legal" or rows < LEAST_THIRD:
            return False
        return any(count >= SAME_THIRD * rows for count in self.thirds.values())
