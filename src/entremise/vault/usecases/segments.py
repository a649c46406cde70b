"""The life of a month of the journal: current, sealed, archived, pruned. What goes leaves its signed head."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.rules.queries import number_of
from entremise.vault import rules
from entremise.vault.engine import Claim, Reading, month_of
from entremise.vault.models import SEGMENT, Checkpoint, Line, Segment
from entremise.vault.usecases import checkpoints, verifying
from entremise.vault.usecases.refusals import VaultSealed

log = logging.getLogger("entremise.vault")

PATIENCE = timedelta(days=7)
"""How long a finished month waits for a witness. The term of the data comes first: afterwards it goes on without."""


def keep_months(actor: Actor) -> dict[str, int]:
    """Move each month as far as it can go today: what was done, by verb. Idempotent, one transaction for each move.

    A month that does not verify is never archived nor destroyed: it is evidence, and the alarm stays.
    """
    with suppress(VaultSealed):  # the term of the data does not wait for a key
        checkpoints.checkpoint(actor)  # ends the month when a new one has begun
    done = {"seal": 0, "archive": 0, "prune": 0}
    now = clock.now()
    for segment in Segment.objects.filter(state="current", closed_at__isnull=False):
        done["seal"] += _seal(segment, now)
    for segment in Segment.objects.filter(state="sealed"):
        done["archive"] += _archive(segment, now)
    oldest = months_ago(now, number_of(rules.JOURNAL_MONTHS))
    for segment in Segment.objects.filter(state="archived", month__lte=oldest).order_by("first_number"):
        _prune(segment, now)
        done["prune"] += 1
    return done


def months_ago(moment: datetime, months: int) -> str:
    """The month that began that many months before this one: `2026-07` less 12 is `2025-07`."""
    year, month = map(int, month_of(moment).split("-"))
    count = year * 12 + month - 1 - months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def _seal(segment: Segment, now: datetime) -> bool:
    """Its last point is out, or was waited for long enough."""
    point = Checkpoint.objects.filter(segment=segment, size=segment.size).first()
    if point is None or segment.closed_at is None:
        return False
    if not point.acknowledged and segment.closed_at > now - PATIENCE:
        return False
    SEGMENT.move(segment, "seal", sealed_at=now, counts=counts(segment))
    return True


def counts(segment: Segment) -> dict[str, dict[str, int]]:
    """Purpose → verdict → number of lines: what stays of a month, with its head."""
    rows = Line.objects.filter(number__range=(segment.first_number, segment.last_number)).order_by()
    found: dict[str, dict[str, int]] = {}
    for purpose, verdict, number in rows.values_list("purpose", "verdict").annotate(n=Count("pk")):
        found.setdefault(purpose, {})[verdict] = number
    return found


def _archive(segment: Segment, now: datetime) -> bool:
    """Read it once more, whole, against its signed head."""
    before = Segment.objects.filter(last_number=segment.first_number - 1).values_list("last_link", flat=True).first()
    claim = Claim(segment.month, segment.size, bytes.fromhex(segment.root), "tête signée")
    reading = Reading([claim])
    reading.start(segment.first_number, before)
    for at, body, seal, seal_hash, link in verifying.rows(segment.first_number, segment.last_number):
        reading.line(body["number"], at, body, seal or None, seal_hash, link)
    report = reading.close()
    grave = [finding for finding in report.findings if finding.code not in ("backdated", "erasures_differ")]
    if grave:
        log.error("journal: month %s does not verify (%s): it is kept", segment.month, grave[0].code)
        return False
    SEGMENT.move(segment, "archive", archived_at=now)
    return True


def _prune(segment: Segment, now: datetime) -> None:
    """Its lines go, its head and counts stay. The base refuses a month that is not archived, or too young."""
    with transaction.atomic(using="journal"):
        Line.objects.filter(number__range=(segment.first_number, segment.last_number)).delete()
        SEGMENT.move(segment, "prune", pruned_at=now)
