"""Live claims: who holds whom now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from entremise.outreach.models import CallTask
from entremise.people.queries import together_many

CALLS = frozenset({"outreach.call", "outreach.keep_in_touch", "outreach.rescue"})


def holding(user: int, persons: Collection[UUID], purpose: str, now: datetime) -> frozenset[UUID]:
    """Those of these persons whose call this account holds, for the purpose of its campaign (a rescue grows out of
    any), under whichever identity they are asked. One query, none for another purpose; two more when one asked is not
    the very person of a call, but one with them.
    """
    if purpose not in CALLS:
        return frozenset()
    rows = CallTask.objects.filter(state="claimed", claimed_by=user, lease_until__gt=now)
    if purpose != "outreach.rescue":
        rows = rows.filter(campaign__purpose=purpose)
    asked = frozenset(persons)
    held = frozenset(rows.values_list("person", flat=True))
    if not held or asked <= held:
        return asked & held
    return asked & frozenset().union(*together_many(held).values())
