"""Several persons at once: a page, a paper list, a file. Line by line; what is refused is counted, never shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.accounts.policies import FreshFactorNeeded, require_second_factor
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.rules.engine import RegisterFacts
from entremise.vault.usecases import deciding, journal, keyring, opening, situating
from entremise.vault.usecases.asking import Question, fields_known, motive_given, purpose_known, question
from entremise.vault.usecases.keyring import Keyring
from entremise.vault.usecases.opening import Opening
from entremise.vault.usecases.refusals import FieldUnknown, TooManyRows
from entremise.vault.usecases.situating import Case, Refused
from entremise.vault.usecases.standing import with_request

LINES = {"print": "print_line", "export": "export_line"}
MOST = {"": 500, "print": 200, "export": 5_000}
"""Persons at once, beyond which nothing is even asked; the rules in force say less (`rows`)."""
PROVE_AGAIN = "Une liste demande une seconde preuve de moins de 15 minutes : prouvez de nouveau votre identité."


@sensitive_variables()
def open_many(
    actor: Actor,
    *,
    persons: Collection[UUID],
    fields: Sequence[str],
    purpose: str,
    motive: str,
    listing: str = "",
    request: str = "",
) -> dict[UUID, Opening]:
    """Open the same fields of several persons: one page, or with `listing` a list that leaves (`print`, `export`).

    One journal transaction, the same number of queries for 1 or 200 persons, one decision per distinct situation.
    A page answers for every person asked, an unknown, erased or altered one with its reason in `refused`. A list that
    leaves holds those who may be on it and nobody else: the others are counted by what is missing, and journalled.
    Raises TooManyRows, NotAllowed (the list itself is refused), FreshFactorNeeded, otherwise as `open`.
    """
    if listing not in MOST:
        raise ValueError(f"a list is printed or exported, not {listing!r}")
    if len(persons) > MOST[listing]:
        raise TooManyRows(f"Trop de fiches à la fois : demandez-en {MOST[listing]} au plus.")
    if not persons:
        return {}
    asked = list(dict.fromkeys(persons))
    if not listing:
        return opening.read_records(actor, asked, fields, purpose, motive, request)[1]
    with transaction.atomic():  # a request that is refused is not spent
        return _leaving(actor, asked, fields, purpose, motive, listing, request)


@sensitive_variables()
def _leaving(
    actor: Actor,
    persons: Sequence[UUID],
    names: Sequence[str],
    purpose: str,
    motive: str,
    listing: str,
    request: str,
) -> dict[UUID, Opening]:
    purpose_known(purpose)
    motive = motive_given(motive)
    require_second_factor(actor)
    asked = fields_known(names)
    if not asked:
        raise FieldUnknown("Demandez au moins un champ.")
    codes = list(dict.fromkeys(one.register for one in asked))
    ring, asker = keyring.load(codes), question(actor, purpose)
    if request:
        asker = with_request(asker, request, registers=codes, fields=[one.name for one in asked], persons=persons)
    where = situating.registers(asker, codes)
    found = situating.cases(ring, persons, codes)
    situating.situate(asker, where, found)
    refused: Refused | None = None
    rule_set = 0

    def drafts() -> list[journal.Draft]:
        nonlocal refused, rule_set
        human = journal.human(ring, actor)
        lines, refused = allow(ring, asker, human, listing, where, rows=len(persons), motive=motive)
        if refused is None:
            seen = deciding.seen_in_hour(human, asker)
            rule_set = deciding.decide_fields(asker, LINES[listing], found, asked, seen)
            lines += [
                opening.draft_of(ring, asker, case, LINES[listing], opening.word_of(case), motive, rule_set)
                for case in found
            ]
        return lines

    number = journal.append(ring, actor, drafts)
    if refused is not None:
        if any(deciding.lacks_a_fresh_proof(asker, listing, row, rows=len(persons)) for row in where.values()):
            raise FreshFactorNeeded(PROVE_AGAIN)
        raise NotAllowed(f"Cette liste ne peut pas être faite. {refused.reason}")
    values = opening.read_values(ring, found)
    altered = [case for case in found if case.record is not None and values.get(case.record.pk, {}) is None]
    if altered:
        opening.alarm(ring, asker, altered, motive, rule_set)
    given = opening.give(found, values, number + len(where), rule_set)
    on_it = {case.person for case in found if case.granted and case not in altered}
    return {person: given[person] for person in persons if person in on_it}


def allow(
    ring: Keyring,
    asker: Question,
    human: str,
    action: str,
    where: dict[str, RegisterFacts],
    *,
    rows: int,
    motive: str,
) -> tuple[list[journal.Draft], Refused | None]:
    """One line for each register where this deed is done, and why it cannot be; under the journal's lock."""
    count = deciding.deeds_in_hour(human, action, asker)
    lines, why = [], None
    for code, facts in where.items():
        verdict, number = deciding.decide_deed(asker, action, facts, count=count, rows=rows)
        if not verdict.allowed:
            why = why or deciding.refusal(asker, verdict)
        lines.append(
            journal.Draft(
                action=action,
                purpose=asker.purpose,
                register=code,
                verdict="granted" if verdict.allowed else "refused",
                rules=verdict.by,
                tag="",
                record="",
                box=ring.box,
                secret={"motive": motive, "rows": rows},
                rule_set=number,
                request=asker.request,
            )
        )
    return lines, why


def granted(found: Sequence[Case]) -> list[Case]:
    """The cases that may be used, whole: every field asked of them was granted."""
    return [case for case in found if case.granted and not case.refused]
