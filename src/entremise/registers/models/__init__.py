"""Files, runs, pairs, decisions, cohorts: ids, codes and numbers. No value of a person is in any of these tables."""

from __future__ import annotations

from entremise.registers.models.linkage import (
    LINKAGE_RUN,
    PAIR,
    Decision,
    LinkageModel,
    LinkageRun,
    Move,
    Pair,
    Reading,
)

__all__ = ["LINKAGE_RUN", "PAIR", "Decision", "LinkageModel", "LinkageRun", "Move", "Pair", "Reading"]
