"""Reading: the only way from a sealed cell to a value. Reference rules-vault-commons § 7, step by step."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import FreshFactorNeeded, require_second_factor
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.rules.engine import RegisterFacts
from entremise.vault import engine, registry
from entremise.vault.models import BlindIndex
from entremise.vault.registry import Asked
from entremise.vault.usecases import cells, deciding, fixed, journal, keyring, situating
from entremise.vault.usecases.asking import Question, fields_known, motive_given, purpose_known, question
from entremise.vault.usecases.keyring import Keyring
from entremise.vault.usecases.refusals import FieldUnknown, Tampered, TooManyRows
from entremise.vault.usecases.situating import Case, Refused
from entremise.vault.usecases.standing import with_request

log = logging.getLogger("entremise.vault")

FORGET = timedelta(minutes=5)
"""How long a screen shows an opening (PD, reference § 7)."""
MOST_FOUND = 5


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """What was opened. Its values are to be shown or used at once: neither cached, queued, logged nor pickled."""

    number: int
    rule_set: int
    values: Mapping[str, str]
    refused: Mapping[str, Refused]
    until: datetime

    def __repr__(self) -> str:
        return f"<Opening {self.number} {sorted(self.values)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an opening is neither cached, queued nor pickled")

    @property
    def reasons(self) -> tuple[Refused, ...]:
        """Why fields stay closed, each reason once: for a page that shows them together."""
        return tuple(dict.fromkeys(self.refused.values()))


ALTERED = Refused("tampered", "Cette fiche a été modifiée hors du logiciel : elle reste fermée. L’alerte est donnée.")
PROVE_AGAIN = "Cette donnée demande une seconde preuve de moins de 15 minutes : prouvez de nouveau votre identité."


@sensitive_variables()
def open(
    actor: Actor, *, person: UUID, fields: Sequence[str], purpose: str, motive: str, request: str = ""
) -> Opening:
    """Open fields of one person, after a line in the access journal.

    The fields that no rule allows are in `refused`, with their reason; a field without value is in neither.
    `request`: the reference of a special request that others agreed to; used by it, one row of its cap.
    Raises PurposeUnknown, MotiveMissing, FieldUnknown, RegisterUnknown, VaultSealed, Busy, JournalUnavailable
    (nothing was decrypted), accounts.policies.SecondFactorNeeded (an agent without a second factor, outside the
    demonstration; FreshFactorNeeded when a recent one would be enough), Tampered (an altered record gives no value at
    all), NotFound (unknown or erased person).
    """
    found, opened, asker = read_records(actor, [person], fields, purpose, motive, request)
    if all(case.record is None for case in found):
        raise NotFound("Cette personne est inconnue, ou a demandé son effacement.")
    opening = opened[person]
    if ALTERED in opening.refused.values():
        raise Tampered(ALTERED.reason + " Prévenez la personne qui administre le serveur.")
    if not any(case.granted for case in found) and _would_open(asker, found, fields):
        raise FreshFactorNeeded(PROVE_AGAIN)
    return opening


@sensitive_variables()
def read_records(
    actor: Actor, persons: Sequence[UUID], names: Sequence[str], purpose: str, motive: str, request: str
) -> tuple[list[Case], dict[UUID, Opening], Question]:
    """Every step of an opening for these persons (reference § 7): the cases, the openings, and who asked."""
    purpose_known(purpose)
    motive = motive_given(motive)
    require_second_factor(actor)
    asked = fields_known(names)
    if not asked:
        raise FieldUnknown("Demandez au moins un champ.")
    if request:
        with transaction.atomic():  # what is not read is not spent
            return _opened(actor, persons, asked, purpose, motive, request)
    return _opened(actor, persons, asked, purpose, motive, "")


@sensitive_variables()
def _opened(
    actor: Actor, persons: Sequence[UUID], asked: Sequence[Asked], purpose: str, motive: str, request: str
) -> tuple[list[Case], dict[UUID, Opening], Question]:
    codes = list(dict.fromkeys(one.register for one in asked))
    ring = keyring.load(codes)
    asker = question(actor, purpose)
    if request:
        asker = with_request(asker, request, registers=codes, fields=[one.name for one in asked], persons=persons)
    where = situating.registers(asker, codes)
    found = situating.cases(ring, persons, codes)
    situating.situate(asker, where, found)
    number, rule_set = write_lines(ring, asker, "read", found, asked, motive)
    values = read_values(ring, found)
    altered = [case for case in found if case.record is not None and values.get(case.record.pk, {}) is None]
    if altered:
        alarm(ring, asker, altered, motive, rule_set)
    return found, give(found, values, number, rule_set), asker


def _would_open(asker: Question, found: Sequence[Case], names: Sequence[str]) -> bool:
    """Whether a second factor proved again would open one of these fields."""
    if asker.fresh or asker.habilitation is None:
        return False
    again = [replace(case, granted={}, refused={}, rules=set()) for case in found]
    deciding.decide_fields(asker.proved_again(), "read", again, fields_known(names), frozenset())
    return any(case.granted for case in again)


def write_lines(
    ring: Keyring, asker: Question, action: str, found: Sequence[Case], asked: Sequence[Asked], motive: str
) -> tuple[int, int]:
    """Decide, then one line per record, granted or refused, committed before anything is decrypted: the number of the
    first line and that of the rule set. Both under the journal's lock: the count of the hour cannot be raced."""
    rule_set = 0

    def drafts() -> list[journal.Draft]:
        nonlocal rule_set
        seen = deciding.seen_in_hour(journal.human(ring, asker.actor), asker) if asker.who else frozenset()
        rule_set = deciding.decide_fields(asker, action, found, asked, seen)
        return [draft_of(ring, asker, case, action, word_of(case), motive, rule_set) for case in found]

    return journal.append(ring, asker.actor, drafts), rule_set


def read_values(ring: Keyring, found: Sequence[Case]) -> dict[UUID, dict[str, str] | None]:
    """The granted cells, and nothing else; None for an altered record."""
    allowed = {
        case.record.pk: [one.field for one in case.granted.values()]
        for case in found
        if case.record is not None and case.granted
    }
    known = {case.record.pk: (case.record, case.key) for case in found if case.record is not None and case.key}
    return cells.read(ring, allowed, known)


def word_of(case: Case) -> str:
    if not case.granted:
        return "refused"
    return "partly" if case.refused else "granted"


def draft_of(
    ring: Keyring, asker: Question, case: Case, action: str, word: str, motive: str, rule_set: int
) -> journal.Draft:
    """The line of one record: who and what for in clear, whom and which fields under the record's own key."""
    return journal.Draft(
        action=action,
        purpose=asker.purpose,
        register=case.register,
        verdict=word,
        rules=tuple(sorted(case.rules)),
        tag=case.tag,
        record=str(case.record.pk) if case.record else "",
        box=case.box or ring.box,
        secret={"allowed": sorted(case.granted), "refused": sorted(case.refused), "motive": motive},
        rule_set=rule_set,
        request=asker.request,
    )


def alarm(ring: Keyring, asker: Question, altered: Sequence[Case], motive: str, rule_set: int) -> None:
    """Journal the records that were altered, and tell whoever watches the server. Ids only."""
    lines = [draft_of(ring, asker, case, "read", "failed", motive, rule_set) for case in altered]
    number = journal.append(ring, asker.actor, lambda: lines)
    for offset, case in enumerate(altered):
        if case.record is not None:
            log.error("tampered record %s, journal line %d", case.record.pk, number + offset)


@sensitive_variables()
def give(
    found: Sequence[Case], values: Mapping[UUID, Mapping[str, str] | None], number: int, rule_set: int
) -> dict[UUID, Opening]:
    """The openings, person by person."""
    until = clock.now() + FORGET
    numbers: dict[UUID, int] = {}
    given: dict[UUID, dict[str, str]] = {}
    refused: dict[UUID, dict[str, Refused]] = {}
    for offset, case in enumerate(found):
        person = case.person
        numbers.setdefault(person, number + offset)
        here = refused.setdefault(person, {})
        here |= case.refused
        out = given.setdefault(person, {})
        read = values.get(case.record.pk, {}) if case.record else {}
        if read is None:
            here |= dict.fromkeys(case.granted, ALTERED)
            continue
        out |= {name: read[one.field] for name, one in case.granted.items() if one.field in read}
    return {person: Opening(numbers[person], rule_set, given[person], refused[person], until) for person in numbers}


@sensitive_variables()
def find(actor: Actor, *, register: str, by: str, value: str, purpose: str, motive: str) -> list[UUID]:
    """The persons of a register who have this normalised value (`by`: `phone`, in E.164), at most 5, never values.

    A shared phone line is normal: several persons may answer. The machine may look for duplicates, and reads nothing
    by it. Raises TooManyRows beyond 5, NotAllowed, and as `open`.
    """
    purpose_known(purpose)
    motive = motive_given(motive)
    require_second_factor(actor)
    try:
        searched = by in registry.profile(register).indexed
    except KeyError:
        searched = False
    if not searched:
        raise FieldUnknown("Ce registre ne se recherche pas par ce champ.")
    ring = keyring.load({register})
    asker = question(actor, purpose)
    where = situating.registers(asker, {register})[register]
    if actor.has("machine") and asker.who is None:
        why = fixed.may_serve(where, asker)
        refused = Refused(fixed.DUPLICATES, why) if why else None
        rules = () if why else (fixed.DUPLICATES,)
        journal.append(ring, actor, lambda: [_search_line(ring, asker, register, by, motive, rules, not why, 0)])
    else:
        refused = may_search(ring, asker, where, by, motive)
    if refused is not None:
        raise NotAllowed(f"Vous ne pouvez pas chercher une personne pour cette finalité. {refused.reason}")
    digest = engine.blind(ring.indexes[register], by, value)
    rows = BlindIndex.objects.filter(
        register=register, by__in=[by, *(f"{by}#{n}" for n in range(1, 10))], digest=digest
    )
    rows = rows.order_by("record_id")
    found = list(rows.values_list("record__person", flat=True)[: MOST_FOUND + 1])
    if len(found) > MOST_FOUND:
        raise TooManyRows("Trop de réponses : précisez, par exemple par le nom ou la commune.")
    return found


def may_search(ring: Keyring, asker: Question, where: RegisterFacts, by: str, motive: str) -> Refused | None:
    refused: Refused | None = None

    def drafts() -> list[journal.Draft]:
        nonlocal refused
        count = deciding.deeds_in_hour(journal.human(ring, asker.actor), "search", asker)
        verdict, number = deciding.decide_deed(asker, "search", where, count=count)
        refused = None if verdict.allowed else deciding.refusal(asker, verdict)
        return [_search_line(ring, asker, where.id, by, motive, verdict.by, verdict.allowed, number)]

    journal.append(ring, asker.actor, drafts)
    return refused


def _search_line(
    ring: Keyring,
    asker: Question,
    register: str,
    by: str,
    motive: str,
    rules: tuple[str, ...],
    granted: bool,
    rule_set: int,
) -> journal.Draft:
    return journal.Draft(
        action="search",
        purpose=asker.purpose,
        register=register,
        verdict="granted" if granted else "refused",
        rules=rules,
        tag="",
        record="",
        box=ring.box,
        secret={"by": by, "motive": motive},
        rule_set=rule_set,
    )


__all__ = ["Opening", "Refused", "find", "open"]
