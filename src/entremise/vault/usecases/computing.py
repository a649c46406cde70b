"""Computing on values without anybody seeing them: in memory, and only ids, numbers and codes come out.

`compute` then `feed` decide; both need a special request that colleges agreed to (`floor-lists`). A table of counts is
one such computation, decided once more when it is finished (`aggregate`, `floor-count`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import FreshFactorNeeded, require_second_factor
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.rules.engine import Asked as Ask, Count as CountFacts, RegisterFacts, Verdict
from entremise.vault import registry
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
MOST = 60_000
PROVE_AGAIN = "Un calcul demande une seconde preuve de moins de 15 minutes : prouvez de nouveau votre identité."


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
def compute(actor: Actor, *, request: str, name: str, registers: Collection[str]) -> Computed:
    """Run a declared computation on whole registers, in memory, under a request that was granted for it.

    The purpose and the motive are those of the request. Records that no rule lets serve are left out and counted.
    Raises NotFound (no such computation), NotAllowed, FreshFactorNeeded, ResultRefused, and as `open`.
    """
    try:
        asked = registry.computation_of(name)
    except KeyError:
        raise NotFound("Ce calcul n’existe pas.") from None
    row = standing(request, actor, now=question(actor, asked.purpose).now).request
    motive = row.motive if row is not None else "Calcul sans demande accordée"
    rows, found = _feed(actor, asked.purpose, registers, asked.fields, request, motive)
    known = {one.record for one in rows}
    out = []
    for answer in asked.run(rows):
        cells = tuple(answer)
        if not all(_may_leave(cell, known, asked.codes) for cell in cells):
            raise ResultRefused("Ce calcul a rendu autre chose que des références, des nombres et ses propres codes.")
        out.append(cells)
    return Computed(found.number, found.rule_set, tuple(out), len(rows), found.left_out)


def _may_leave(cell: object, records: Collection[UUID], codes: Collection[str]) -> bool:
    if isinstance(cell, UUID):
        return cell in records
    if isinstance(cell, str):
        return cell in codes
    return isinstance(cell, (int, float)) and math.isfinite(cell) and abs(cell) < 10**9


@dataclass(frozen=True, slots=True)
class _Fed:
    number: int
    rule_set: int
    left_out: int
    asker: Question
    where: dict[str, RegisterFacts]
    ring: Keyring


@sensitive_variables()
def _feed(
    actor: Actor, purpose: str, registers: Collection[str], fields: Sequence[str], request: str, motive: str,
    *, deed: str = "compute",
) -> tuple[list[Row], _Fed]:  # fmt: skip
    """The rows that may serve, their values in memory, once `compute` and `feed` were decided and journalled."""
    purpose_known(purpose)
    motive = motive_given(motive)
    require_second_factor(actor)
    codes = sorted(set(registers))
    asked = _fields_of(codes, fields)
    ring, asker = keyring.load(codes), question(actor, purpose)
    persons = list(Record.objects.filter(register__in=codes).values_list("person", flat=True).distinct()[: MOST + 1])
    if len(persons) > MOST:
        raise TooManyRows(f"Ce registre compte plus de {MOST} fiches : le calcul se fait par parties.")
    with transaction.atomic():  # what is refused is not spent
        if request:
            asker = with_request(
                asker, request, registers=codes, fields=[one.name for one in asked], rows=max(1, len(persons))
            )
        where = situating.registers(asker, codes)
        found = [case for case in situating.cases(ring, persons, codes) if case.record is not None]
        situating.situate(asker, where, found)
        refused: Refused | None = None
        rule_set = 0

        def drafts() -> list[journal.Draft]:
            nonlocal refused, rule_set
            human = journal.human(ring, actor)
            lines: list[journal.Draft] = []
            if deed == "compute":
                lines, refused = listing.allow(
                    ring, asker, human, deed, where, rows=max(1, len(persons)), motive=motive
                )
            if refused is None:
                rule_set = deciding.decide_fields(asker, "feed", found, asked, deciding.seen_in_hour(human, asker))
                lines += [_line(ring, asker, case, motive, rule_set) for case in found]
            return lines

        number = journal.append(ring, actor, drafts)
        if refused is not None:
            if any(deciding.lacks_a_fresh_proof(asker, deed, row) for row in where.values()):
                raise FreshFactorNeeded(PROVE_AGAIN)
            raise NotAllowed(f"Ce calcul ne peut pas être lancé. {refused.reason}")
    rows = []
    used = [case for case in found if case.granted and not case.refused]
    values = opening.read_values(ring, used)
    for case in used:
        read = values.get(case.record.pk) if case.record is not None else None
        if case.record is not None and read is not None:
            rows.append(Row(case.record.pk, case.register, read))
    return rows, _Fed(number, rule_set, len(found) - len(rows), asker, where, ring)


def _line(ring: Keyring, asker: Question, case: Case, motive: str, rule_set: int) -> journal.Draft:
    word = "granted" if case.granted and not case.refused else "refused"  # a row serves whole, or not at all
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
    rows, fed = _feed(actor, STATISTICS, [register], by, request, motive, deed="aggregate")
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
