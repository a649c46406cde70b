"""Computing on values without anybody seeing them: in memory, and only ids, numbers and codes come out.

`compute` then `feed` decide; both need a special request that colleges agreed to (`floor-lists`). A table of counts is
one such computation, decided once more when it is finished (`aggregate`, `floor-count`).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import FreshFactorNeeded, require_second_factor
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.rules.engine import Asked as Ask, Count as CountFacts, RegisterFacts, Verdict
from entremise.vault import engine, registry
from entremise.vault.engine import tables
from entremise.vault.models import Line, Record
from entremise.vault.registry import Asked, Row
from entremise.vault.usecases import deciding, journal, keyring, listing, opening, situating
from entremise.vault.usecases.agreements import standing
from entremise.vault.usecases.asking import Question, motive_given, purpose_known, question
from entremise.vault.usecases.keyring import Keyring
from entremise.vault.usecases.refusals import FieldUnknown, TooManyRows
from entremise.vault.usecases.situating import Case, Refused
from entremise.vault.usecases.standing import with_request

STATISTICS = "insights.statistics"
BUDGET, PERIOD = 20, timedelta(days=30)
"""Tables of one register in a month, whoever asks (PD: ours): differences of many tables tell what each hides."""
CROSSED = 3
MOST = 1_000_000
"""Persons of one computation: half a millisecond each, memory of one part (docs/explanation/benchmarks.md)."""
PART = 5_000
"""Persons read at once: what is decrypted and not used yet."""
PROVE_AGAIN = "Un calcul demande une seconde preuve de moins de 15 minutes : prouvez de nouveau votre identité."


Tell = Callable[[int, int], None]


class ResultRefused(DomainError):
    """A computation answered with something else than record ids, numbers and its own codes: nothing comes out."""

    code = "result_refused"


@dataclass(frozen=True, slots=True)
class Computed:
    """What came out. `fed` records served, `left_out` could not; `number` is the first line of the journal."""

    number: int
    rule_set: int
    rows: tuple[tuple[registry.Cell, ...], ...]
    fed: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A finished table: `cells` are those that may be published; `hidden` says how many may not."""

    number: int
    rule_set: int
    by: tuple[str, ...]
    cells: Mapping[tuple[str, ...], int]
    hidden: int


@sensitive_variables()
def compute(
    actor: Actor,
    *,
    request: str,
    name: str,
    registers: Collection[str],
    given: object = None,
    tell: Tell | None = None,
) -> Computed:
    """Run a declared computation on whole registers, in memory, under a request that was granted for it.

    The purpose and the motive are those of the request. `given`: facts that are not values, passed on. Records are
    read by parts, each journalled before it is decrypted; `tell(done, total)` after each, and what it raises stops
    the computation. Records that no rule lets serve are left out and counted. Called outside transactions: it may
    last for minutes. Raises NotFound (no such computation), NotAllowed, FreshFactorNeeded, ResultRefused, and as
    `open`.
    """
    try:
        asked = registry.computation_of(name)
    except KeyError:
        raise NotFound("Ce calcul n’existe pas.") from None
    row = standing(request, actor, now=question(actor, asked.purpose).now).request
    motive = row.motive if row is not None else "Calcul sans demande accordée"
    fields = list(asked.fields)
    granted = row.fields if row is not None and asked.partial else None
    feed = _feed(actor, asked.purpose, registers, fields, request, motive, granted=granted)
    rows = feed.rows(whole=not asked.partial, tell=tell)
    more = () if given is None else (given,)
    out = []
    for answer in asked.run(rows if asked.streamed else list(rows), *more):
        cells = tuple(answer)
        if not all(_may_leave(cell, feed, asked.codes) for cell in cells):
            raise ResultRefused("Ce calcul a rendu autre chose que des références, des nombres et ses propres codes.")
        out.append(cells)
    return Computed(feed.number, feed.rule_set, tuple(out), len(feed.known), feed.left_out)


def _may_leave(cell: object, feed: _Feed, codes: Collection[str]) -> bool:
    if isinstance(cell, UUID):
        return cell.int in feed.known
    if isinstance(cell, str):
        return cell in codes
    if isinstance(cell, int) and cell in feed.digests:
        return True
    return isinstance(cell, (int, float)) and math.isfinite(cell) and abs(cell) < 10**9


@dataclass(slots=True)
class _Feed:
    """What `compute` allowed, and the records as they come. `known`: the ids fed; `digests`: their numbers."""

    actor: Actor
    ring: Keyring
    asker: Question
    codes: list[str]
    asked: list[Asked]
    where: dict[str, RegisterFacts]
    total: int
    motive: str
    number: int
    rule_set: int = 0
    left_out: int = 0
    opened: int = 0
    known: set[int] = field(default_factory=set)
    digests: set[int] = field(default_factory=set)

    def rows(self, *, whole: bool = True, tell: Tell | None = None) -> Iterator[Row]:
        """The rows that may serve, `PART` persons at a time: decided, journalled, then decrypted."""
        done, last = 0, UUID(int=0)
        while True:
            persons = Record.objects.filter(register__in=self.codes, person__gt=last).order_by("person")
            part = list(persons.values_list("person", flat=True).distinct()[:PART])
            if not part:
                return
            last, done = part[-1], done + len(part)
            yield from self._part(part, whole)
            if tell is not None:
                tell(min(done, self.total), self.total)

    @sensitive_variables()
    def _part(self, persons: Sequence[UUID], whole: bool) -> list[Row]:
        ring, asker = self.ring, self.asker
        where = situating.registers(asker, self.codes)
        found = [case for case in situating.cases(ring, persons, self.codes) if case.record is not None]
        situating.situate(asker, where, found)

        def drafts() -> list[journal.Draft]:
            seen = deciding.seen_in_hour(journal.human(ring, self.actor), asker)
            number = deciding.decide_fields(asker, "feed", found, self.asked, seen, before=self.opened)
            self.opened += len({case.tag for case in found if case.granted} - seen)
            self.rule_set = self.rule_set or number
            return [_line(ring, asker, case, self.motive, number, whole) for case in found]

        journal.append(ring, self.actor, drafts)
        used = [case for case in found if case.granted and not (whole and case.refused)]
        values = opening.read_values(ring, used)
        rows = []
        for case in used:
            read = values.get(case.record.pk) if case.record is not None else None
            if case.record is not None and read is not None:
                digest = _digest(ring, case.record, read)
                self.known.add(case.record.pk.int)
                self.digests.add(digest)
                rows.append(Row(case.record.pk, case.register, read, digest))
        self.left_out += len(found) - len(rows)
        return rows


def _digest(ring: Keyring, record: Record, values: Mapping[str, str]) -> int:
    """63 bits, under the register's own key, of what a record says: cleaned values, not what files wrote of them."""
    said = json.dumps({n: v for n, v in values.items() if not n.endswith(registry.RECEIVED)}, sort_keys=True)
    blind = engine.blind(ring.indexes[record.register], "digest", f"{record.pk} {said}")
    return int.from_bytes(blind[:8], "big") >> 1


@sensitive_variables()
def _feed(
    actor: Actor,
    purpose: str,
    registers: Collection[str],
    fields: Sequence[str],
    request: str,
    motive: str,
    *,
    deed: str = "compute",
    granted: Collection[str] | None = None,
) -> _Feed:
    """Who may be fed, once `compute` was decided and journalled, and the request spent. Nothing is read yet.

    `granted`: the fields that the request covers, when those it does not are simply left out.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    require_second_factor(actor)
    codes = sorted(set(registers))
    asked = _fields_of(codes, fields)
    if granted is not None:
        asked = [one for one in asked if one.name.removesuffix(registry.RECEIVED) in granted]
        if not asked:
            raise FieldUnknown("La demande accordée ne porte sur aucune donnée de ce calcul.")
    ring, asker = keyring.load(codes), question(actor, purpose)
    total = Record.objects.filter(register__in=codes).values("person").distinct().count()
    if total > MOST:
        raise TooManyRows(f"Ces registres comptent plus de {MOST} personnes : le calcul se fait par parties.")
    with transaction.atomic():  # what is refused is not spent
        if request:
            names = {one.name.removesuffix(registry.RECEIVED) for one in asked}  # the same data, as the file said it
            asker = with_request(asker, request, registers=codes, fields=names, rows=max(1, total))
        where = situating.registers(asker, codes)
        feed = _Feed(actor, ring, asker, codes, asked, where, total, motive, 0)
        refused: Refused | None = None

        def drafts() -> list[journal.Draft]:
            nonlocal refused
            human = journal.human(ring, actor)
            lines, refused = listing.allow(ring, asker, human, deed, where, rows=max(1, total), motive=motive)
            return lines

        if deed == "compute":
            feed.number = journal.append(ring, actor, drafts)
        if refused is not None:
            if any(deciding.lacks_a_fresh_proof(asker, deed, row) for row in where.values()):
                raise FreshFactorNeeded(PROVE_AGAIN)
            raise NotAllowed(f"Ce calcul ne peut pas être lancé. {refused.reason}")
    return feed


def _line(ring: Keyring, asker: Question, case: Case, motive: str, rule_set: int, whole: bool) -> journal.Draft:
    word = opening.word_of(case)
    if whole and word == "partly":
        word = "refused"  # a row serves whole, or not at all
    return opening.draft_of(ring, asker, case, "feed", word, motive, rule_set)


def _fields_of(codes: Sequence[str], fields: Sequence[str]) -> list[Asked]:
    found = []
    for code in codes:
        try:
            profile = registry.profile(code)
        except KeyError:
            raise FieldUnknown("Ce registre n’existe pas ici.") from None
        found += [
            registry.asked(f"{code}.{name}")
            for name in fields
            if name.removesuffix(registry.RECEIVED) in profile.fields
        ]
    if not found:
        raise FieldUnknown("Aucun de ces registres n’a ces champs.")
    return found


@sensitive_variables()
def count(actor: Actor, *, register: str, by: Sequence[str], request: str, motive: str) -> Counted:
    """A table of how many records have each value of the crossed fields (one to three), as it may be published.

    `feed` is decided for each field of each record, then `aggregate` on the finished table: small cells are hidden,
    others with them so that no subtraction finds them again, and the tables of a register are few in a month.
    Raises NotAllowed, FieldUnknown, and as `compute`.
    """
    if not 1 <= len(set(by)) == len(by) <= CROSSED:
        raise FieldUnknown(f"Croisez de un à {CROSSED} champs, chacun une fois.")
    fed = _feed(actor, STATISTICS, [register], by, request, motive, deed="aggregate")
    rows = list(fed.rows())
    where = fed.where[register]
    known = Counter(tuple(row.values.get(name, "") for name in by) for row in rows)
    least = max(11, where.k_threshold)
    table = tables.publishable(known, least)
    left = 0

    def drafts() -> list[journal.Draft]:
        nonlocal left
        since = Line.objects.filter(action="aggregate", register=register, at__gt=fed.asker.now - PERIOD)
        left = BUDGET - since.filter(verdict="granted").count()
        how = CountFacts(
            STATISTICS, fed.asker.now, min(table.values(), default=0), complement_suppressed=True, queries_left=left
        )
        asked = [Ask(fed.asker.who, "aggregate", where, how)] if fed.asker.who is not None else []
        verdicts, number = deciding.in_force(asked)
        verdict = verdicts[0] if verdicts else None
        done.append((verdict, number))
        return [
            journal.Draft(
                action="aggregate", purpose=STATISTICS, register=register,
                verdict="granted" if verdict is not None and verdict.allowed else "refused",
                rules=verdict.by if verdict is not None else (), tag="", record="", box=fed.ring.box,
                secret={"by": list(by), "motive": motive}, rule_set=number, request=request,
            )
        ]  # fmt: skip

    done: list[tuple[Verdict | None, int]] = []
    number = journal.append(fed.ring, actor, drafts)
    verdict, rule_set = done[-1]
    if verdict is None or not verdict.allowed:
        reason = deciding.refusal(fed.asker, verdict).reason if verdict is not None else deciding.NOBODY.reason
        raise NotAllowed(f"Ce tableau ne peut pas être produit. {reason}")
    return Counted(number, rule_set, tuple(by), table, len(known) - len(table))


__all__ = ["Computed", "Counted", "ResultRefused", "compute", "count"]
