"""The facts of a deed, read anew each time: registers, records, what persons said, what was confided to whom.

At most six queries, for one person or for two hundred. No value is read here, and no person's identifier goes to the
rules: a record is told by its situation only, so that equal situations share one decision.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from entremise.kernel.db import adapted, as_uuid, marks, read_rows
from entremise.rules.engine import AgentFacts, PersonFacts, RecordFacts, RegisterFacts
from entremise.rules.engine.facts import NONE
from entremise.vault import engine, registry
from entremise.vault.models import IdentityCheck, Record, RecordKey, Register, Release
from entremise.vault.registry import Asked
from entremise.vault.usecases.asking import Question
from entremise.vault.usecases.keyring import Keyring
from entremise.vault.usecases.refusals import RegisterUnknown

EVERY_HOUSE = "*"
MANY = 500
RIGHTS, RESCUE = "people.rights", "outreach.rescue"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a field stays closed: `rule` (empty: nothing allows it), a French reason, how to contest.

    `link`: a page of this site where something can be done about it, when there is one.
    """

    rule: str
    reason: str
    contest: str = "Demander une règle, ou contester : /communs/"
    link: str = ""


@dataclass(slots=True)
class Case:
    """One record asked (or its absence), and what was decided on it."""

    person: UUID
    register: str
    record: Record | None
    box: engine.Box | None
    tag: str = ""
    key: RecordKey | None = None
    facts: RecordFacts | None = None
    released: frozenset[str] = NONE
    checked: bool = False
    granted: dict[str, Asked] = field(default_factory=dict)
    refused: dict[str, Refused] = field(default_factory=dict)
    rules: set[str] = field(default_factory=set)


def register_facts(row: Register, question: Question) -> RegisterFacts:
    """The row as the rules read it. `*` among its recipients is every house of this site, the asker's included."""
    recipients = frozenset(map(str, row.recipients))
    if EVERY_HOUSE in recipients:
        own = question.who.organisation if isinstance(question.who, AgentFacts) else ""
        recipients = frozenset({own} - {""})
    known = frozenset(registry.PURPOSES)
    return RegisterFacts(
        row.code,
        recipients,
        frozenset(row.bases) & known,
        row.expires_at,
        frozenset(row.consent_purposes) & known,
        frozenset(row.crisis_purposes) & known,
        crisis_declared=row.crisis_declared_at is not None,
        nominative=row.nominative,
        status="closed" if row.status == "shredded" else row.status,
        impact_assessment_signed=row.assessment_signed_at is not None,
        k_threshold=row.k_threshold,
    )


def registers(question: Question, codes: Collection[str]) -> dict[str, RegisterFacts]:
    """The facts of these registers. One query. RegisterUnknown for one that this site does not have."""
    wanted = set(codes)
    rows = Register.objects.raw(f"SELECT * FROM vault_register WHERE code IN ({marks(codes)})", list(codes))  # noqa: S608
    found = {row.code: register_facts(row, question) for row in rows}
    if wanted - set(found):
        raise RegisterUnknown("Ce registre n’existe pas ici. Le responsable de traitement peut le créer.")
    return found


def first_status(code: str) -> str:
    """The state of a new record: a re-used business file first serves to inform people that it exists (CNIL 2020)."""
    kind = Register.objects.filter(pk=code).values_list("kind", flat=True).first()
    return "to_inform" if kind == "service" else "active"


def cases(ring: Keyring, persons: Sequence[UUID], codes: Sequence[str]) -> list[Case]:
    """The records asked and their keys: two queries. An unknown person takes the same path, without record."""
    sql = f"SELECT * FROM vault_record WHERE person IN ({marks(persons)}) AND register IN ({marks(codes)})"  # noqa: S608
    found = Record.objects.raw(sql, adapted([*persons, *codes]))
    records = {(record.person, record.register): record for record in found}
    ids = [record.pk for record in records.values()]
    rows = RecordKey.objects.raw(f"SELECT * FROM vault_recordkey WHERE record IN ({marks(ids)})", adapted(ids, "keys"))  # noqa: S608
    keys = {row.record: row for row in rows}
    made = []
    for person in persons:
        for register in codes:
            record = records.get((person, register))
            key = keys.get(record.pk) if record else None
            box = None
            if key is None:  # never written, or its key was destroyed
                record = None
            else:
                try:
                    box = ring.unwrap(key)
                except engine.InvalidTag:  # an altered key: found again, and refused, when the cells are read
                    box = None
            tag = ring.tag(record.pk if record else person)
            made.append(Case(person, register, record, box, tag, key))
    return made


def situate(
    question: Question, where: Mapping[str, RegisterFacts], found: Sequence[Case], action: str = "read"
) -> None:
    """Give each case its situation: state, stances, assignments, releases, identity. Two queries.

    Nobody objects to the exercise of rights, and it rests on no consent: stances are not read for it, but to give
    data away (`floor-disclose`).
    """
    persons = list({case.person for case in found if case.record is not None})
    said = question.purpose != RIGHTS or action == "disclose"
    objections, consents = _stances(question, persons) if said else (set[UUID](), set[UUID]())
    mine = _assigned(question, persons)
    held = _held(question, persons)
    given = _released(question, persons)
    checked = _checked(question, persons)
    who = question.who
    agent = frozenset({who.id}) if isinstance(who, AgentFacts) else NONE
    own = question.me
    purpose = frozenset({question.purpose})
    for case in found:
        record = case.record
        if record is None:
            continue
        case.released = given.get(case.person, NONE)
        case.checked = case.person in checked
        case.facts = RecordFacts(
            "record",
            where[case.register],
            str(own) if own == case.person else "somebody",
            record.status,
            purpose if case.person in objections else NONE,
            purpose if case.person in consents else NONE,
            agent if case.person in held or (case.person, case.register) in mine else NONE,
            NONE,
            record.difficulty_open,
            record.emergency_open,
            record.protected,
        )


def for_field(question: Question, case: Case, facts: RecordFacts, name: str) -> RecordFacts:
    """The situation of one field: contacts are released field by field, and to one person."""
    if name in case.released and isinstance(question.who, PersonFacts):
        return replace(facts, released_to=frozenset({question.who.id}))
    return facts


# An opening asks these two of every person it shows.
_STANCES_SQL = "SELECT person, word FROM vault_stance WHERE person IN ({persons}) AND purpose = %s"
_ASSIGNED_SQL = """SELECT person, register FROM vault_assignment WHERE person IN ({persons}) AND "user" = %s
 AND ended_at IS NULL AND at <= %s AND until > %s AND (%s OR purpose = %s)"""


def _stances(question: Question, persons: Sequence[UUID]) -> tuple[set[UUID], set[UUID]]:
    """(who objects, who agrees) to the purpose asked. One query."""
    objections: set[UUID] = set()
    consents: set[UUID] = set()
    for start in range(0, len(persons), MANY):  # one query for a page; an import has thousands of persons
        some = persons[start : start + MANY]
        for person, word in read_rows(_STANCES_SQL.format(persons=marks(some)), [*some, question.purpose]):
            (objections if word == "objection" else consents).add(as_uuid(person))
    return objections, consents


def _assigned(question: Question, persons: Sequence[UUID]) -> set[tuple[UUID, str]]:
    """The records confided to this agent for the purpose asked. A rescue grows out of a call or a visit: what was
    confided for another purpose counts there too. One query, none for who is no agent."""
    if not isinstance(question.who, AgentFacts) or len(persons) > MANY:
        return set()  # more than a list holds: an import, where nothing was confided yet
    any_purpose = question.purpose == RESCUE
    said = [*persons, int(question.who.id), question.now, question.now, any_purpose, question.purpose]
    rows = read_rows(_ASSIGNED_SQL.format(persons=marks(persons)), said)
    return {(as_uuid(person), register) for person, register in rows}


def _held(question: Question, persons: Sequence[UUID]) -> frozenset[UUID]:
    """The persons this agent holds by a live claim (`registry.declare_holders`)."""
    if not isinstance(question.who, AgentFacts) or len(persons) > MANY:
        return frozenset()
    return frozenset(registry.held(int(question.who.id), persons, question.purpose, question.now))


def _released(question: Question, persons: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    """The fields that each person has given to this one for this purpose, and has not taken back. One query."""
    if not isinstance(question.who, PersonFacts) or len(persons) > MANY:
        return {}
    rows = Release.objects.filter(receiver=UUID(question.who.id), giver__in=persons, purpose=question.purpose)
    rows = rows.filter(revoked_at=None, at__lte=question.now, until__gt=question.now)
    given: dict[UUID, frozenset[str]] = {}
    for giver, fields in rows.values_list("giver", "fields"):
        given[giver] = given.get(giver, NONE) | frozenset(fields)
    return given


def _checked(question: Question, persons: Sequence[UUID]) -> set[UUID]:
    """Whose identity this very agent has checked, for the exercise of rights. One query, then."""
    if question.purpose != RIGHTS or not isinstance(question.who, AgentFacts) or len(persons) > MANY:
        return set()
    rows = IdentityCheck.objects.filter(person__in=persons, user=int(question.who.id))
    return set(rows.filter(at__lte=question.now, until__gt=question.now).values_list("person", flat=True))
