from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from entremise.accounts.models import User
from entremise.audit.engine import ORIGIN, link
from entremise.kernel.errors import NotFound
from entremise.rules import queries as rules
from entremise.rules.engine import RegisterFacts
from entremise.rules.registry import RegisterShape
from entremise.vault import engine, policies, registry
from entremise.vault.models import BlindIndex, Cell, Habilitation, Line, Record, Register, SpecialRequest, Stance


def registers() -> list[Register]:
    """Every register, by name: for pages. None of them holds a personal value."""
    return list(Register.objects.all())


def register(code: str) -> Register:
    """NotFound when it does not exist."""
    row = Register.objects.filter(pk=code).first()
    if row is None:
        raise NotFound("Ce registre n’existe pas.")
    return row


def request(reference: str) -> SpecialRequest:
    """A special request by its reference. NotFound."""
    row = SpecialRequest.objects.filter(public_id=reference).first()
    if row is None:
        raise NotFound("Cette demande n’existe pas.")
    return row


RequestRow = SpecialRequest


def requests(references: Collection[str]) -> list[SpecialRequest]:
    """Special requests by their references. One query."""
    return list(SpecialRequest.objects.filter(public_id__in=list(references)))


def habilitation(user: User | int) -> Habilitation | None:
    """What this account may act for, and its promise; None when nobody signed anything."""
    return Habilitation.objects.filter(user=user if isinstance(user, int) else user.pk).first()


def proposed_purposes(roles: Collection[str]) -> frozenset[str]:
    """The purposes to propose for these roles: those of the rules in force and of the rights that name one of them.

    One query. Nothing is granted by it: the controller signs.
    """
    known = purposes_by_role()
    return frozenset().union(*(known.get(role, frozenset()) for role in roles))


def purposes_by_role() -> dict[str, frozenset[str]]:
    """Role → the purposes to propose for it. One query, whatever the number of roles."""
    found = {role: set(purposes) for role, purposes in policies.RIGHTS_OF.items()}
    if (rule_set := rules.active()) is not None:
        for form in rules.forms(rule_set):
            for role in form.roles:
                found.setdefault(role, set()).update(form.some("purpose"))
    return {role: frozenset(purposes) for role, purposes in found.items()}


def shapes() -> list[RegisterShape]:
    """The registers as the explorer of rules asks about them: facts and fields, no record. One query."""
    return [
        RegisterShape(
            row.code,
            row.label,
            RegisterFacts(
                row.code,
                frozenset(row.recipients),
                frozenset(row.bases),
                row.expires_at,
                consent_purposes=frozenset(row.consent_purposes),
                crisis_purposes=frozenset(row.crisis_purposes),
                crisis_declared=row.crisis_declared_at is not None,
                nominative=row.nominative,
                status=row.status,
                impact_assessment_signed=row.assessment_signed_at is not None,
                k_threshold=row.k_threshold,
            ),
            {
                code: (profile.labels.get(code, code), profile.category(code))
                for profile in (registry.profile(row.code),)
                for code in profile.fields
            },
        )
        for row in Register.objects.exclude(status="shredded")
    ]


def sizes() -> dict[str, int]:
    """Register code → number of records. One query."""
    rows = Record.objects.values_list("register").annotate(n=Count("pk")).order_by()
    return dict(rows)


def states() -> dict[str, dict[str, int]]:
    """Register code → state of record → number of records. One query."""
    found: dict[str, dict[str, int]] = {}
    for register, status, count in Record.objects.values_list("register", "status").annotate(n=Count("pk")).order_by():
        found.setdefault(register, {})[status] = count
    return found


def filled(code: str) -> dict[str, int]:
    """Field → records in use that hold something in it: that a cell exists, never what it says. One query."""
    rows = Cell.objects.filter(record__register=code).exclude(record__status="closed")
    counted = rows.values_list("field").annotate(n=Count("pk")).order_by()
    return {field: count for field, count in counted if not field.endswith(registry.RECEIVED)}


def members(code: str, statuses: Collection[str] = ("active",)) -> list[UUID]:
    """The persons of a register whose record is in one of these states, in the order they entered. One query."""
    rows = Record.objects.filter(register=code, status__in=list(statuses)).order_by("pk")
    return list(rows.values_list("person", flat=True))


RegisterRow = Register
"""A register as its row tells it, for those above who name its type."""
RECORD_STATES = Record.STATES
"""Code → French, in the order a record goes through them."""


def last_entry(code: str) -> UUID | None:
    """The person who entered this register last. One query."""
    return Record.objects.filter(register=code).order_by("-pk").values_list("person", flat=True).first()


def is_searched(person: UUID, register: str, by: str) -> bool:
    """Whether this person's record can be searched by this value, never which value. One query."""
    return BlindIndex.objects.filter(record__person=person, register=register, by=by).exists()


def statuses_in(code: str, persons: Collection[UUID]) -> dict[UUID, str]:
    """Person → state of their record in this register, for those who have one. One query."""
    rows = Record.objects.filter(register=code, person__in=list(persons))
    return dict(rows.values_list("person", "status"))


def holding(code: str, field: str, persons: Collection[UUID]) -> set[UUID]:
    """Those whose record in this register holds something in this field: that a cell exists, never what it says. One
    query."""
    cells = Cell.objects.filter(record__register=code, record__person__in=list(persons), field=field)
    return set(cells.values_list("record__person", flat=True))


def habilitated(row: Register, now: datetime) -> list[Habilitation]:
    """Who may act in this register today: a purpose in common, a live promise, named if nominative. One query."""
    live = Habilitation.objects.filter(active_until__gt=now, commitment_until__gt=now, suspended_at=None)
    return [
        one
        for one in live.order_by("user")
        if set(one.purposes) & set(row.bases) and (not row.nominative or row.code in one.named_in)
    ]


@dataclass(frozen=True, slots=True)
class RecordView:
    """One person in one register, without any value."""

    register: str
    label: str
    status: str
    protected: bool
    difficulty_open: bool
    emergency_open: bool


def records_of(person: UUID) -> list[RecordView]:
    """Where this person is recorded, by register code. Two queries."""
    rows = list(Record.objects.filter(person=person).defer("manifest").order_by("register"))
    labels = dict(Register.objects.filter(pk__in=[row.register for row in rows]).values_list("code", "label"))
    return [
        RecordView(
            row.register,
            labels.get(row.register, row.register),
            row.status,
            row.protected,
            row.difficulty_open,
            row.emergency_open,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class RecordAt:
    """Whose record it is, and where: no value."""

    record: UUID
    person: UUID
    register: str


def records_named(records: Collection[UUID]) -> dict[UUID, RecordAt]:
    """Those of these records that still exist. One query."""
    rows = Record.objects.filter(pk__in=records).values_list("pk", "person", "register")
    return {pk: RecordAt(pk, person, register) for pk, person, register in rows}


def records_among(persons: Collection[UUID], registers: Collection[str]) -> list[RecordAt]:
    """The records of these persons in these registers, the oldest first. One query."""
    rows = Record.objects.filter(person__in=persons, register__in=registers).order_by("pk")
    return [RecordAt(*row) for row in rows.values_list("pk", "person", "register")]


@dataclass(frozen=True, slots=True)
class Serving:
    """Which records may serve a purpose at that moment, and who must be left out whatever their other records say."""

    records: Mapping[UUID, RecordAt]
    blocked: frozenset[UUID]


def serving(
    registers: Collection[str], purpose: str, now: datetime, persons: Collection[UUID] | None = None
) -> Serving:
    """The active records of open registers that serve this purpose, by id, with whose they are; and the persons who
    object to it or are threatened: among these `persons`, or everybody. For lists made before and used later: nothing
    is opened by it. Three queries.

    An opening decides again, by the rules (frozen, closed, re-used and protected records: the floor).
    """
    rows = Register.objects.filter(pk__in=registers, status="open", expires_at__gt=now)
    found = {row.code: row for row in rows if purpose in row.bases}
    asked = Stance.objects.filter(purpose=purpose)
    every = Record.objects.filter(register__in=registers).exclude(status="closed")
    if persons is not None:
        asked, every = asked.filter(person__in=persons), every.filter(person__in=persons)
    said: dict[str, set[UUID]] = {"consent": set(), "objection": set()}
    for person, word in asked.values_list("person", "word"):
        said[word].add(person)
    blocked = said["objection"]
    records: dict[UUID, RecordAt] = {}
    for pk, person, code, status, protected in every.values_list("pk", "person", "register", "status", "protected"):
        if protected:
            blocked.add(person)
        elif status == "active" and code in found:
            agreed = purpose not in found[code].consent_purposes or person in said["consent"]
            if agreed:
                records[pk] = RecordAt(pk, person, code)
    return Serving(records, frozenset(blocked))


def statuses(register: str, persons: Collection[UUID]) -> dict[UUID, str]:
    """Person → state of their record in a register; nobody who has none. One query for 500."""
    found: dict[UUID, str] = {}
    asked = list(persons)
    for start in range(0, len(asked), 500):
        rows = Record.objects.filter(person__in=asked[start : start + 500], register=register)
        found |= dict(rows.values_list("person", "status"))
    return found


def records_in(registers: Collection[str]) -> Iterator[RecordAt]:
    """Every record of these registers, in no order, read as it goes."""
    rows = Record.objects.filter(register__in=registers).order_by()
    for row in rows.values_list("pk", "person", "register").iterator(chunk_size=5_000):
        yield RecordAt(*row)


def stances_of(person: UUID) -> dict[str, frozenset[str]]:
    """`{"consent": purposes, "objection": purposes}` in force now for this person."""
    found: dict[str, set[str]] = {"consent": set(), "objection": set()}
    for word, purpose in Stance.objects.filter(person=person).values_list("word", "purpose"):
        found[word].add(purpose)
    return {word: frozenset(purposes) for word, purposes in found.items()}


def first_broken() -> int | None:
    """The number of the first line of the access journal that does not follow from the one before; None when all do.

    A bare chain sees neither a cut tail nor a full rewrite: signed checkpoints will.
    """
    previous = ORIGIN
    for rank, line in enumerate(Line.objects.order_by("number").iterator(chunk_size=2000), start=1):
        intact = line.seal_hash == engine.digest(bytes(line.seal))
        if line.number != rank or not intact or line.link != link(previous, line.body()):
            return rank
        previous = line.link
    return None
