"""The law once more, in plain Python: which prohibitions a question breaks. Written apart from the floor."""

from __future__ import annotations

from entremise.rules.engine import AgentFacts, Asked, MandateFacts, PersonFacts, RecordFacts, RegisterFacts
from entremise.rules.engine.vocabulary import FIELD_ACTIONS

RIGHTS, RESCUE, LINK, KEEP, AUDIT = (
    "people.rights",
    "outreach.rescue",
    "registers.link",
    "registers.keep",
    "vault.audit",
)
COORDINATES = {"name", "phone", "address", "position", "message"}
LEGAL_ITEMS = {"name", "birth", "address", "phone", "relatives", "registration"}
LINKABLE = {"name", "birth", "phone", "address", "linkage_key"}


def law(asked: Asked, consent: frozenset[str], crisis: frozenset[str]) -> set[str]:
    """Ids of the prohibitions broken. `consent` and `crisis` are the purposes every register declares so."""
    if isinstance(asked.who, PersonFacts):
        return _person(asked, asked.who)
    if isinstance(asked.who, MandateFacts):
        return _mandate(asked, asked.who)
    record = asked.what if isinstance(asked.what, RecordFacts) else None
    register = record.register if record else asked.what
    assert isinstance(register, RegisterFacts)
    broken = _agent(asked, asked.who, register, crisis) | _deed(asked, register)
    if record is not None and asked.action in FIELD_ACTIONS:
        broken |= _use(asked, asked.who, record, consent)
    return broken


def _careful(how: object) -> bool:
    return bool(getattr(how, "motive_given", False) and getattr(how, "fresh_mfa", False))


def _agent(asked: Asked, who: AgentFacts, register: RegisterFacts, crisis: frozenset[str]) -> set[str]:
    how, action = asked.how, asked.action
    p, now = how.purpose, how.now
    alive = register.status == "open" and register.impact_assessment_signed and register.expires_at > now
    by_law = "controller" in who.roles and (
        action == "export" or (action == "export_line" and getattr(how, "category", "") in LEGAL_ITEMS)
    )
    checks = {
        "floor-purpose": p not in register.purposes,
        "floor-habilitation": p not in who.purposes or who.active_until <= now or who.suspended,
        "floor-commitment": who.commitment_until <= now,
        "floor-recipient": who.organisation not in register.recipients,
        "floor-named": register.nominative and register.id not in who.named_in,
        "floor-open": action not in ("read_trail", "shred", "erase") and p != RIGHTS and not alive,
        "floor-crisis": not register.crisis_declared and p in crisis,
        "floor-prefect": p == "registers.prefect" and not by_law,
        "floor-trail": action == "read_trail"
        and not ("dpo" in who.roles and getattr(how, "mfa", False) and p in (RIGHTS, AUDIT)),
    }
    return {rule for rule, wrong in checks.items() if wrong}


def _deed(asked: Asked, register: RegisterFacts) -> set[str]:
    how, action = asked.how, asked.action
    p, careful = how.purpose, _careful(how)
    approvers, colleges = getattr(how, "approvers", 0), getattr(how, "approvals", frozenset())
    rows, deeds = getattr(how, "rows", 0), getattr(how, "deeds_in_hour", 0)
    seconded = careful and approvers >= 1
    checks = {
        "floor-lists": action in ("export", "export_line", "compute", "feed")
        and not (seconded and ("registered" in colleges or p == "registers.prefect")),
        "floor-print": (action == "print_line" and not careful)
        or (action == "print" and not (careful and rows <= 200 and deeds <= 5)),
        "floor-import": action == "import_file" and not careful,
        "floor-search": action == "search"
        and not (getattr(how, "motive_given", False) and getattr(how, "mfa", False) and deeds <= 120),
        "floor-count": action == "aggregate"
        and not (
            getattr(how, "smallest_cell", 0) >= max(11, register.k_threshold)
            and getattr(how, "complement_suppressed", False)
            and getattr(how, "queries_left", 0) > 0
        ),
        "floor-erase": action == "erase" and not (seconded and p in (RIGHTS, KEEP)),
        "floor-shred": action == "shred"
        and not (careful and approvers >= 2 and p == KEEP and {"institutions", "registered"} <= colleges),
    }
    return {rule for rule, wrong in checks.items() if wrong}


def _use(asked: Asked, who: AgentFacts, record: RecordFacts, consent: frozenset[str]) -> set[str]:
    how, action = asked.how, asked.action
    p, category = how.purpose, getattr(how, "category", "")
    reveal, rights = action != "write", p == RIGHTS
    fresh, motive, mfa = (getattr(how, name, False) for name in ("fresh_mfa", "motive_given", "mfa"))
    hour, colleges = getattr(how, "records_in_hour", 0), getattr(how, "approvals", frozenset())
    secret = who.professional_secrecy
    may_health = (
        (secret and (p == RESCUE or (fresh and {"institutions", "registered"} <= colleges)))
        or (rights and fresh and action == "read")
    )  # fmt: skip
    may_message = rights or (
        p == "mutualaid.moderate" and action == "read" and motive and fresh and getattr(how, "approvers", 0) >= 1
    )
    may_protected = rights or (
        action in ("read", "disclose") and secret and (p == RESCUE or (who.id in record.assigned_to and fresh))
    )
    narrow = (
        (category == "linkage_key" and (action, p) != ("feed", LINK))
        or (category == "payment" and p != "mutualaid.refund")
        or (category == "position" and action != "read" and p != RESCUE)
    )
    reused = record.status in ("to_inform", "informed") and not rights and p != RESCUE
    checks = {
        "floor-reuse": reused and not (p in ("registers.inform", LINK) and category in LINKABLE),
        "floor-objection": p in record.objections,
        "floor-consent": p in consent and p not in record.consents,
        "floor-frozen": record.status in ("frozen", "closed") and not rights,
        "floor-rate": action in ("read", "write", "disclose") and hour > 500,
        "floor-health": reveal and category in ("health", "free_text") and not may_health,
        "floor-message": reveal and category == "message" and not may_message,
        "floor-narrow": reveal and not rights and narrow,
        "floor-protected": reveal and record.protected and not may_protected,
        "floor-rescue": p == RESCUE and not (motive and mfa and hour <= 30),
        "floor-identity": rights and not (getattr(how, "identity_checked", False) and mfa),
        "floor-disclose": action == "disclose" and not (motive and (p in record.consents or p == RESCUE)),
        "floor-computed": action in ("read", "disclose", "print_line", "export_line")
        and p in ("registers.target", "insights.statistics", AUDIT),
    }
    return {rule for rule, wrong in checks.items() if wrong}


def _person(asked: Asked, who: PersonFacts) -> set[str]:
    record, how = asked.what, asked.how
    assert isinstance(record, RecordFacts)
    mine = record.person == who.id and how.purpose == RIGHTS and getattr(how, "mfa", False)
    given = (
        asked.action == "read"
        and who.id in record.released_to
        and how.purpose in record.consents
        and how.purpose in ("mutualaid.contact", "mutualaid.meet")
        and getattr(how, "category", "") in COORDINATES
    )
    return set() if mine or given else {"floor-self"}


def _mandate(asked: Asked, who: MandateFacts) -> set[str]:
    record, how = asked.what, asked.how
    assert isinstance(record, RecordFacts)
    lawful = (
        record.person == who.person
        and who.valid_until > how.now
        and not record.protected
        and how.purpose == RIGHTS
        and getattr(how, "mfa", False)
        and (asked.action != "write" or who.may_write)
    )
    return set() if lawful else {"floor-mandate"}
