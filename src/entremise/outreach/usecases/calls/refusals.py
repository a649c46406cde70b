"""Why a call is not given or a report not taken: stable codes of the reference (outreach-and-referrals § 0)."""

from __future__ import annotations

from collections.abc import Mapping

from entremise.kernel.errors import DomainError


class CampaignNotOpen(DomainError):
    code = "campaign_not_open"


class OutsideHours(DomainError):
    code = "outside_hours"


class CallerPaused(DomainError):
    code = "caller_paused"


class CapReached(DomainError):
    code = "cap_reached"


class LevelTooLow(DomainError):
    code = "level_too_low"


class LineInUse(DomainError):
    """Somebody is on the phone on this line, or with this person, at this very moment."""

    code = "line_in_use"


class LeaseLost(DomainError):
    code = "lease_lost"


class ReportIncomplete(DomainError):
    """What is missing, by field: nothing is ever guessed. The page shows what was typed again (422)."""

    code = "report_incomplete"

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__(" ".join(self.fields.values()))


class AnswersInvalid(ReportIncomplete):
    """Answers that the script refuses, by question."""

    code = "answers_invalid"


class ObjectionStands(DomainError):
    code = "objection_recorded"


class AlreadyDecided(DomainError):
    code = "already_decided"


class ReasonRequired(DomainError):
    code = "reason_required"


class RuleDenied(DomainError):
    """The rules of the commons do not let this caller read the number: the task went back, for the supervisor."""

    code = "rule_denied"


class SecondPersonNeeded(DomainError):
    """What one caller heard closes nothing before somebody else checked it."""

    code = "second_person_needed"
