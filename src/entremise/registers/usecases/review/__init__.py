"""Reading doubtful pairs: taken, answered, taken back; thresholds set on what was read."""

from __future__ import annotations

from entremise.registers.usecases.review.claiming import claim_pair, release_pair
from entremise.registers.usecases.review.deciding import Answered, decide_pair
from entremise.registers.usecases.review.refusals import (
    ContradictoryDecisions,
    GrantMissing,
    NotProven,
    PairAlreadyDecided,
    PairNotHeld,
    SecondReaderRequired,
    TooLate,
)
from entremise.registers.usecases.review.reranking import Reranked, reranked
from entremise.registers.usecases.review.thresholds import set_thresholds
from entremise.registers.usecases.review.undoing import ask_separation, reread_decision, undo_decision, undo_reading
from entremise.registers.usecases.review.viewing import PersonView, person_view

__all__ = [
    "Answered", "ContradictoryDecisions", "GrantMissing", "NotProven", "PairAlreadyDecided", "PairNotHeld",
    "PersonView", "Reranked", "SecondReaderRequired", "TooLate", "ask_separation", "claim_pair", "decide_pair",
    "person_view", "release_pair", "reranked", "reread_decision", "set_thresholds", "undo_decision", "undo_reading",
]  # fmt: skip
