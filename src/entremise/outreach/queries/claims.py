"""Live claims: who holds whom now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from entremise.outreach.models import CallTask

CALLS = frozenset({"outreach.call", "outreach.keep_in_touch", "outreach.rescue"})


def holding(user: int, persons: Collection[UUID], purpose: str, now: datetime) -> frozenset[UUID]:
    """Those of these persons whose call this account holds, for the purpose of its campaign (a rescue grows out of
    any). One query, none for another purpose."""
    if purpose not in CALLS:
        return frozenset()
    rows = CallTask.objects.filter(state="claimed", claimed_by=user, lease_until__gt=now, person__in=list(persons))
    if purpose != "outreach.rescue":
        rows = rows.filter(campaign__purpose=purpose)
    return frozenset(rows.values_list("person", flat=True))
