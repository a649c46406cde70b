"""The declared facts that make a call easier or harder, for many persons at once. No sealed value is read.

Health needs count only with the person's consent to transmit them (reference § 6: never from a health datum
without consent).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from entremise.outreach import rules
from entremise.outreach.engine import complexity as engine
from entremise.outreach.models import CallAttempt, CallTask, ComplexityAdvice, Emergency
from entremise.outreach.queries.campaigns import sliced
from entremise.referrals.models import Difficulty
from entremise.rules.queries import values_of

HEALTH = frozenset({"care_access", "addiction", "autonomy", "distress"})
"""Needs that tell something of health: without consent to transmit, they weigh nothing here."""
SOFT_REFUSALS, NEVER_REACHED, SEVERAL = 2, 3, 2


def scale() -> Mapping[str, int]:
    """What each code weighs today: the rule points in force."""
    known = values_of(*rules.COMPLEXITY.values())
    return {code: int(known[point.key]) for code, point in rules.COMPLEXITY.items()}


def codes_of(persons: Collection[UUID]) -> dict[UUID, list[str]]:
    """Person → codes, from what calls and difficulties left. A flat number of queries per 900 persons.

    `lives_alone_no_contact` and `interpreter` are not guessed: a caller suggests them, a supervisor decides.
    """
    weights = scale()
    found: dict[UUID, set[str]] = {person: {"known_to_services"} for person in persons}
    for some in sliced(sorted(persons)):
        for person, code in [*_from_calls(some), *_from_difficulties(some), *_from_emergencies(some)]:
            found[person].add(code)
        decided = ComplexityAdvice.objects.filter(task__person__in=some, state="accepted").order_by("decided_at", "pk")
        for person, code, kind in decided.values_list("task__person", "code", "kind"):
            (found[person].add if kind == "add" else found[person].discard)(code)
    return {person: engine.ordered(codes, weights) for person, codes in found.items()}


def _from_calls(some: Sequence[UUID]) -> list[tuple[UUID, str]]:
    told: list[tuple[UUID, str]] = []
    tries: Counter[UUID] = Counter()
    soft: Counter[UUID] = Counter()
    reached: set[UUID] = set()
    rows = CallAttempt.objects.filter(person__in=some).exclude(disposition="aborted")
    for person, disposition in rows.values_list("person", "disposition"):
        tries[person] += 1
        soft[person] += disposition == "refused_today"
        if disposition.startswith("reached_") or disposition in ("refused_today", "emergency"):
            reached.add(person)
    told += [(person, "never_reached") for person, n in tries.items() if n >= NEVER_REACHED and person not in reached]
    told += [(person, "repeated_soft_refusal") for person, n in soft.items() if n >= SOFT_REFUSALS]
    return told


def _from_difficulties(some: Sequence[UUID]) -> list[tuple[UUID, str]]:
    told: list[tuple[UUID, str]] = []
    needs: dict[UUID, set[str]] = defaultdict(set)
    rows = Difficulty.objects.filter(person__in=some)
    for person, asked, consent in rows.values_list("person", "needs", "consent"):
        needs[person] |= {code for code in asked if code not in HEALTH or consent == "yes"}
        if consent == "no":
            told.append((person, "referral_refused_before"))
    for person, codes in needs.items():
        if len(codes) >= SEVERAL:
            told.append((person, "several_difficulties"))
        if "protection" in codes:
            told.append((person, "protective_measure"))
        if "distress" in codes:
            told.append((person, "distress_expressed"))
    return told


def _from_emergencies(some: Sequence[UUID]) -> list[tuple[UUID, str]]:
    rows = Emergency.objects.filter(person__in=some).exclude(outcome="false_alarm")
    return [(person, "emergency_before") for person in rows.values_list("person", flat=True) if person]


def explain(task: CallTask) -> str:
    """Why this task has its complexity, in a French sentence; codes that are no longer known are left out."""
    weights = scale()
    return engine.explain([code for code in task.complexity_codes if code in weights], weights)
