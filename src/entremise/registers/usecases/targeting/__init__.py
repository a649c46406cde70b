"""Targeting: a computation in the vault, a draft, a frozen cohort, its use and its end."""

from __future__ import annotations

from entremise.registers.usecases.targeting import computation
from entremise.registers.usecases.targeting.comparing import Comparison, NotComparable, compare_cohorts
from entremise.registers.usecases.targeting.drafting import draft_cohort
from entremise.registers.usecases.targeting.freezing import (
    expire_cohorts,
    freeze_cohort,
    rescore_cohorts,
    withdraw_cohort,
)
from entremise.registers.usecases.targeting.heat import declare_heat
from entremise.registers.usecases.targeting.reading import print_cohort, read_cohort
from entremise.registers.usecases.targeting.refusals import (
    CohortEmpty,
    CohortTooWide,
    PointsNotVoted,
    PreviewsSpent,
    ResultDestroyed,
    RunInProgress,
)
from entremise.registers.usecases.targeting.running import ask_targeting, cancel_targeting, resume_targeting

__all__ = [
    "CohortEmpty", "CohortTooWide", "Comparison", "NotComparable", "PointsNotVoted", "PreviewsSpent",
    "ResultDestroyed", "RunInProgress", "ask_targeting", "cancel_targeting", "compare_cohorts", "computation",
    "declare_heat", "draft_cohort", "expire_cohorts", "freeze_cohort", "print_cohort", "read_cohort",
    "rescore_cohorts", "resume_targeting", "withdraw_cohort",
]  # fmt: skip
