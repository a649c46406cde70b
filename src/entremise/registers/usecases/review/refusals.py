"""Why reading, deciding or separating is refused: stable codes, and sentences that say what to do."""

from __future__ import annotations

from collections.abc import Sequence

from entremise.kernel.errors import DomainError
from entremise.registers.models import Decision


class GrantMissing(DomainError):
    """Nobody agreed to this linkage any more: its pairs are neither read nor decided."""

    code = "grant_missing"


class PairAlreadyDecided(DomainError):
    """Somebody answered first: the second answer is not kept."""

    code = "pair_already_decided"


class PairNotHeld(DomainError):
    """The page stayed open too long, or somebody else took the pair."""

    code = "pair_not_held"


class SecondReaderRequired(DomainError):
    """Another human reads: neither the first reader, nor whoever asked for the linkage."""

    code = "second_reader_required"


class ContradictoryDecisions(DomainError):
    """A = B, B = C, A ≠ C: the earlier decisions hold until one of them is revoked. `decisions`: those in the way."""

    code = "contradictory_decisions"

    def __init__(self, message: str, decisions: Sequence[Decision]) -> None:
        self.decisions = tuple(decisions)
        super().__init__(message)


class TooLate(DomainError):
    """An answer is taken back alone within the hour; afterwards two persons separate."""

    code = "too_late_to_take_back"


class NotProven(DomainError):
    """Thresholds move on evidence only."""

    code = "threshold_not_proven"
