"""What is done in the registers."""

from __future__ import annotations

from entremise.registers.usecases.review import (
    Answered,
    ContradictoryDecisions,
    GrantMissing,
    NotProven,
    PairAlreadyDecided,
    PairNotHeld,
    Reranked,
    SecondReaderRequired,
    TooLate,
    ask_separation,
    claim_pair,
    decide_pair,
    release_pair,
    reranked,
    reread_decision,
    set_thresholds,
    undo_decision,
    undo_reading,
)

__all__ = [
    # review
    "Answered", "ContradictoryDecisions", "GrantMissing", "NotProven", "PairAlreadyDecided", "PairNotHeld", "Reranked",
    "SecondReaderRequired", "TooLate", "ask_separation", "claim_pair", "decide_pair", "release_pair", "reranked",
    "reread_decision", "set_thresholds", "undo_decision", "undo_reading",
]  # fmt: skip
