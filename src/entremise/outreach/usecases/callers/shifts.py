"""Shifts: a time, a number of seats, who takes one. Seats are never exceeded, whatever happens at the same moment."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.outreach import policies
from entremise.outreach.models import CallCampaign, Shift, ShiftSeat
from entremise.outreach.queries.callers import profile_of
from entremise.outreach.usecases.callers.refusals import AlreadyDecided, ShiftFull, ShiftOver

CREATED = declare("outreach.shift.created", "a ouvert une permanence")
CANCELLED = declare("outreach.shift.cancelled", "a annulé une permanence")
TAKEN = declare("outreach.seat.taken", "a pris une place dans une permanence")
LEFT = declare("outreach.seat.left", "a rendu sa place dans une permanence")
ARRIVED = declare("outreach.seat.arrived", "est arrivé·e à sa permanence")
LONGEST = timedelta(hours=12)
EARLY = timedelta(minutes=30)
"""How long before its start one may say one is there."""
OVER = "Cette permanence est finie ou annulée. Choisissez-en une autre."


@transaction.atomic
def create_shift(
    actor: Actor, *, campaign: CallCampaign, role: str, starts_at: datetime, ends_at: datetime, seats: int = 10
) -> Shift:
    """A time when callers call, or when a supervisor answers for the campaign; twelve hours at most.

    Raises NotAllowed, ValidationError by field.
    """
    policies.require_supervisor(actor)
    shift = Shift(campaign=campaign, role=role, starts_at=starts_at, ends_at=ends_at, seats=seats)
    if campaign.state == "closed":
        raise ValidationError({"campaign": "Cette campagne est close."})
    if ends_at - starts_at > LONGEST:
        raise ValidationError({"ends_at": "Une permanence dure douze heures au plus."})
    if ends_at <= clock.now():
        raise ValidationError({"starts_at": "Choisissez un moment à venir."})
    shift.full_clean(exclude=["campaign"])
    shift.save(force_insert=True)
    record(actor, CREATED, shift, role=role, seats=seats)
    return shift


@transaction.atomic
def cancel_shift(actor: Actor, *, shift: Shift) -> int:
    """Cancel a shift and the seats taken in it: how many people are to be told. Raises NotAllowed, AlreadyDecided."""
    policies.require_supervisor(actor)
    now = clock.now()
    if not Shift.objects.filter(pk=shift.pk, cancelled_at=None).update(cancelled_at=now):
        raise AlreadyDecided("Cette permanence est déjà annulée.")
    told = ShiftSeat.objects.filter(shift=shift, cancelled_at=None).update(cancelled_at=now)
    record(actor, CANCELLED, shift, seats=told)
    return told


@transaction.atomic
def take_seat(actor: Actor, *, shift: Shift) -> ShiftSeat:
    """Take a seat, for oneself: callers in a shift of calls, supervisors in a shift of supervision. Twice is once.

    The rank of a seat is unique among live ones: two people never hold the last one. Raises NotAllowed, ShiftFull,
    ShiftOver.
    """
    user = policies.require_supervisor(actor) if shift.role == "supervisor" else policies.require_caller(actor)
    if shift.role == "caller":
        row = profile_of(user)
        if row is None or row.state != "active":
            raise NotAllowed("Votre inscription au parcours d’appel n’est pas encore acceptée.")
    live = Shift.objects.filter(pk=shift.pk, cancelled_at=None, ends_at__gt=clock.now())
    known = live.select_for_update().values_list("seats", flat=True).first()
    if known is None:
        raise ShiftOver(OVER)
    seat = _seat(shift, user, known)
    record(actor, TAKEN, seat, shift=shift.public_id)
    return seat


def _seat(shift: Shift, user: int, seats: int) -> ShiftSeat:
    live = ShiftSeat.objects.filter(shift=shift, cancelled_at=None)
    for _ in range(seats + 1):
        if mine := live.filter(user=user).first():
            return mine
        taken = set(live.values_list("rank", flat=True))
        free = next((rank for rank in range(1, seats + 1) if rank not in taken), None)
        if free is None:
            break
        try:
            with transaction.atomic():
                return ShiftSeat.objects.create(shift=shift, user_id=user, rank=free)
        except IntegrityError:  # taken at this very moment: look again
            continue
    raise ShiftFull("Toutes les places viennent d’être prises. Choisissez une autre permanence.")


@transaction.atomic
def leave_seat(actor: Actor, *, shift: Shift) -> None:
    """Give one's seat back: it is free at once. Raises NotAllowed, AlreadyDecided."""
    user = policies.require_team(actor)
    mine = ShiftSeat.objects.filter(shift=shift, user=user, cancelled_at=None, arrived_at=None)
    if not mine.update(cancelled_at=clock.now()):
        raise AlreadyDecided("Vous n’avez pas de place à rendre dans cette permanence.")
    record(actor, LEFT, shift)


@transaction.atomic
def arrive(actor: Actor, *, shift: Shift) -> None:
    """Say that one is there, from half an hour before the start to the end. Raises NotAllowed, ShiftOver,
    AlreadyDecided."""
    user, now = policies.require_team(actor), clock.now()
    if not shift.starts_at - EARLY <= now < shift.ends_at:
        raise ShiftOver("L’arrivée se dit d’une demi-heure avant le début jusqu’à la fin de la permanence.")
    mine = ShiftSeat.objects.filter(shift=shift, user=user, cancelled_at=None, arrived_at=None)
    if not mine.update(arrived_at=now):
        raise AlreadyDecided("Votre arrivée est déjà notée, ou vous n’avez pas de place dans cette permanence.")
    record(actor, ARRIVED, shift)
