"""What a run found, written at once or not at all, and only by whoever still holds the run."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import F

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.claims import LeaseLost
from entremise.people.queries import current
from entremise.people.usecases import Merge, merge_many
from entremise.people.usecases.merging import hold
from entremise.registers.engine import thresholds
from entremise.registers.engine.outcomes import GUARDS
from entremise.registers.engine.reading import rank_of
from entremise.registers.models import Decision, LinkageRun, Move, Pair
from entremise.registers.usecases.linkage.computing import CONTROLS, Answer
from entremise.registers.usecases.linkage.models import propose
from entremise.registers.usecases.linkage.runs import PURPOSE
from entremise.registers.usecases.review import GrantMissing
from entremise.vault import queries as vault
from entremise.vault.usecases.agreements import in_force

DONE = declare("registers.linkage.done", "a terminé un rapprochement")

MANY = 5_000
UNDECIDED = frozenset({"auto", "to_review", "stale"})


@dataclass(slots=True)
class Found:
    """The answers of the computation, by what they say."""

    pairs: list[Answer] = field(default_factory=list)
    ties: list[tuple[UUID, UUID]] = field(default_factory=list)
    confirm: list[tuple[UUID, UUID]] = field(default_factory=list)
    digests: dict[UUID, int] = field(default_factory=dict)
    levels: list[tuple[int, int, float, float]] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)


def sorted_out(rows: Iterable[Sequence[Any]]) -> Found:
    """The rows that came out of the vault, by their first code."""
    found = Found(counts={"bands": [], "guards": {}})
    for what, *said in rows:
        match what:
            case "pair":
                found.pairs.append(tuple(said))
            case "tie":
                found.ties.append((said[0], said[1]))
            case "confirm":
                found.confirm.append((said[0], said[1]))
            case "digest":
                found.digests[said[0]] = said[1]
            case "level":
                found.levels.append((said[0], said[1], said[2], said[3]))
            case "band":
                found.counts["bands"].append(said)
            case "guard":
                found.counts["guards"][said[0]] = said[1]
            case _:
                found.counts[said[0]] = said[1]
    return found


def fingerprint(found: Found) -> str:
    """SHA-256 of the pairs and ties: two runs that say the same have the same, whatever was drawn for control."""
    said = hashlib.sha256()
    for row in sorted((row for row in found.pairs if row[9] == "auto" or row[-2]), key=lambda row: (row[0], row[1])):
        said.update(repr((str(row[0]), str(row[1]), *row[2:-2])).encode())
    for left, right in sorted(found.ties):
        said.update(f"{left} {right}".encode())
    return said.hexdigest()


@transaction.atomic
def store(
    actor: Actor, run: LinkageRun, found: Found, *, fed: int, left_out: int, journal: int, read_from: datetime,
    suspended: bool = False, second: str = "",
) -> LinkageRun:  # fmt: skip
    """Pairs, decisions to confirm, reunions and the end of the run, in one transaction behind the run's token.

    `suspended`: readers do not agree with one another, automatic pairs are only proposed.
    Raises LeaseLost (another worker holds it, or it was stopped), GrantMissing.
    """
    _take_time()
    hold()  # before the trail: whoever merges takes it first
    now = clock.now()
    mine = LinkageRun.objects.filter(pk=run.pk, token=run.token, state="running")
    if not mine.update(state="done", finished_at=now, lease_until=None, step="", share=1.0):
        raise LeaseLost("Ce rapprochement a été arrêté, ou repris par un autre processus.")
    if run.request not in in_force(PURPOSE, now):
        raise GrantMissing("L’accord des collèges a manqué pendant le calcul.")
    where = {row.record: row for row in _located(found)}
    kept = _save_pairs(run, found, where)
    waits = _confirm(found)
    merged = 0 if suspended else _merge(actor, run, found, where)
    if found.levels:
        propose(actor, found.levels, found.counts["prior"], found.counts["trained_on"], run.high or 0, run.low or 0)
    counts = {
        **found.counts, "fed": fed, "left_out": left_out, "read_from": read_from.isoformat(), "merged": merged,
        "kept": kept, "to_confirm": waits, "suspended": suspended, "second": second,
    }  # fmt: skip
    LinkageRun.objects.filter(pk=run.pk).update(
        counts=counts,
        peak_memory=int(found.counts.get("memory", 0) * 1e6),
        result_sha256=fingerprint(found),
        journal_number=journal,
    )
    run.refresh_from_db()
    record(actor, DONE, run, fed=fed, left_out=left_out, merged=merged, pairs=kept)
    return run


def _take_time() -> None:
    """A million pairs take longer than a page may: PostgreSQL's limits for pages are lifted for this transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                cursor.execute("SELECT set_config(%s, '0', true)", [limit])


def _located(found: Found) -> list[vault.RecordAt]:
    named = sorted({at for row in found.pairs for at in row[:2]} | {at for tie in found.ties for at in tie})
    rows: list[vault.RecordAt] = []
    for start in range(0, len(named), MANY):
        rows += vault.records_named(named[start : start + MANY]).values()
    return rows


# pairs


def _save_pairs(run: LinkageRun, found: Found, where: Mapping[UUID, vault.RecordAt]) -> int:
    """The pairs worth keeping; what humans answered stays; what a full run no longer finds is out of date."""
    rows = Pair.objects.filter(request=run.request)
    held = {(row.left, row.right): row for row in rows.iterator(chunk_size=MANY)}
    fresh, changed, seen = [], [], set()
    room = _room(held.values())
    for answer in found.pairs:
        left, right = answer[:2]
        if left not in where or right not in where:  # erased meanwhile
            continue
        row = held.get((left, right))
        said = _said(run, answer, found, where)
        band = _band(said["weight"])
        old = row is not None and row.control
        said["control"] = old or (bool(answer[-1]) and room[band] > 0)
        if said["control"] and not old:
            room[band] -= 1
        if answer[9] != "auto" and not answer[-2] and not said["control"]:
            continue
        seen.add((left, right))
        if row is None:
            fresh.append(Pair(left=left, right=right, request=run.request, **said))
        else:
            if row.state not in UNDECIDED:
                said["state"] = row.state
            for name, value in said.items():
                setattr(row, name, value)
            changed.append(row)
    Pair.objects.bulk_create(fresh, batch_size=1_000)
    Pair.objects.bulk_update(changed, list(said), batch_size=200) if changed else None
    if run.mode == "full":
        gone = [row.pk for ends, row in held.items() if ends not in seen and not row.control]
        for start in range(0, len(gone), 500):
            rows.filter(pk__in=gone[start : start + 500], state__in=["auto", "to_review"]).update(state="stale")
    return len(seen)


def _said(run: LinkageRun, answer: Answer, found: Found, where: Mapping[UUID, vault.RecordAt]) -> dict[str, Any]:
    left, right, weight, rule, given, surname, birth, place, guards, outcome, refusal, *_ = answer
    held = [name for bit, name in enumerate(GUARDS) if guards & 1 << bit]
    why = "" if refusal == "none" else refusal
    return {
        "run": run, "left_register": where[left].register, "right_register": where[right].register, "weight": weight,
        "levels": [given, surname, birth, place], "rule": "" if rule < 0 else str(rule), "guards": held,
        "refusal": why, "outcome": outcome, "state": "auto" if outcome == "auto" and not why else "to_review",
        "rank": rank_of(held, why, abs(weight - (run.high or 0.0))),
        "left_digest": found.digests.get(left), "right_digest": found.digests.get(right),
    }  # fmt: skip


def _band(weight: float) -> float:
    return next((floor for floor in thresholds.FLOORS if weight >= floor), thresholds.FLOORS[-1])


def _room(held: Iterable[Pair]) -> dict[float, int]:
    """How many more control pairs each band of weight may hold before those that wait are read."""
    room = dict.fromkeys(thresholds.FLOORS, CONTROLS)
    for row in held:
        if row.control and row.state in UNDECIDED:
            room[_band(row.weight)] -= 1
    return room


def _confirm(found: Found) -> int:
    """Decisions on records that say something else now wait for a human; those without digest get theirs."""
    waits = 0
    for left, right in found.confirm:
        rows = Decision.objects.filter(left=left, right=right, verdict="must", state="open")
        waits += rows.update(state="to_confirm")
    for row in Decision.objects.filter(state="open", left_digest=None):
        one, two = found.digests.get(row.left), found.digests.get(row.right)
        if one is not None and two is not None:
            Decision.objects.filter(pk=row.pk, left_digest=None).update(left_digest=one, right_digest=two)
    return waits


# persons


def _merge(actor: Actor, run: LinkageRun, found: Found, where: Mapping[UUID, vault.RecordAt]) -> int:
    """Read the records that a group holds together as one person's; each group is one act, undone alone."""
    ties = [(where[a], where[b]) for a, b in found.ties if a in where and b in where]
    heads = current({row.person for tie in ties for row in tie})
    near: dict[UUID, list[tuple[UUID, vault.RecordAt, vault.RecordAt]]] = defaultdict(list)
    for one, other in ties:
        a, b = heads[one.person], heads[other.person]
        if a != b:
            near[a].append((b, one, other))
            near[b].append((a, other, one))
    merges: list[Merge] = []
    moves: list[Move] = []
    older = {head for person, head in heads.items() if person != head}
    done: set[UUID] = set()
    for start in sorted(near, key=lambda head: (head not in older, head)):
        if start in done:
            continue
        event, todo = uuid4(), [start]
        done.add(start)
        while todo:
            here = todo.pop(0)
            for there, mine, theirs in near[here]:
                if there in done:
                    continue
                done.add(there)
                todo.append(there)
                codes = tuple(sorted({mine.register, theirs.register}))
                merges.append(Merge(theirs.person, mine.person, codes, event))
                moves.append(Move(event=event, person=there, kept=start, cause="run", run=run))
    if not merges:
        return 0
    merge_many(actor, merges=merges, request=run.request)
    Move.objects.bulk_create(moves, batch_size=1_000)
    return len(merges)


def renew(run: LinkageRun, until: datetime) -> bool:
    """Keep the run: false when it was stopped, or another worker holds it."""
    rows = LinkageRun.objects.filter(pk=run.pk, token=run.token, state="running")
    return bool(rows.update(lease_until=until))


def take(run: int, until: datetime) -> LinkageRun | None:
    """Hold a run that waits; None when there is nothing to take. Each taking has its own token."""
    with transaction.atomic():
        rows = LinkageRun.objects.filter(pk=run, state="ready")
        if not rows.update(state="running", lease_until=until, token=F("token") + 1, step="start", share=0.0):
            return None
        return LinkageRun.objects.select_related("model").get(pk=run)
