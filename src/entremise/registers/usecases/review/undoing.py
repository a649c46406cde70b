"""Changing one's mind: an answer taken back within the hour, a decision reopened, a reunion undone by two persons."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.people.usecases.merging import hold
from entremise.registers import policies
from entremise.registers.engine.reading import FIRST, settle
from entremise.registers.models import PAIR, CallQuestion, Decision, Pair, Reading
from entremise.registers.queries import review
from entremise.registers.usecases.review.applying import take_back
from entremise.registers.usecases.review.claiming import LEASE
from entremise.registers.usecases.review.deciding import WHY_DIFFERENT, needs_two
from entremise.registers.usecases.review.grants import Grant, require_grant
from entremise.registers.usecases.review.refusals import SecondReaderRequired, TooLate

UNDONE = declare("registers.pair.undone", "est revenu sur sa réponse à une paire de fiches")
REVOKED = declare("registers.decision.revoked", "a rouvert une décision sur deux fiches")
REREAD = declare("registers.decision.reread", "a remis une décision à relire")
SEPARATION = declare("registers.separation.asked", "a demandé à séparer deux fiches réunies")


@transaction.atomic
def undo_reading(actor: Actor, *, reading: Reading) -> Pair:
    """Take one's own answer back, within the hour and when nobody answered after it; what it did is undone too.

    The answer stays, dated; the pair waits again. Raises NotAllowed, NotFound, GrantMissing, TooLate, MergeNotLast,
    IllegalTransition (somebody else was quicker).
    """
    me, now = policies.require_keeper(actor), clock.now()
    if reading.reader != me:
        raise NotFound("Cette réponse n’est pas la vôtre.")
    grant = require_grant(reading.pair.request, now)
    hold()
    pair = _locked(reading.pair)
    live = list(pair.readings.filter(undone_at=None).order_by("at", "pk"))
    if reading.pk not in [one.pk for one in live]:
        raise IllegalTransition("Cette réponse a déjà été annulée.")
    if reading.at <= now - review.TAKE_BACK or live[-1].pk != reading.pk:
        raise TooLate(
            "Cette réponse ne s’annule plus seule : une heure est passée, ou quelqu’un a répondu après vous. "
            "Passez par la page de la paire."
        )
    if not Reading.objects.filter(pk=reading.pk, undone_at=None).update(undone_at=now):
        raise IllegalTransition("Cette réponse a déjà été annulée.")
    if (decision := _decision(pair)) is not None and pair.state in ("accepted", "refused"):
        take_back(actor, decision, me)
    _wait_again(pair, live[:-1], grant)
    record(actor, UNDONE, pair, answer=reading.answer)
    return pair


def _locked(pair: Pair) -> Pair:
    return Pair.objects.select_for_update(of=("self",)).select_related("run__model").get(pk=pair.pk)


def _decision(pair: Pair) -> Decision | None:
    return Decision.objects.filter(left=pair.left, right=pair.right).exclude(state="revoked").first()


def _wait_again(pair: Pair, kept: list[Reading], grant: Grant, rank: int | None = None) -> None:
    """The pair returns to readers, with the answers that are left."""
    if pair.state in ("accepted", "refused", "unsure", "second"):
        PAIR.move(pair, "undo", claimed_by_id=None, lease_until=None)
    CallQuestion.objects.filter(pair=pair, state="open").update(state="void")
    if rank is not None:
        Pair.objects.filter(pk=pair.pk).update(rank=rank)
    ends = review.ends_of(pair, grant.registers)
    if kept and settle([one.answer for one in kept], needs_two(pair, ends)) == "pass_on":
        PAIR.move(pair, "pass_on")
    elif not kept and (held := _decision(pair)) is not None and (held.verdict, held.state) == ("must", "open"):
        PAIR.move(pair, "accept")  # a separation that was asked, then taken back: the reunion stands


@transaction.atomic
def undo_decision(actor: Actor, *, decision: Decision) -> Pair:
    """Reopen a « deux personnes », or a decision to confirm: the pair is read anew. Its readings stay, taken back.

    A « même personne » in force is separated by two persons: `ask_separation`. Raises NotAllowed, GrantMissing,
    NotFound (the pair is no longer kept), SecondReaderRequired, IllegalTransition.
    """
    me, now = policies.require_keeper(actor), clock.now()
    grant = require_grant(decision.request, now)
    if decision.verdict == "must":
        raise SecondReaderRequired("Deux personnes sont nécessaires pour séparer : demandez la séparation.")
    hold()
    pair = _pair(decision)
    revoked = {"state": "revoked", "revoked_by": me, "revoked_at": now}
    if not Decision.objects.filter(pk=decision.pk).exclude(state="revoked").update(**revoked):
        raise IllegalTransition("Cette décision a déjà été annulée.")
    pair.readings.filter(undone_at=None).update(undone_at=now)
    _wait_again(pair, [], grant)
    record(actor, REVOKED, pair, verdict=decision.verdict)
    return pair


@transaction.atomic
def reread_decision(actor: Actor, *, decision: Decision) -> Pair:
    """Read again two records of which one changed since: the pair is claimed, the decision waits for the answer.

    Raises NotAllowed, GrantMissing, NotFound, IllegalTransition (it is not to confirm).
    """
    me, now = policies.require_keeper(actor), clock.now()
    grant = require_grant(decision.request, now)
    pair = _pair(decision)
    if not Decision.objects.filter(pk=decision.pk, state="to_confirm").exists():
        raise IllegalTransition("Cette décision n’est plus à confirmer.")
    pair.readings.filter(undone_at=None).update(undone_at=now)
    _wait_again(pair, [], grant, rank=FIRST)
    Pair.objects.filter(pk=pair.pk).update(claimed_by_id=me, lease_until=now + LEASE, token=pair.token + 1)
    pair.refresh_from_db()
    record(actor, REREAD, pair, verdict=decision.verdict)
    return pair


def _pair(decision: Decision) -> Pair:
    found = Pair.objects.filter(request=decision.request, left=decision.left, right=decision.right).first()
    if found is None or found.state == "stale":
        raise NotFound("Cette paire n’est plus gardée : un nouveau rapprochement la proposera s’il y a lieu.")
    return _locked(found)


@transaction.atomic
def ask_separation(actor: Actor, *, pair: Pair, reason: str) -> Reading:
    """Say that two records joined, by a run or by readers, are two persons: another human confirms by reading them.

    Until then nothing changes. Once confirmed the reunion is undone, and no run makes it again. Raises NotAllowed,
    GrantMissing, ValidationError, NotFound, IllegalTransition (they are not joined, or it is asked already).
    """
    me, now = policies.require_keeper(actor), clock.now()
    if reason not in WHY_DIFFERENT:
        raise ValidationError({"reason": "Choisissez pourquoi ce sont deux personnes."})
    grant = require_grant(pair.request, now)
    hold()
    pair = _locked(pair)
    if pair.state not in ("accepted", "auto"):
        raise IllegalTransition("Cette paire est déjà à relire : répondez-y, ou attendez la seconde lecture.")
    ends = review.ends_of(pair, grant.registers)
    if ends is None or not ends.together:
        raise NotFound("Ces deux fiches ne sont pas réunies : il n’y a rien à séparer.")
    pair.readings.filter(undone_at=None).update(undone_at=now)
    if pair.state == "accepted":
        PAIR.move(pair, "undo")
    PAIR.move(pair, "pass_on", rank=FIRST, claimed_by_id=None, lease_until=None)
    said = Reading.objects.create(pair=pair, reader=me, answer="different", reason=reason, at=now)
    record(actor, SEPARATION, pair, reason=reason)
    return said
