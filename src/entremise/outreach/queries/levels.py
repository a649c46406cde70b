"""How far a caller is on the path."""

from __future__ import annotations

from entremise.outreach.models import CallerProfile


def level_of(user: int) -> int | None:
    """The level of a caller at work; None for an account that does not call. One query."""
    return CallerProfile.objects.filter(user=user, state="active").values_list("level", flat=True).first()
