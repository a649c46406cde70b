"""When the next attempt comes: opening hours, another kind of moment, the local day. No query."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from django.utils import timezone

from entremise.outreach.engine import hours
from entremise.outreach.models import CallCampaign

LONGEST: Final = 60
"""Range changes looked at for another kind of moment; a fortnight holds fewer."""


def opening(campaign: CallCampaign, after: datetime) -> datetime:
    """This moment or the next one inside the hours of the campaign; `after` itself when it never opens."""
    zone = timezone.get_default_timezone()
    return hours.next_opening(campaign.hours, after, zone, holidays_open=campaign.holidays_open) or after


def is_open(campaign: CallCampaign, now: datetime) -> bool:
    zone = timezone.get_default_timezone()
    return hours.is_open(campaign.hours, now, zone, holidays_open=campaign.holidays_open)


def slot(now: datetime) -> int:
    return hours.slot_bit(now, timezone.get_default_timezone())


def slots_open(campaign: CallCampaign) -> int:
    return hours.slots_open(campaign.hours)


def other_slot(campaign: CallCampaign, after: datetime, tried: int) -> datetime:
    """The first opening from `after` on at a kind of moment not in `tried` (a mask); any opening once all were."""
    first = opening(campaign, after)
    if not slots_open(campaign) & ~tried:
        return first
    at = first
    for _ in range(LONGEST):
        if not slot(at) & tried:
            return at
        at = opening(campaign, _next_kind(at))
    return first


def _next_kind(at: datetime) -> datetime:
    """When the present kind of moment ends, on the clock on the wall."""
    local = timezone.localtime(at)
    for hour in (12, 14, 18):
        if local.hour < hour:
            return datetime.combine(local.date(), time(hour), local.tzinfo)
    return datetime.combine(local.date() + timedelta(days=1), time(0), local.tzinfo)


def day_start(now: datetime) -> datetime:
    """Midnight of the local day, Paris and not UTC."""
    local = timezone.localtime(now)
    return datetime.combine(local.date(), time(0), local.tzinfo)
