"""Taking a row of a queue for a time: never two takers, on either database.

A claimable model has `claimed_by_id` (account, null), `lease_until` (date, null) and `token` (whole number, from 0).
The token is a fence: whoever lost the lease holds an old token, and nothing written with it passes.
Source: reference outreach-and-referrals § 8; PostgreSQL SKIP LOCKED, SQLite BEGIN IMMEDIATE.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models import F, Q

from entremise.kernel.errors import DomainError

Row = TypeVar("Row", bound=models.Model)


class LeaseLost(DomainError):
    code = "lease_lost"


def free(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lte=now)


def claim_next(waiting: models.QuerySet[Row], *, holder: int, lease: timedelta, now: datetime) -> Row | None:
    """Take the first free row of an ordered queue, or None. Call inside the use case's transaction."""
    _inside()
    queue = waiting.filter(free(now))
    if connection.features.has_select_for_update_skip_locked:
        queue = queue.select_for_update(skip_locked=True, of=("self",))
    row = queue.first()  # SQLite: BEGIN IMMEDIATE already holds the only write lock
    return row if row is not None and _take(row, holder=holder, lease=lease, now=now) else None


def claim(row: Row, *, holder: int, lease: timedelta, now: datetime) -> bool:
    """Take this very row, or take it again: false when somebody else holds it."""
    _inside()
    return _take(row, holder=holder, lease=lease, now=now)


def renew(row: models.Model, *, holder: int, token: int, lease: timedelta, now: datetime) -> bool:
    """Keep the row while the page is open: false once the lease is over or the row taken by another."""
    mine = _rows(row).filter(claimed_by_id=holder, token=token, lease_until__gt=now)
    return bool(mine.update(lease_until=now + lease))


def release(row: models.Model, *, holder: int) -> bool:
    return bool(_rows(row).filter(claimed_by_id=holder).update(claimed_by_id=None, lease_until=None))


def hold(row: models.Model, *, holder: int | None, now: datetime) -> None:
    """Refuse, with a French sentence, when another account holds a live lease on the row."""
    if _rows(row).exclude(free(now)).exclude(claimed_by_id=holder).exists():
        raise LeaseLost("Une autre personne traite cette fiche en ce moment. Votre saisie est conservée.")


def _take(row: models.Model, *, holder: int, lease: timedelta, now: datetime) -> bool:
    takable = free(now) | Q(claimed_by_id=holder)
    taken = _rows(row).filter(takable).update(claimed_by_id=holder, lease_until=now + lease, token=F("token") + 1)
    if taken:
        row.refresh_from_db()
    return bool(taken)


def _rows(row: models.Model) -> models.QuerySet[Any]:
    return type(row)._default_manager.filter(pk=row.pk)


def _inside() -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("claim inside a transaction")
