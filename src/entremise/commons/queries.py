from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from entremise.accounts.models import Membership
from entremise.commons.engine import COLLEGES, PREFIX, role_of


def college_of(user_id: int, at: datetime) -> str | None:
    """The college where this account sits at that moment; None without a seat, or with seats in two colleges.

    One human holds one seat at a time (reference § 3): who holds two counts for none until one is given back.
    """
    codes = [role_of(code) for code in COLLEGES]
    live = Membership.objects.live(timezone.localdate(at)).filter(user=user_id, role__in=codes)
    seats = {role.removeprefix(PREFIX) for role in live.values_list("role", flat=True)}
    return seats.pop() if len(seats) == 1 else None
