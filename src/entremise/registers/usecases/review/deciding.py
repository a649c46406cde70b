"""One answer to one pair, by the reader who holds it: it decides, or waits for another human."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.people.usecases.merging import hold
from entremise.registers import policies
from entremise.registers.engine import reading as engine
from entremise.registers.models import PAIR, CallQuestion, Pair, Reading
from entremise.registers.queries import review
from entremise.registers.queries.review import Ends
from entremise.registers.usecases.review.applying import apply
from entremise.registers.usecases.review.claiming import another_human
from entremise.registers.usecases.review.grants import require_grant
from entremise.registers.usecases.review.refusals import (
    ContradictoryDecisions,
    PairAlreadyDecided,
    PairNotHeld,
)

DECIDED = declare("registers.pair.decided", "a répondu sur une paire de fiches")

WHY_SAME: Final = ("same_document", "same_person_known", "other")
WHY_DIFFERENT: Final = ("same_household", "namesake", "twins", "parent_child", "other")
WHY_UNSURE: Final = ("not_enough_information", "other")
REASONS: Final = {"same": WHY_SAME, "different": WHY_DIFFERENT, "unsure": WHY_UNSURE}
"""The reason codes that go with each answer."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer did: `deed` (accept, refuse, doubt, pass_on, wait), and the reading to take it back by."""

    deed: engine.Deed
    reading: Reading


@transaction.atomic
def decide_pair(actor: Actor, *, pair: Pair, answer: str, reason: str = "", token: int) -> Answered:
    """Answer « same », « different » or « unsure » to a pair that one holds (`token` of the claim).

    A reason is compulsory to join under a guard. Two humans are needed to join two known persons, to join under a
    guard, to separate what is joined, and for one control pair in ten. Three answers that decide nothing leave a
    question for the next call. Raises NotAllowed, SecondFactorNeeded, ValidationError, GrantMissing,
    PairAlreadyDecided, PairNotHeld, SecondReaderRequired, ContradictoryDecisions.
    """
    me, now = policies.require_keeper(actor), clock.now()
    if answer not in Reading.ANSWERS:
        raise ValidationError({"answer": "Choisissez l’une des trois réponses."})
    grant = require_grant(pair.request, now)
    hold()  # before the pair's own row: a run that merges takes them in this order too
    _take(pair, me, token)
    ends = review.ends_of(pair, grant.registers)
    if ends is None and answer != "unsure":
        raise PairAlreadyDecided(
            "L’une de ces fiches n’existe plus : il n’y a plus rien à décider. Prenez la suivante."
        )
    _reason(pair, answer, reason)
    earlier = list(pair.readings.filter(undone_at=None).order_by("at", "pk"))
    another_human(pair, me, earlier, grant)
    if ends is not None and (stands := review.contradiction(pair, answer, ends)):
        raise ContradictoryDecisions(
            "Cette réponse contredit des décisions déjà prises, qui restent en vigueur. "
            "Revenez d’abord sur l’une d’elles, ou répondez « Je ne sais pas ».",
            stands,
        )
    said = Reading.objects.create(pair=pair, reader=me, answer=answer, reason=reason, at=now)
    everything = [*earlier, said]
    deed = engine.settle([one.answer for one in everything], needs_two(pair, ends))
    if deed == "wait" and not review.readers_left(pair, everything):
        deed = "doubt"
    if deed in ("accept", "refuse") and ends is not None:
        PAIR.move(pair, deed)
        apply(actor, pair, deed, everything, ends)
    elif deed == "doubt":
        PAIR.move(pair, "doubt")
        if ends is not None:
            _ask_at_next_call(pair, ends)
    elif deed == "pass_on" and pair.state != "second":
        PAIR.move(pair, "pass_on")
    record(actor, DECIDED, pair, answer=answer, deed=deed, readers=len(everything))
    return Answered(deed, said)


def _take(pair: Pair, me: int, token: int) -> None:
    """The fence: one guarded UPDATE says that this reader still holds the pair, and gives it back."""
    mine = Pair.objects.filter(pk=pair.pk, claimed_by_id=me, token=token, state__in=review.READABLE)
    if mine.update(claimed_by_id=None, lease_until=None):
        pair.refresh_from_db()
        return
    pair.refresh_from_db()
    if pair.state not in review.READABLE:
        raise PairAlreadyDecided(
            f"Cette paire vient d’être jugée par ailleurs : {pair.get_state_display()}. "
            "Votre réponse n’est pas enregistrée."
        )
    raise PairNotHeld(
        "Cette paire n’est plus à vous : le délai est passé, ou quelqu’un l’a prise. "
        "Votre réponse n’est pas enregistrée ; prenez la suivante."
    )


def _reason(pair: Pair, answer: str, reason: str) -> None:
    if reason and reason not in REASONS[answer]:
        raise ValidationError({"reason": "Cette raison ne va pas avec cette réponse : choisissez-en une autre."})
    if answer == "same" and pair.guards and not reason:
        raise ValidationError(
            {"reason": "Cette paire porte un avertissement : dites pourquoi c’est la même personne."}
        )


def needs_two(pair: Pair, ends: Ends | None) -> Callable[[str], bool]:
    """Whether an answer to this pair needs two humans."""
    drawn = pair.control and engine.twice(pair.left, pair.right)

    def needed(answer: str) -> bool:
        if answer == "same":
            return drawn or bool(pair.guards) or pair.refusal == "two_known_persons"
        return drawn or (ends is not None and ends.together)

    return needed


def _ask_at_next_call(pair: Pair, ends: Ends) -> None:
    """Reading was not enough: somebody will ask. One row for each person; no call is made here."""
    persons = {ends.heads[ends.left.person], ends.heads[ends.right.person]}
    CallQuestion.objects.bulk_create(
        [CallQuestion(pair=pair, person=person) for person in sorted(persons)], ignore_conflicts=True
    )
