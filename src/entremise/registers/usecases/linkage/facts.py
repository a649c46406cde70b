"""What a run must know that is no value: who is known already, what humans decided, which records are new."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from uuid import UUID

from entremise.people.queries import current
from entremise.registers.models import Decision, LinkageRun, Pair
from entremise.registers.usecases.linkage.computing import Given, Opinion, Tell
from entremise.registers.usecases.linkage.models import checked
from entremise.registers.usecases.linkage.refusals import ModelMismatch
from entremise.vault import queries as vault

LEARN_FROM = 20_000
"""Records below which the model in force serves and nothing is learned (reference § 5.2)."""
MOST_MB, LEAST_MB = 4_000, 400


def given_for(run: LinkageRun, *, tell: Tell, opinion: Opinion | None = None) -> Given:
    """The facts of a run, as they are now. Raises ModelMismatch."""
    if run.model is None:
        raise ModelMismatch("Ce rapprochement n’a pas de modèle.")
    met = last_read(run)
    records = {row.record: row.person for row in vault.records_in(run.registers)}
    must, cannot = decisions(records.keys())
    return Given(
        model=checked(run.model),
        high=run.model.high,
        low=run.model.low,
        known=known(records, met),
        must=must,
        cannot=cannot,
        since=first_after(met) if run.mode == "incremental" and met is not None else None,
        learn=run.mode == "full" and len(records) >= LEARN_FROM and run.model.trained_on < len(records) // 2,
        memory=f"{memory_mb()}MB",
        opinion=opinion,
        tell=tell,
    )


def last_read(run: LinkageRun) -> datetime | None:
    """When the last finished run of this grant began to read: the records made before it were compared."""
    rows = LinkageRun.objects.filter(request=run.request, state="done").exclude(pk=run.pk).order_by("-finished_at")
    said = rows.values_list("counts", flat=True).first()
    return datetime.fromisoformat(said["read_from"]) if said and "read_from" in said else None


def first_after(moment: datetime) -> UUID:
    """The smallest identifier that a record made at that moment may have: they sort by time (RFC 9562)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def known(records: dict[UUID, UUID], met: datetime | None) -> dict[UUID, UUID]:
    """Record → person, of those whom a run must not unite by itself: compared before, or already one with others."""
    heads = current(records.values())
    held = Counter(heads[person] for person in records.values())
    old = first_after(met) if met is not None else UUID(int=0)
    return {
        record: heads[person]
        for record, person in records.items()
        if record < old or held[heads[person]] > 1 or heads[person] != person
    }


def decisions(
    records: object,
) -> tuple[list[tuple[UUID, UUID, int | None, int | None]], list[tuple[UUID, UUID]]]:
    """(`must` with the digests they were decided on, `cannot`) in force, whatever the grant they were made under.

    A decision that kept no digest was made on what the pair's run had read.
    """
    rows = Decision.objects.exclude(state="revoked").order_by("pk")
    must: list[tuple[UUID, UUID, int | None, int | None]] = []
    cannot: list[tuple[UUID, UUID]] = []
    read = {
        (left, right): (one, two)
        for left, right, one, two in Pair.objects.filter(state="accepted").values_list(
            "left", "right", "left_digest", "right_digest"
        )
    }
    for row in rows:
        if row.left not in records or row.right not in records:  # type: ignore[operator]
            continue
        if row.verdict == "cannot":
            cannot.append((row.left, row.right))
        elif row.state == "open":
            one, two = read.get((row.left, row.right), (None, None))
            must.append((row.left, row.right, row.left_digest or one, row.right_digest or two))
    return must, cannot


def memory_mb() -> int:
    """At most half of what is free: a run must not push the site out of memory."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return 1_500
    return max(LEAST_MB, min(MOST_MB, free // 2048))
