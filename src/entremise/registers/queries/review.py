"""What a reader and a keeper look at: the queue, the agreement of readers, the proof of thresholds, decisions.

No value here. An edge between two registers reveals something all the same: every read is under a grant that holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from entremise.accounts.models import User
from entremise.accounts.queries import colleagues, same_human
from entremise.kernel import claims
from entremise.people.queries import current, together_many
from entremise.registers.engine import explain
from entremise.registers.engine.model import Model
from entremise.registers.engine.outcomes import Pair as Compared
from entremise.registers.models import Decision, Move, Pair, Reading
from entremise.registers.queries.tables import starting_model
from entremise.vault import queries as vault

PURPOSE: Final = "registers.link"
TO_READ: Final = ("to_review", "second")
READABLE: Final = ("auto", *TO_READ)
TAKE_BACK: Final = timedelta(hours=1)
"""How long a reader takes an answer back alone; afterwards two persons separate (PD)."""


# the queue


def waiting(requests: Collection[str]) -> QuerySet[Pair]:
    """The pairs that wait for a reader, in the order of reference § 12, and the control pairs among them.

    Automatic pairs wait too when their run joined nobody, because readers did not agree with one another.
    """
    drawn = Q(state="auto") & (Q(control=True) | Q(run__counts__suspended=True))
    rows = Pair.objects.filter(Q(state__in=TO_READ) | drawn, request__in=requests)
    return rows.order_by("rank", "-weight", "pk")


def usual(rows: QuerySet[Pair]) -> QuerySet[Pair]:
    """Among those that wait, all but the automatic pairs drawn for control: these prove thresholds, and come apart."""
    return rows.exclude(state="auto", control=True)


def for_reader(rows: QuerySet[Pair], account: int, requested: Collection[str]) -> QuerySet[Pair]:
    """Those among `rows` that this human has not read, nor must not be the second to read (`requested`: the grants
    that this same human asked for)."""
    mine = Reading.objects.filter(reader__in=accounts_of(account), undone_at=None)
    return rows.exclude(pk__in=mine.values("pair")).exclude(state="second", request__in=requested)


def accounts_of(account: int) -> list[int]:
    """The accounts of readers that are this very human: two of them are not two readers."""
    readers = set(Reading.objects.values_list("reader", flat=True).distinct())
    humans = same_human([account, *sorted(readers - {account})])
    return [one for one, human in humans.items() if human == humans.get(account)] or [account]


def readers_left(pair: Pair, readings: Iterable[Reading]) -> int:
    """How many humans could still read this pair."""
    read = {one.reader for one in readings}
    humans = same_human([*(user.pk for user in colleagues("keeper")), *read])
    return len(set(humans.values()) - {humans.get(one) for one in read})


def second_readers(requesters: Collection[int]) -> int:
    """How many humans keep registers and asked for none of these linkages: with one, no pair is read twice."""
    keepers = [user.pk for user in colleagues("keeper")]
    humans = same_human([*keepers, *requesters])
    return len({humans[one] for one in keepers if one in humans} - {humans.get(one) for one in requesters})


@dataclass(frozen=True, slots=True)
class Progress:
    """The queue as a keeper looks at it: `by_reason` (French, number), the states, who reads and how much."""

    to_read: int
    second: int
    decided: int
    unsure: int
    to_confirm: int
    control_left: int
    by_reason: Sequence[tuple[str, int]]
    reading_now: Sequence[tuple[str, datetime]]
    by_reader: Sequence[tuple[str, int, int]]


def progress(requests: Collection[str], now: datetime) -> Progress:
    """Counts over the live grants. A flat number of queries."""
    rows = Pair.objects.filter(request__in=requests)
    states = dict(rows.values_list("state").annotate(n=Count("pk")).order_by())
    waits = waiting(requests)
    reasons = usual(waits).order_by().values_list("refusal", "guards").annotate(n=Count("pk"))
    counted: dict[str, int] = {}
    for refusal, guards, number in reasons:
        reason = reason_of(refusal, guards)
        counted[reason] = counted.get(reason, 0) + number
    taken = rows.filter(lease_until__gt=now).values_list("claimed_by_id", "lease_until")
    held = [(who, until) for who, until in taken if who is not None and until is not None]
    today = Count("pk", filter=Q(at__gte=now - timedelta(hours=24)))
    done = list(
        Reading.objects.filter(pair__request__in=requests, undone_at=None)
        .values_list("reader")
        .annotate(n=Count("pk"), today=today)
        .order_by("-n")
    )
    names = labels([*(one for one, _ in held), *(one for one, _, _ in done)])
    return Progress(
        usual(waits).exclude(state="second").count(),
        states.get("second", 0),
        states.get("accepted", 0) + states.get("refused", 0),
        states.get("unsure", 0),
        Decision.objects.filter(state="to_confirm", request__in=requests).count(),
        waits.filter(control=True).count(),
        sorted(counted.items(), key=lambda item: (-item[1], item[0])),
        sorted((names.get(one, "compte fermé"), until) for one, until in held),
        [(names.get(one, "compte fermé"), number, recent) for one, number, recent in done],
    )


def reason_of(refusal: str, guards: Sequence[str]) -> str:
    """Why a pair goes to a human, in a few words."""
    if refusal:
        return explain.REFUSALS.get(refusal, refusal)
    if guards:
        return ", ".join(explain.GUARDS.get(one, one) for one in guards)
    return "poids entre les deux seuils"


def labels(users: Iterable[int]) -> dict[int, str]:
    return dict(User.objects.filter(pk__in=set(users)).values_list("pk", "label"))


# one pair


def compared(pair: Pair) -> Compared:
    """The pair as the engine knows it. Its ends are numbers there: opaque, and of no use to words."""
    given, surname, birth, place = pair.levels
    return Compared(
        0, 1, pair.weight, int(pair.rule or 0), given, surname, birth, place, tuple(pair.guards), pair.outcome
    )


def model_of(pair: Pair) -> Model:
    """The probabilities the pair was weighed with: those of the run's model, with the prior of that run."""
    body: Model = pair.run.model.body if pair.run.model is not None else starting_model()
    prior = pair.run.counts.get("prior")
    return {**body, "probability_two_random_records_match": prior} if prior else body


def sentence(pair: Pair) -> str:
    """`Attention : sexes différents. Même téléphone et même adresse ; …`: no weight, no suggestion."""
    words = explain.words(model_of(pair), compared(pair))
    if pair.refusal:
        return f"{words} {explain.REFUSALS.get(pair.refusal, pair.refusal).capitalize()}."
    return words


@dataclass(slots=True)
class Ends:
    """The persons at both ends, who they are one with, and the other records that a reunion would join."""

    left: vault.RecordAt
    right: vault.RecordAt
    heads: Mapping[UUID, UUID]
    groups: Mapping[UUID, frozenset[UUID]]
    joined: list[vault.RecordAt] = field(default_factory=list)

    @property
    def together(self) -> bool:
        return self.heads[self.left.person] == self.heads[self.right.person]

    @property
    def records(self) -> tuple[set[UUID], set[UUID]]:
        """The records of each side, those of persons they are one with included."""
        both: tuple[set[UUID], set[UUID]] = {self.left.record}, {self.right.record}
        for one in self.joined:
            for side, end in zip(both, (self.left, self.right), strict=True):
                if one.person in self.groups[end.person]:
                    side.add(one.record)
        return both


def ends_of(pair: Pair, registers: Collection[str]) -> Ends | None:
    """None when a record no longer exists. `registers`: those of the grant; nothing is told of the others."""
    found = vault.records_named([pair.left, pair.right])
    if len(found) < 2:
        return None
    left, right = found[pair.left], found[pair.right]
    persons = [left.person, right.person]
    groups = together_many(persons)
    everybody = set().union(*groups.values())
    others = [
        one for one in vault.records_among(everybody, registers) if one.record not in (left.record, right.record)
    ]
    return Ends(left, right, current(persons), groups, others)


def neighbours(pair: Pair) -> list[Pair]:
    """The other pairs of the same grant that touch one of the two records: often a household. At most 12."""
    ends = [pair.left, pair.right]
    rows = Pair.objects.filter(Q(left__in=ends) | Q(right__in=ends), request=pair.request)
    return list(rows.exclude(pk=pair.pk).exclude(state="stale").order_by("-weight", "pk")[:12])


def contradiction(pair: Pair, answer: str, ends: Ends) -> list[Decision]:
    """The decisions that this answer would contradict, with those that lead there: A = B, B = C, A ≠ C.

    Empty when nothing stands against it. A `cannot` acts even when a record changed; a `must` only while it is open.
    """
    ours, theirs = ends.records
    every = ours | theirs
    inside = Q(left__in=every) & Q(right__in=every)
    rows = list(
        Decision.objects.filter(inside)
        .exclude(state="revoked")
        .exclude(left=pair.left, right=pair.right)
        .order_by("at", "pk")
    )
    ties = [one for one in rows if one.verdict == "must" and one.state == "open"]
    walls = [one for one in rows if one.verdict == "cannot"]
    if answer == "same":
        across = [one for one in walls if (one.left in ours) != (one.right in ours)]
        return [*ties, *across] if across else []
    if answer == "different":
        return _path(ties, pair.left, pair.right)
    return []


def _path(ties: Sequence[Decision], start: UUID, end: UUID) -> list[Decision]:
    """The decisions by which two records are one person, in order; empty when they are not."""
    todo: list[tuple[UUID, list[Decision]]] = [(start, [])]
    seen = {start}
    for at, path in todo:
        if at == end:
            return path
        for tie in ties:
            if at in (tie.left, tie.right):
                other = tie.right if at == tie.left else tie.left
                if other not in seen:
                    seen.add(other)
                    todo.append((other, [*path, tie]))
    return []


def last_reading(account: int, now: datetime) -> Reading | None:
    """The last answer of this account, while it may take it back alone."""
    rows = Reading.objects.filter(reader=account, undone_at=None, at__gt=now - TAKE_BACK)
    return rows.select_related("pair").order_by("-at", "-pk").first()


# decisions


def decisions(requests: Collection[str], *, verdict: str = "", state: str = "") -> QuerySet[Decision]:
    """What humans decided under the live grants, the newest first; `state` « all » shows the revoked too."""
    rows = Decision.objects.filter(request__in=requests).order_by("-at", "-pk")
    if verdict in Decision.VERDICTS:
        rows = rows.filter(verdict=verdict)
    if state in Decision.STATES:
        return rows.filter(state=state)
    return rows if state == "all" else rows.exclude(state="revoked")


def pairs_of(rows: Collection[Decision]) -> dict[int, Pair]:
    """Decision → the pair it was said of, while that pair is kept. One query."""
    if not rows:
        return {}
    wanted = Q()
    for one in rows:
        wanted |= Q(request=one.request, left=one.left, right=one.right)
    found = {(pair.request, pair.left, pair.right): pair for pair in Pair.objects.filter(wanted)}
    return {one.pk: pair for one in rows if (pair := found.get((one.request, one.left, one.right)))}


def move_of(decision: Decision) -> Move | None:
    """The reunion that this decision made, and that nothing undid since."""
    return decision.moves.filter(together=True).order_by("-pk").first()


def held_by_other(pair: Pair, account: int | None, now: datetime) -> bool:
    """Whether somebody else reads this pair at this moment."""
    return Pair.objects.filter(pk=pair.pk).exclude(claims.free(now)).exclude(claimed_by_id=account).exists()
