"""Levels: proposed from counts, decided by a human; given back at once on one's own request. Reference § 6.

A change takes effect at the next claim: a live call is finished. Never from speed, never from a rank.
"""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.outreach import policies, rules
from entremise.outreach.engine import path
from entremise.outreach.models import CallAttempt, CallerProfile, LevelChange
from entremise.outreach.queries.callers import counts_of, marks
from entremise.outreach.usecases.callers.refusals import GONE, AlreadyDecided, StepsMissing, reason_given
from entremise.outreach.usecases.callers.signing import own_profile
from entremise.rules.queries import number_of

PROMOTED = declare("outreach.caller.promoted", "a ouvert un niveau à un·e appelant·e")
DEMOTED = declare("outreach.caller.demoted", "a ramené un·e appelant·e à un niveau")
ASKED_DOWN = declare("outreach.caller.asked_down", "a demandé un niveau plus simple")
SUSPENDED = declare("outreach.caller.suspended", "a suspendu des niveaux après une longue absence")
WISHED = declare("outreach.caller.wished", "a écrit son souhait pour les appels les plus durs")
WORDS = (10, 500)


@transaction.atomic
def promote_caller(actor: Actor, *, caller: CallerProfile, to: int, reason: str = "") -> None:
    """Open the next level: by the caller's mentor, or a supervisor; level 4 by a supervisor only, and only when the
    caller wrote that they wish it. Of two who press at once, one does it.

    Raises NotAllowed, StepsMissing (what is missing, in words), AlreadyDecided.
    """
    row = CallerProfile.objects.get(pk=caller.pk)
    if to == path.TOP:
        policies.require_supervisor(actor)
    policies.require_guide(actor, row)
    if row.state != "active" or row.level != to - 1 or row.held_level is not None:
        raise AlreadyDecided(GONE)
    counts, asked = counts_of(row), marks()
    missing = [step.missing for step in path.steps(to, counts, asked) if not step.done]
    if missing:
        raise StepsMissing(f"Il manque encore : {', '.join(missing)}.")
    here = CallerProfile.objects.filter(pk=row.pk, state="active", level=to - 1, held_level=None)
    if to == path.TOP:
        here = here.exclude(wishes_hardest="")  # the wish may be taken back at this very moment
    if not here.update(level=to):
        raise AlreadyDecided(GONE)
    _note(row, "promoted", to - 1, to, " ".join(reason.split())[:300], actor.user_id)
    caller.level = to
    record(actor, PROMOTED, row, level=to)


@transaction.atomic
def demote_caller(actor: Actor, *, caller: CallerProfile, to: int, reason: str) -> None:
    """Bring somebody back to a lower level, with a reason that they read. Raises NotAllowed, ValidationError,
    AlreadyDecided."""
    policies.require_guide(actor, caller)
    words = reason_given(reason)
    before = _down(caller, to)
    _note(caller, "demoted", before, to, words, actor.user_id)
    record(actor, DEMOTED, caller, level=to)


@transaction.atomic
def ask_down(actor: Actor, *, to: int) -> CallerProfile:
    """Ask for easier calls, for oneself: at once, without a reason, and it is no failure. Raises NotAllowed,
    ValidationError, AlreadyDecided."""
    row = own_profile(actor)
    before = _down(row, to)
    _note(row, "asked_down", before, to, "", actor.user_id)
    record(actor, ASKED_DOWN, row, level=to)
    return row


def _down(row: CallerProfile, to: int) -> int:
    """Lower the level (a suspended one: the level it would get back), guarded by what was read. The level before."""
    fresh = CallerProfile.objects.get(pk=row.pk)
    before = fresh.held_level or fresh.level
    if not 1 <= to < before:
        raise ValidationError({"to": f"Choisissez un niveau de 1 à {before - 1}." if before > 1 else
                               "Il n’y a pas de niveau plus simple que celui-ci."})  # fmt: skip
    same = CallerProfile.objects.filter(pk=row.pk, level=fresh.level, held_level=fresh.held_level)
    level, held = min(fresh.level, to), to if fresh.held_level is not None and to > fresh.level else None
    # the wish for the hardest calls is asked anew
    if not same.update(level=level, held_level=held, wishes_hardest=""):
        raise AlreadyDecided(GONE)
    row.level, row.held_level, row.wishes_hardest = level, held, ""
    return before


@transaction.atomic
def wish_hardest(actor: Actor, *, words: str) -> CallerProfile:
    """Write, oneself, that one wishes the hardest calls; empty takes the wish back, at any time. Raises NotAllowed,
    ValidationError."""
    row = own_profile(actor)
    text = " ".join(words.split())
    if text and not WORDS[0] <= len(text) <= WORDS[1]:
        raise ValidationError({"words": f"Écrivez votre souhait en {WORDS[0]} à {WORDS[1]} signes, avec vos mots."})
    CallerProfile.objects.filter(pk=row.pk).update(wishes_hardest=text)
    row.wishes_hardest = text
    record(actor, WISHED, row, wished=bool(text))
    return row


@transaction.atomic
def suspend_inactive(actor: Actor) -> int:
    """After more than 21 days without a call (a rule point), a level is suspended to 1 until a refresher: how many.

    For our own machinery, every day; safe to run twice. It looks at calls reported, never at the access journal.
    Raises NotAllowed.
    """
    if not actor.has("machine"):
        raise NotAllowed("Cette vérification se fait seule, chaque jour.")
    now = clock.now()
    before = now - timedelta(days=number_of(rules.INACTIVE))
    rows = list(CallerProfile.objects.filter(state="active", level__gt=1, held_level=None, created_at__lt=before))
    last = dict(
        CallAttempt.objects.filter(caller__in=[row.user_id for row in rows], happened_at__gte=before)
        .exclude(disposition="aborted")
        .values_list("caller")
        .annotate(last=Max("happened_at"))
    )
    moved = dict(
        LevelChange.objects.filter(caller__in=rows, at__gte=before, kind__in=("promoted", "restored"))
        .values_list("caller")
        .annotate(last=Max("at"))
    )
    done = 0
    for row in rows:
        called = row.last_call_at is not None and row.last_call_at >= before
        if called or row.user_id in last or row.pk in moved:
            continue
        same = CallerProfile.objects.filter(pk=row.pk, level=row.level, held_level=None, state="active")
        if same.update(level=1, held_level=row.level):
            _note(row, "suspended", row.level, 1, "longue période sans appel", None)
            done += 1
    if done:
        record(actor, SUSPENDED, rows[0], callers=done)
    return done


def _note(row: CallerProfile, kind: str, before: int, after: int, reason: str, by: int | None) -> None:
    LevelChange.objects.create(
        caller=row, kind=kind, before=before, after=after, reason=reason, decided_by_id=by, at=clock.now()
    )
