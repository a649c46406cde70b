"""Sheets and workbooks that are out, late, lost or back. No person's value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from entremise.accounts.models import User
from entremise.kernel.errors import NotFound
from entremise.outreach.engine import codes
from entremise.outreach.models import CallCampaign, CallerProfile, CallSheet, CallSheetBatch

RECENT = 20


@dataclass(frozen=True, slots=True)
class BatchSeen:
    row: CallSheetBatch
    out: int
    back: int
    overdue: int
    lost: int


def batches(campaign: CallCampaign | None = None, caller: int | None = None) -> list[BatchSeen]:
    """The last batches, the newest first, with how many of their sheets are where. One query."""
    rows = CallSheetBatch.objects.select_related("campaign", "printed_for")
    rows = rows.filter(campaign=campaign) if campaign else rows
    rows = rows.filter(printed_for=caller) if caller else rows
    found = rows.annotate(
        n_out=_count("out"), n_back=_count("returned"), n_late=_count("overdue"), n_lost=_count("lost")
    )
    return [
        BatchSeen(row, row.n_out, row.n_back, row.n_late, row.n_lost)
        for row in found.order_by("-printed_at", "-pk")[:RECENT]
    ]


def _count(state: str) -> Count:
    return Count("sheets", filter=Q(sheets__state=state))


def overdue(campaign: CallCampaign | None = None) -> list[CallSheet]:
    """Sheets that did not come back in time: the board's bucket « feuilles non revenues »."""
    rows = CallSheet.objects.filter(state="overdue")
    rows = rows.filter(batch__campaign=campaign) if campaign else rows
    return list(
        rows.select_related("batch__campaign", "batch__printed_for").order_by("batch__due_back_at", "pk")[:200]
    )


def overdue_count(campaign: CallCampaign) -> int:
    return CallSheet.objects.filter(state="overdue", batch__campaign=campaign).count()


def incidents() -> list[CallSheet]:
    """Sheets said lost: personal-data incidents, for the data protection officer too."""
    rows = CallSheet.objects.filter(lost_at__isnull=False)
    return list(rows.select_related("batch__campaign", "batch__printed_for").order_by("-lost_at")[:200])


def sheet(code: str) -> CallSheet:
    """NotFound when no sheet has it."""
    rows = CallSheet.objects.select_related("batch__campaign", "batch__printed_for", "task__script_version")
    row = rows.filter(code=codes.read(code) or "").first()
    if row is None:
        raise NotFound("Aucune feuille ne porte ce code.")
    return row


def callers() -> Sequence[User]:
    """Who may be given sheets: callers at work, from level 1."""
    at_work = CallerProfile.objects.filter(state="active", level__gte=1).values("user")
    return list(User.objects.filter(pk__in=at_work, is_active=True).order_by("label", "pk"))


def next_due(now: datetime) -> datetime:
    """When sheets given now should come back: at the end of this working day, or in four hours."""
    evening = timezone.localtime(now).replace(hour=18, minute=0, second=0, microsecond=0)
    return evening if evening - now >= timedelta(hours=4) else now + timedelta(hours=8)
