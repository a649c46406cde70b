"""Files, runs, pairs, decisions, cohorts: ids, codes and numbers. No value of a person is in any of these tables."""

from __future__ import annotations

from entremise.registers.models.imports import (
    IMPORT,
    ORIGINS,
    ImportBatch,
    ImportedRow,
    Source,
    SourceRow,
)
from entremise.registers.models.life import (
    ENROLMENT,
    REPORT,
    CheckLine,
    CheckRound,
    Enrolment,
    LastCheck,
    LifeReport,
    RegisterReview,
    Transmission,
)
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
from entremise.registers.models.targeting import COHORT, TARGETING, Cohort, CohortMember, HeatExposure, Targeting

__all__ = [
    # targeting
    "COHORT", "TARGETING", "Cohort", "CohortMember", "HeatExposure", "Targeting",
    # linkage
    "LINKAGE_RUN", "PAIR", "Decision", "LinkageModel", "LinkageRun", "Move", "Pair", "Reading",
    # review
    "CallQuestion",
    # the life of a register
    "ENROLMENT", "REPORT", "CheckLine", "CheckRound", "Enrolment", "LastCheck", "LifeReport", "RegisterReview",
    "Transmission",
    # imports
    "IMPORT", "ORIGINS", "ImportBatch", "ImportedRow", "Source", "SourceRow",
]  # fmt: skip
