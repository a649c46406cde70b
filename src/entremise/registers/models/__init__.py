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
from entremise.registers.models.review import CallQuestion

__all__ = ["LINKAGE_RUN", "PAIR", "CallQuestion", "Decision", "LinkageModel", "LinkageRun", "Move", "Pair", "Reading"]
