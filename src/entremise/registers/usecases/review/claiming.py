"""Taking the next doubtful pair, for a time: never two readers of one pair at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction

from entremise.accounts.queries import same_human
from entremise.kernel import claims, clock
from entremise.kernel.actors import Actor
from entremise.registers import policies
from entremise.registers.engine.reading import MIX
from entremise.registers.models import Pair, Reading
from entremise.registers.queries import review
from entremise.registers.usecases.review.grants import Grant, grants, requested_by, require_grant
from entremise.registers.usecases.review.refusals import PairAlreadyDecided, PairNotHeld, SecondReaderRequired

LEASE: Final = timedelta(minutes=15)
"""How long a pair is kept for a reader who says nothing (PD)."""


@transaction.atomic
def claim_pair(actor: Actor, *, pair: Pair | None = None) -> Pair | None:
    """Take this pair, or the next of the queue; None when nothing is left for this reader.

    One pair in four is a control pair, while there are some: they prove the thresholds, and look like the others.
    Raises NotAllowed, SecondFactorNeeded, GrantMissing, PairAlreadyDecided, PairNotHeld,
    SecondReaderRequired.
    """
    me = policies.require_keeper(actor)
    now = clock.now()
    if pair is not None:
        return _this_one(pair, me)
    live = grants(now)
    rows = review.for_reader(review.waiting(set(live)), me, requested_by(me, live))
    begun = rows.filter(claimed_by_id=me, lease_until__gt=now).first()
    if begun is not None and claims.claim(begun, holder=me, lease=LEASE, now=now):
        return begun
    given = Reading.objects.filter(reader=me).count()
    drawn, usual = rows.filter(control=True), review.usual(rows)
    for queue in (drawn, usual) if given % MIX == MIX - 1 else (usual, drawn):
        taken = claims.claim_next(queue, holder=me, lease=LEASE, now=now)
        if taken is not None:
            return taken
    return None


def _this_one(pair: Pair, me: int) -> Pair:
    now = clock.now()
    grant = require_grant(pair.request, now)
    pair.refresh_from_db()
    if pair.state not in review.READABLE:
        raise PairAlreadyDecided(f"Cette paire est déjà jugée : {pair.get_state_display()}. Prenez la suivante.")
    another_human(pair, me, list(pair.readings.filter(undone_at=None)), grant)
    if not claims.claim(pair, holder=me, lease=LEASE, now=now):
        raise PairNotHeld("Une autre personne relit cette paire en ce moment. Prenez la suivante.")
    return pair


def another_human(pair: Pair, me: int, earlier: Sequence[Reading], grant: Grant) -> None:
    """Raises SecondReaderRequired to whoever has read this pair, under any account, or who asked for the linkage and
    would be its second reader."""
    humans = same_human([me, *(one.reader for one in earlier)])
    if any(humans.get(one.reader, one.reader) == humans.get(me, me) for one in earlier):
        raise SecondReaderRequired("Vous avez déjà lu cette paire : une autre personne doit la lire à son tour.")
    if pair.state == "second" and requested_by(me, {grant.request: grant}):
        raise SecondReaderRequired(
            "Vous avez demandé ce rapprochement : une autre personne en fait la seconde lecture."
        )


@transaction.atomic
def release_pair(actor: Actor, *, pair: Pair) -> bool:
    """Leave a pair to others; false when this reader did not hold it. Raises NotAllowed."""
    return claims.release(pair, holder=policies.require_keeper(actor))
