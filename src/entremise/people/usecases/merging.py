"""Two identities found to be one person, and the way back. Nothing that others wrote is rewritten: see `PersonAlias`.

Persons who are one form a tree of open aliases, its head read for all. An act writes who it was about; when a part is
taken away, what was said about persons who are still together is tied again, so that no link outlives its reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import connection, transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.people import policies
from entremise.people.models import Objection, Person, PersonAlias
from entremise.people.queries import aliases
from entremise.people.registry import Merged, tell_merged
from entremise.vault import usecases as vault

MERGED = declare("people.person.merged", "a réuni deux identités d’une même personne")
MERGED_MANY = declare("people.persons.merged", "a réuni les identités de plusieurs personnes")
RESTORED = declare("people.person.restored", "a annulé une réunion de personnes")
SPLIT = declare("people.person.split", "a séparé une personne de celles avec qui elle était réunie")
LAPSED = declare("people.persons.lapsed", "a séparé des personnes réunies sous un accord qui a pris fin")

LOCK = 0x616C6961  # PostgreSQL's advisory lock: one merge at a time, or two could tie a knot; SQLite has one writer
SOME = 500
WHO = "Seules les personnes qui tiennent les registres réunissent ou séparent des fiches."


class AlreadyTogether(DomainError):
    """These two are read as one person already: there is nothing to do."""

    code = "already_together"


class MergeTooDeep(DomainError):
    """More than ten merges one upon the other: a human looks at the whole first."""

    code = "merge_too_deep"


class MergeNotLast(DomainError):
    """Another act was about the same persons and leans on this one: it is undone first."""

    code = "merge_not_last"


@dataclass(frozen=True, slots=True)
class Merge:
    """To read `absorbed` as `kept`; `registers`: where the two records that say so are; `event`: undone together."""

    absorbed: UUID
    kept: UUID
    registers: tuple[str, ...] = ()
    event: UUID | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """What an act told apart: those who leave, and those they are no longer one with."""

    apart: frozenset[UUID]
    others: frozenset[UUID]


@transaction.atomic
def merge_persons(
    actor: Actor,
    *,
    absorbed: UUID,
    kept: UUID,
    request: str = "",
    registers: Collection[str] = (),
    event: UUID | None = None,
) -> UUID:
    """From now on `absorbed` is read as `kept`; the event that undoes it.

    Both may be united with others already: all become one. Objections hold on every side, and will after a
    restoration; consents stay where they were given. Raises NotAllowed, NotFound, AlreadyTogether, MergeTooDeep.
    """
    at = event or uuid4()
    row = Merge(absorbed, kept, tuple(sorted(set(registers))))
    if not _merge(actor, [row], request, at):
        raise AlreadyTogether("Ces deux fiches sont déjà celles d’une même personne.")
    record(actor, MERGED, Person(pk=kept), absorbed=str(absorbed), event=str(at))
    return at


@transaction.atomic
def merge_many(actor: Actor, *, merges: Sequence[Merge], request: str = "", event: UUID | None = None) -> int:
    """The same for what one run found, in a flat number of queries, under one event; how many were not one already.

    Raises NotAllowed, NotFound, MergeTooDeep.
    """
    at = event or uuid4()
    done = _merge(actor, merges, request, at)
    if done:
        record(actor, MERGED_MANY, Person(pk=merges[0].kept), persons=done, event=str(at))
    return done


def _merge(actor: Actor, merges: Sequence[Merge], request: str, event: UUID) -> int:
    require_merger(actor)
    hold()
    named = {person for merge in merges for person in (merge.absorbed, merge.kept)}
    if len(named) != _known(named):
        raise NotFound("Cette personne est inconnue.")
    head = aliases.current(named)
    members = aliases.together_many(set(head.values()))
    groups = {one: set(members[one]) for one in set(head.values())}
    depth = _depths(groups)
    end = {one: one for one in groups}

    def top(person: UUID) -> UUID:
        one = head[person]
        while end[one] != one:
            one = end[one]
        return one

    rows, now = [], clock.now()
    for merge in merges:
        gone, stays = top(merge.absorbed), top(merge.kept)
        if gone == stays:
            continue
        depth[stays] = max(depth[stays], depth[gone] + 1)
        if depth[stays] > aliases.DEEPEST:
            raise MergeTooDeep("Trop de réunions se suivent pour cette personne : relisez-les toutes d’abord.")
        end[gone] = stays
        groups[stays] |= groups.pop(gone)
        rows.append(
            PersonAlias(
                absorbed_id=gone, kept_id=stays, said_absorbed=merge.absorbed, said_kept=merge.kept,
                event=merge.event or event, request=request, registers=list(merge.registers),
                recorded_by=actor.user_id, at=now,
            )
        )  # fmt: skip
    PersonAlias.objects.bulk_create(rows, batch_size=1000)
    _unite_objections(actor, [group for group in groups.values() if len(group) > 1])
    tell_merged([Merged(row.event, row.absorbed_id, row.kept_id, True) for row in rows])
    return len(rows)


def _known(persons: Collection[UUID]) -> int:
    every = sorted(persons)
    return sum(Person.objects.filter(pk__in=every[n : n + SOME]).count() for n in range(0, len(every), SOME))


def _depths(heads: Iterable[UUID]) -> dict[UUID, int]:
    """How many aliases lead from the farthest to each head."""
    deep = dict.fromkeys(heads, 0)
    above: dict[UUID, tuple[UUID, int]] = {one: (one, 0) for one in deep}
    for row in aliases.under(list(deep)):
        head, level = above[row.kept_id]
        above[row.absorbed_id] = (head, level + 1)
        deep[head] = max(deep[head], level + 1)
    return deep


def _unite_objections(actor: Actor, groups: Sequence[Collection[UUID]]) -> None:
    """A no said by one of them is said by all: the strictest wins, and stays on both sides after a restoration."""
    every = sorted({person for group in groups for person in group})
    said: dict[UUID, set[str]] = {}
    for start in range(0, len(every), SOME):
        live = Objection.objects.filter(person__in=every[start : start + SOME], withdrawn_at=None)
        for person, purpose in live.values_list("person", "purpose"):
            said.setdefault(person, set()).add(purpose)
    wanted: dict[str, list[UUID]] = {}
    for group in groups if said else ():
        for purpose in set[str]().union(*(said.get(person, ()) for person in group)):
            wanted.setdefault(purpose, []).extend(p for p in sorted(group) if purpose not in said.get(p, ()))
    now = clock.now()
    for purpose, persons in sorted(wanted.items()):
        rows = [
            Objection(person_id=one, purpose=purpose, source="united", channel=actor.channel, at=now)
            for one in persons
        ]
        Objection.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
        vault.set_stances(actor, persons=persons, purpose=purpose, word="objection")


@transaction.atomic
def restore_merge(actor: Actor, *, event: UUID) -> list[Sides]:
    """Undo what one act united; who is told apart from whom, for a `cannot` between their records.

    In any order, unless another act was about persons that this would separate. Objections stay on both sides.
    Raises NotAllowed, NotFound, MergeNotLast (it names that act).
    """
    require_merger(actor)
    hold()
    rows = list(PersonAlias.objects.filter(event=event).order_by("pk"))
    if not rows:
        raise NotFound("Cette réunion n’existe pas.")
    if any(row.closed_at for row in rows):
        later = _later_than(rows)
        raise MergeNotLast(f"Ces personnes ont été séparées depuis (acte {later}) : il n’y a plus rien à annuler.")
    tree = _tree(row.kept_id for row in rows)
    left = [row for row in tree if row.event != event]
    for row in left:
        if not _are_one(left, row.said_absorbed, row.said_kept):
            raise MergeNotLast(f"Un autre acte porte sur les mêmes personnes (acte {row.event}) : annulez-le d’abord.")
    sides = [_sides(left, row.absorbed_id, row.kept_id) for row in rows]
    _close(actor, rows, "restored")
    record(actor, RESTORED, Person(pk=rows[0].kept_id), event=str(event), persons=len(rows))
    return sides


def _later_than(rows: Sequence[PersonAlias]) -> str:
    """The act that moved one of these persons last, for a message: its number, or a dash."""
    ends = {row.absorbed_id for row in rows}
    later = PersonAlias.objects.filter(absorbed__in=ends, pk__gt=rows[0].pk).order_by("-pk").first()
    return str(later.event) if later is not None else "—"


@transaction.atomic
def split_person(actor: Actor, *, person: UUID, leaving: Collection[UUID] = ()) -> Sides:
    """Tell `person`, and `leaving` with them, apart from those they are one with: each side is one person.

    Raises NotAllowed, NotFound (they are one with nobody, or `leaving` is everybody).
    """
    require_merger(actor)
    hold()
    everybody = aliases.together(person)
    apart = frozenset({person, *leaving}) & everybody
    others = everybody - apart
    if not others:
        raise NotFound("Cette personne n’est réunie avec aucune autre.")
    event = uuid4()
    tree = _tree([person])
    crossing = [
        row
        for row in tree
        if (row.absorbed_id in apart) != (row.kept_id in apart)
        or (row.said_absorbed in apart) != (row.said_kept in apart)
    ]
    _close(actor, crossing, "split")
    left = [row for row in tree if row not in crossing]
    for side in (apart, others):
        _tie(actor, side, left, event, crossing)
    record(actor, SPLIT, Person(pk=person), event=str(event), persons=len(apart))
    return Sides(apart, others)


def _tie(
    actor: Actor, side: Collection[UUID], left: Sequence[PersonAlias], event: UUID, model: Sequence[PersonAlias]
) -> None:
    """One tree again of the pieces of a side: the largest keeps its head, the oldest on a tie."""
    pieces = sorted({frozenset(_reached(left, one)) for one in side}, key=lambda piece: (-len(piece), min(piece)))
    heads = [next(one for one in sorted(piece) if not _absorbed(left, one)) for piece in pieces]
    now = clock.now()
    codes = sorted({code for row in model for code in row.registers})
    requests = {row.request for row in model}
    rows = [
        PersonAlias(
            absorbed_id=head, kept_id=heads[0], said_absorbed=head, said_kept=heads[0], event=event,
            request=min(requests), registers=codes, recorded_by=actor.user_id, at=now,
        )
        for head in heads[1:]
    ]  # fmt: skip
    PersonAlias.objects.bulk_create(rows)
    tell_merged([Merged(event, row.absorbed_id, row.kept_id, True) for row in rows])


@transaction.atomic
def lapse_merges(actor: Actor, *, live: Mapping[str, Collection[str]]) -> int:
    """End the aliases between registers made under a request that ended, unless another renews it; how many.

    `live`: the requests in force, with their registers. Links inside one register stay: when they held through one
    that ends, they are tied again to whom they were about.
    """
    require_merger(actor)
    hold()
    rows = PersonAlias.objects.filter(closed_at=None).exclude(request="").exclude(request__in=sorted(live))
    covered = [set(codes) for codes in live.values()]
    ended = [
        row
        for row in rows.order_by("pk")
        if len(set(row.registers)) != 1 and not any(set(row.registers) <= codes for codes in covered if row.registers)
    ]
    if not ended:
        return 0
    tree = _tree(row.kept_id for row in ended)
    gone = {row.pk for row in ended}
    left = [row for row in tree if row.pk not in gone]
    # Closed with them: what stood on them, then tied again from what each act was about.
    loose = [row for row in left if not _are_one(left, row.said_absorbed, row.said_kept)]
    _close(actor, [*ended, *loose], "lapse")
    by_event: dict[tuple[UUID, str], list[Merge]] = {}
    for row in loose:
        merge = Merge(row.said_absorbed, row.said_kept, tuple(row.registers))
        by_event.setdefault((row.event, row.request), []).append(merge)
    for (event, request), merges in by_event.items():
        _merge(actor, merges, request, event)
    record(actor, LAPSED, Person(pk=ended[0].kept_id), persons=len(ended))
    return len(ended)


# the tree of those who are one


def _tree(persons: Iterable[UUID]) -> list[PersonAlias]:
    """Every open alias among those who are one with these persons."""
    return aliases.under(set(aliases.current(persons).values()))


def _ties(rows: Iterable[PersonAlias]) -> Mapping[UUID, set[UUID]]:
    ties: dict[UUID, set[UUID]] = {}
    for row in rows:
        ties.setdefault(row.absorbed_id, set()).add(row.kept_id)
        ties.setdefault(row.kept_id, set()).add(row.absorbed_id)
    return ties


def _reached(rows: Iterable[PersonAlias], person: UUID) -> set[UUID]:
    ties, seen, todo = _ties(rows), {person}, [person]
    while todo:
        fresh = ties.get(todo.pop(), set()) - seen
        seen |= fresh
        todo += fresh
    return seen


def _are_one(rows: Sequence[PersonAlias], one: UUID, other: UUID) -> bool:
    return one == other or other in _reached(rows, one)


def _sides(left: Sequence[PersonAlias], one: UUID, other: UUID) -> Sides:
    return Sides(frozenset(_reached(left, one)), frozenset(_reached(left, other)))


def _absorbed(rows: Sequence[PersonAlias], person: UUID) -> bool:
    return any(row.absorbed_id == person for row in rows)


def _close(actor: Actor, rows: Sequence[PersonAlias], cause: str) -> None:
    pks = [row.pk for row in rows]
    now = clock.now()
    for start in range(0, len(pks), SOME):
        some = PersonAlias.objects.filter(pk__in=pks[start : start + SOME], closed_at=None)
        some.update(closed_at=now, closed_by=actor.user_id, cause=cause)
    tell_merged([Merged(row.event, row.absorbed_id, row.kept_id, False) for row in rows])


def require_merger(actor: Actor) -> None:
    """Raises NotAllowed."""
    if not policies.can_merge(actor):
        raise NotAllowed(WHO)


def hold() -> None:
    """One merge at a time until the end of the transaction: two of them at once could read each other as the other.

    Whoever also writes traces takes this first.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
