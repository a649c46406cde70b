"""Why a targeting or a cohort is refused."""

from __future__ import annotations

from entremise.kernel.errors import DomainError


class RunInProgress(DomainError):
    code = "run_in_progress"


class PointsNotVoted(DomainError):
    """Points further from the voted ones than a vote lets an agent go."""

    code = "points_not_voted"


class CohortTooWide(DomainError):
    code = "cohort_too_wide"


class CohortEmpty(DomainError):
    """Nobody could be fed, or nobody is usable any more."""

    code = "cohort_empty"


class ResultDestroyed(DomainError):
    """The sealed result of a computation lives a week: it must be computed again."""

    code = "result_destroyed"


class PreviewsSpent(DomainError):
    """Too many tables of the same people in a month: their differences would tell what each hides."""

    code = "previews_spent"
