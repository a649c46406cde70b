"""What a decision does: an edge kept for every later run, and persons joined or told apart, in the same deed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.people.usecases import merge_persons, restore_merge, split_person
from entremise.registers.models import Decision, Move, Pair, Reading
from entremise.registers.queries import review
from entremise.registers.queries.review import Ends


def apply(actor: Actor, pair: Pair, deed: str, readings: Sequence[Reading], ends: Ends) -> Decision:
    """`accept`: one person from now on; `refuse`: two, and no run joins them again."""
    answer = "same" if deed == "accept" else "different"
    agreed = [one for one in readings if one.answer == answer]
    row = _decide(pair, "must" if deed == "accept" else "cannot", agreed)
    if deed == "accept" and not ends.together:
        join(actor, row, ends)
    elif deed == "refuse" and ends.together:
        separate(actor, row, ends)
    return row


def _decide(pair: Pair, verdict: str, agreed: Sequence[Reading]) -> Decision:
    """The open decision on these two records: confirmed, or replaced. The older ones stay, revoked."""
    now = clock.now()
    first, last = agreed[0], agreed[-1]
    second = last.reader if last.reader != first.reader else None
    said = {"author": first.reader, "second_reader": second, "reason": last.reason or first.reason}
    read = {"left_digest": pair.left_digest, "right_digest": pair.right_digest}  # what the run compared
    held = Decision.objects.filter(left=pair.left, right=pair.right).exclude(state="revoked")
    held.exclude(verdict=verdict).update(state="revoked", revoked_by=last.reader, revoked_at=now)
    row = held.first()
    if row is None:
        return Decision.objects.create(
            left=pair.left, right=pair.right, verdict=verdict, request=pair.request, at=now, **said, **read
        )
    if row.state == "to_confirm":
        fresh = {"state": "open", "at": now, **said, **read}
        Decision.objects.filter(pk=row.pk, state="to_confirm").update(**fresh)
        row.refresh_from_db()
    return row


def join(actor: Actor, decision: Decision, ends: Ends) -> None:
    """Read both as one person: the one who stands for most records is kept, the oldest on a tie."""
    one, other = ends.heads[ends.left.person], ends.heads[ends.right.person]
    sizes = {one: len(ends.groups[ends.left.person]), other: len(ends.groups[ends.right.person])}
    kept, absorbed = sorted((one, other), key=lambda person: (-sizes[person], person))
    registers = {ends.left.register, ends.right.register}
    inside = len(registers) == 1  # a link inside one register outlives the grant
    event = merge_persons(
        actor, absorbed=absorbed, kept=kept, request="" if inside else decision.request, registers=registers
    )
    Move.objects.create(event=event, person=absorbed, kept=kept, cause="decision", decision=decision)


def separate(actor: Actor, decision: Decision, ends: Ends) -> None:
    """Undo the act that joined them when a human decided it; else take one person out of those a run joined."""
    made = Move.objects.filter(
        decision__left=decision.left, decision__right=decision.right, together=True, cause="decision"
    ).order_by("-pk")
    last = made.first()
    if last is not None and not Move.objects.filter(event=last.event, together=False).exists():
        restore_merge(actor, event=last.event)
        event, person, kept = last.event, last.person, last.kept
    else:
        head = ends.heads[ends.left.person]
        person = ends.left.person if ends.right.person == head else ends.right.person
        kept = head
        split_person(actor, person=person)
        event = uuid4()
    _apart(decision, event, person, kept)


def _apart(decision: Decision, event: UUID, person: UUID, kept: UUID) -> None:
    Move.objects.create(event=event, person=person, kept=kept, together=False, cause="undo", decision=decision)


def take_back(actor: Actor, decision: Decision, by: int) -> None:
    """Revoke a decision and what it did: a reunion is undone, a separation is joined again. Both traces stay."""
    Decision.objects.filter(pk=decision.pk).exclude(state="revoked").update(
        state="revoked", revoked_by=by, revoked_at=clock.now()
    )
    decision.refresh_from_db()
    move = review.move_of(decision)
    if move is not None and not Move.objects.filter(event=move.event, together=False).exists():
        restore_merge(actor, event=move.event)
        _apart(decision, move.event, move.person, move.kept)
        return
    apart = decision.moves.filter(together=False, cause="undo").order_by("-pk").first()
    if decision.verdict == "cannot" and apart is not None:
        pair = Pair.objects.filter(request=decision.request, left=decision.left, right=decision.right).first()
        registers = {pair.left_register, pair.right_register} if pair is not None else set[str]()
        request = "" if len(registers) == 1 else decision.request
        event = merge_persons(actor, absorbed=apart.person, kept=apart.kept, request=request, registers=registers)
        Move.objects.create(event=event, person=apart.person, kept=apart.kept, cause="undo", decision=decision)
