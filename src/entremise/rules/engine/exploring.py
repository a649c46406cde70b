"""« Qui pourrait lire ce champ, et pourquoi ? »: the engine's own answers, in the most favourable circumstances."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from entremise.rules.engine.deciding import Compiled, Note, base, decide
from entremise.rules.engine.facts import AgentFacts, Asked, RecordFacts, RegisterFacts, Use
from entremise.rules.engine.vocabulary import COLLEGES, PURPOSES, ROLES


@dataclass(frozen=True, slots=True)
class Cell:
    """What one role may do for one purpose at best: by which rules; with the colleges' approval or without."""

    role: str
    purpose: str
    notes: tuple[Note, ...]
    approved: bool


def who_could(
    compiled: Compiled, category: str, action: str = "read", *, now: datetime, register: RegisterFacts | None = None
) -> list[Cell]:
    """Every (role, purpose) that some circumstance allows, in the order of the vocabularies.

    540 questions: each role, each purpose, an active record confided to the agent, everything proved, first without,
    then with the approval of all the colleges. A pair that is absent is refused whatever the circumstances of an
    agent bound to secrecy, at level 4, with one record opened in the hour. `register`: that one as it is today (its
    purposes, its crisis, its state), to an agent whose house receives it; without it, one that serves everything.
    """
    at = now
    later, every = at + timedelta(days=30), frozenset(PURPOSES)
    ideal = RegisterFacts("register", frozenset({"house"}), every, later, crisis_declared=True)
    where = ideal if register is None else replace(register, recipients=frozenset({"house"}))
    record = RecordFacts(
        "record", where, "person", consents=every, assigned_to=frozenset(ROLES), difficulty_open=True,
        emergency_open=True,
    )  # fmt: skip
    asked, keys = [], []
    for role in ROLES:
        agent = AgentFacts(
            role, frozenset({role}), "house", every, later, later, frozenset({where.id}),
            professional_secrecy=True, level=4,
        )  # fmt: skip
        for purpose in PURPOSES:
            for approved in (False, True):
                use = Use(
                    purpose, at, category, motive_given=True, mfa=True, fresh_mfa=True, identity_checked=True,
                    approvals=frozenset(COLLEGES) if approved else frozenset(), approvers=3 if approved else 0,
                )  # fmt: skip
                asked.append(Asked(agent, action, record, use))
                keys.append((role, purpose, approved))
    found: dict[tuple[str, str], Cell] = {}
    for (role, purpose, approved), verdict in zip(keys, decide(compiled, base(compiled, [where]), asked), strict=True):
        if verdict.allowed:
            found.setdefault((role, purpose), Cell(role, purpose, verdict.notes, approved))
    return list(found.values())
