"""Why a campaign says no. Stable codes, the same on a page and in the API (reference § 0)."""

from __future__ import annotations

from collections.abc import Sequence

from entremise.kernel.errors import DomainError
from entremise.outreach.queries.campaigns import Missing


class CampaignNotReady(DomainError):
    """Opening still needs something: `missing`, each with where to do it."""

    code = "campaign_not_ready"

    def __init__(self, missing: Sequence[Missing]) -> None:
        self.missing = missing
        super().__init__("Il manque : " + " ; ".join(one.sentence for one in missing))


class LegalGateClosed(DomainError):
    """The heatwave register serves calls only while the plan is triggered, or under L121-6-1 II as decided."""

    code = "legal_gate_closed"


class CampaignBusy(DomainError):
    """An emergency or a search is open: somebody must take it over before the campaign closes."""

    code = "campaign_busy"


class CampaignOver(DomainError):
    """A closed campaign is copied, never changed."""

    code = "campaign_over"


class ReasonRequired(DomainError):
    code = "reason_required"


class AnnouncementImpossible(DomainError):
    """Nothing to announce: not open, waived, no text, or no displayed number."""

    code = "announcement_impossible"
