"""The facts a rule may look at, and how they become the engine's entities. Pure: no table, no clock, no browser.

Facts are rows, rules are policies (reference rules-vault-commons § 2): consents, objections, assignments and approvals
are attributes built for each question. Ids are opaque; no value of a person is ever here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Final

Json = dict[str, Any]
Codes = frozenset[str]
NONE: Final[Codes] = frozenset()
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """A user acting for an organisation. `commitment_until` is NEVER when no commitment was signed."""

    id: str
    roles: Codes
    organisation: str
    purposes: Codes  # personal habilitation, narrowed by an API token
    active_until: datetime
    commitment_until: datetime
    named_in: Codes = NONE  # registers whose controller named this agent in writing
    suspended: bool = False
    professional_secrecy: bool = False
    level: int = 0  # caller's trajectory, 0 (in training) to 4


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """An inhabitant acting for themselves."""

    id: str


@dataclass(frozen=True, slots=True)
class MandateFacts:
    """Somebody acting for a person, by a mandate."""

    id: str
    person: str
    valid_until: datetime
    may_write: bool = False


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """One register: whom it serves, for what, until when. `k_threshold` is its smallest published count."""

    id: str
    recipients: Codes
    purposes: Codes
    expires_at: datetime
    consent_purposes: Codes = NONE
    crisis_purposes: Codes = NONE
    crisis_declared: bool = False
    nominative: bool = False
    status: str = "open"
    impact_assessment_signed: bool = True
    k_threshold: int = 11


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """One person in one register. `assigned_to` holds agents, for the purpose asked; `released_to` persons."""

    id: str
    register: RegisterFacts
    person: str
    status: str = "active"
    objections: Codes = NONE
    consents: Codes = NONE
    assigned_to: Codes = NONE
    released_to: Codes = NONE
    difficulty_open: bool = False
    emergency_open: bool = False
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """How one category of one record is used. `records_in_hour` counts distinct records, this one included."""

    purpose: str
    now: datetime
    category: str
    motive_given: bool = False
    mfa: bool = False
    fresh_mfa: bool = False
    approvals: Codes = NONE
    approvers: int = 0
    records_in_hour: int = 1
    identity_checked: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """A deed on a register, or the erasure of a record. `rows` = records concerned."""

    purpose: str
    now: datetime
    motive_given: bool = False
    mfa: bool = False
    fresh_mfa: bool = False
    approvals: Codes = NONE
    approvers: int = 0
    deeds_in_hour: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Count:
    """A finished table of counts."""

    purpose: str
    now: datetime
    smallest_cell: int
    complement_suppressed: bool = False
    queries_left: int = 0


@dataclass(frozen=True, slots=True)
class Consult:
    """Reading the trail of a record."""

    purpose: str
    now: datetime
    mfa: bool = False


Who = AgentFacts | PersonFacts | MandateFacts
What = RecordFacts | RegisterFacts
How = Use | Deed | Count | Consult


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: may `who` do `action` on `what`, in this way?"""

    who: Who
    action: str
    what: What
    how: How


_KINDS: Final[dict[type, str]] = {
    AgentFacts: "Agent",
    PersonFacts: "Person",
    MandateFacts: "Mandate",
    RegisterFacts: "Register",
    RecordFacts: "Record",
}
_REFERS: Final = {
    "organisation": "Organisation",
    "recipients": "Organisation",
    "purpose": "Purpose",
    "purposes": "Purpose",
    "consent_purposes": "Purpose",
    "crisis_purposes": "Purpose",
    "objections": "Purpose",
    "consents": "Purpose",
    "category": "Category",
    "approvals": "College",
    "named_in": "Register",
    "assigned_to": "Agent",
    "released_to": "Person",
    "person": "Person",
}


def _ref(kind: str, name: str) -> Json:
    return {"__entity": {"type": kind, "id": name}}


def instant(moment: datetime) -> str:
    """As the engine reads it: UTC, milliseconds. A naive moment raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _value(kind: str, name: str, value: object) -> object:
    if isinstance(value, frozenset):
        return [_ref(_REFERS[name], code) for code in sorted(value)]
    if isinstance(value, datetime):
        return {"__extn": {"fn": "datetime", "arg": instant(value)}}
    if isinstance(value, RegisterFacts):
        return _ref("Register", value.id)
    if name == "status":
        return _ref(f"{kind}Status", str(value))
    return _ref(_REFERS[name], str(value)) if name in _REFERS else value


def _attributes(facts: Who | What | How, kind: str) -> Json:
    names = [field.name for field in fields(facts) if field.name not in ("id", "roles")]
    return {name: _value(kind, name, getattr(facts, name)) for name in names}


def uid(facts: Who | What) -> Json:
    return {"type": _KINDS[type(facts)], "id": facts.id}


def entity(facts: Who | What) -> Json:
    """One row of facts as one entity of the engine."""
    parents: list[Json] = []
    if isinstance(facts, AgentFacts):
        parents = [{"type": "Role", "id": role} for role in sorted(facts.roles)]
    if isinstance(facts, RecordFacts):
        parents = [{"type": "Register", "id": facts.register.id}]
    attributes = {} if isinstance(facts, PersonFacts) else _attributes(facts, _KINDS[type(facts)])
    return {"uid": uid(facts), "attrs": attributes, "parents": parents}


def context(how: How) -> Json:
    """The circumstances of one question, as the engine reads them."""
    return _attributes(how, "")


def request(asked: Asked) -> Json:
    """One question as the engine reads it."""
    action = {"type": "Action", "id": asked.action}
    return {
        "principal": uid(asked.who),
        "action": action,
        "resource": uid(asked.what),
        "context": context(asked.how),
    }


def profile(asked: Asked) -> Asked:
    """The same question without whose record it is: equal profiles share one decision.

    Rules cannot name a record, and look at persons only to compare them with who asks (the grammar of § 15, the
    floor): what remains is whether it is their own, confided to them, or released to them.
    """
    what, who = asked.what, asked.who
    if not isinstance(what, RecordFacts):
        return asked
    concerned = who.person if isinstance(who, MandateFacts) else who.id if isinstance(who, PersonFacts) else ""
    mine = frozenset({who.id})
    plain = replace(
        what,
        id="record",
        person=concerned if concerned and what.person == concerned else f"not {concerned}",
        assigned_to=what.assigned_to & mine if isinstance(who, AgentFacts) else NONE,
        released_to=what.released_to & mine if isinstance(who, PersonFacts) else NONE,
    )
    return replace(asked, what=plain)


def registers(asked: Iterable[Asked]) -> frozenset[RegisterFacts]:
    """The registers these questions are about."""
    return frozenset(a.what.register if isinstance(a.what, RecordFacts) else a.what for a in asked)
