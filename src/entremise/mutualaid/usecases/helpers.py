from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, ids, jobs
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.mutualaid import policies, rules
from entremise.mutualaid.engine import masks, ranking
from entremise.mutualaid.models import HELPER_LIFE, Category, HelperIndex, HelperProfile, Proposal
from entremise.mutualaid.usecases.needs import lock_needs, speaker
from entremise.people.models import Person
from entremise.people.usecases import record_consent, register_person, update_person
from entremise.rules.queries import number_of, values_of
from entremise.territories.models import Territory

REGISTERED = declare("mutualaid.helper.registered", "a inscrit une personne qui propose son aide")
CONFIRMED = declare("mutualaid.helper.confirmed", "a confirmé une proposition d’aide")
CHANGED = declare("mutualaid.helper.changed", "a modifié une proposition d’aide")
PAUSED = declare("mutualaid.helper.paused", "a mis une proposition d’aide en pause")
RESUMED = declare("mutualaid.helper.resumed", "a repris une proposition d’aide")
WITHDRAWN = declare("mutualaid.helper.withdrawn", "a retiré une proposition d’aide")
SCREENED = declare("mutualaid.helper.screened", "a vu la pièce d’identité d’une personne qui aide")
WOKEN = declare("mutualaid.helper.pauses_ended", "a repris les propositions d’aide dont la pause est finie")

MOTIVE = "Proposition d’aide reçue ou tenue à jour"
CONSENT_PURPOSE = "mutualaid.contact"


class CapReached(DomainError):
    code = "cap_reached"


@transaction.atomic
def register_helper(
    actor: Actor,
    *,
    categories: Sequence[Category],
    territory: Territory,
    old_enough: bool,
    charter: bool,
    person: Person | None = None,
    values: Mapping[str, str] | None = None,
    slots: int = masks.ANY_SLOT,
    languages: int = 1,
    radius_m: int | None = None,
    monthly_max: int | None = None,
    note: str = "",
    place: tuple[int, int, str] | None = None,
    origin: str = "web",
    confirmed: bool = False,
    language: str = "fr",
    submission_key: str | None = None,
) -> HelperProfile:
    """Record an offer of help: what, where, how to be reached. No account, no password.

    `radius_m` in metres (rule point by default), `monthly_max` solicitations in 30 days (0: missions only).
    `submission_key`: of the public form; a key seen before gives the offer of the first time, nothing is written.
    Available at once when `confirmed` (an agent heard or saw the person), else after the confirmation link.
    Raises NotAllowed, ValidationError on the field to put right.
    """
    if not policies.can_register_helper(actor):
        raise NotAllowed("Votre rôle ne permet pas d’inscrire une personne qui aide.")
    if submission_key and (known := HelperProfile.objects.filter(submission_key=submission_key).first()):
        return known
    limits = values_of(rules.DEFAULT_RADIUS, rules.MONTHLY_CAP, rules.MIN_AGE)
    if not categories:
        raise ValidationError({"categories": "Choisissez au moins une aide."})
    if not old_enough:
        raise ValidationError(
            {"old_enough": f"Pour proposer son aide, il faut avoir {limits[rules.MIN_AGE.key]} ans."}
        )
    if not charter:
        raise ValidationError({"charter": "Lisez la charte et cochez la case pour proposer votre aide."})
    now, public_id, said = clock.now(), ids.new(), dict(values or {})
    if note.strip():
        said[f"note#{public_id}"] = note.strip()
    purpose = {"purpose": CONSENT_PURPOSE, "motive": MOTIVE}
    existing = person
    if person is None:
        person = register_person(actor, values=said, language=language, preferred_channel=_channel(said), **purpose)
    # Their yes first: without it, nothing is written on somebody who is known already.
    record_consent(
        speaker(actor, person), person=person, purpose=CONSENT_PURPOSE, answer="yes", text_version="offer-1"
    )
    if existing is not None and (said := {name: value for name, value in said.items() if value}):
        update_person(actor, person=person, values=said, **purpose)
    cap = int(limits[rules.MONTHLY_CAP.key])
    helper = HelperProfile(
        public_id=public_id,
        person=person,
        territory=territory,
        h8=place[0] if place else territory.h8,
        h7=place[1] if place else territory.h7,
        precision=place[2] if place else "commune",
        categories=masks.mask_of(category.bit for category in categories),
        slots=slots or masks.ANY_SLOT,
        languages=languages or 1,
        radius_m=radius_m or int(limits[rules.DEFAULT_RADIUS.key]) * 1000,
        monthly_max=cap if monthly_max is None else min(monthly_max, cap),
        charter_at=now,
        registered_at=now,
        origin=origin,
        has_note=bool(note.strip()),
        submission_key=submission_key,
        state="available" if confirmed and policies.can_match(actor) else "registered",
    )
    helper.full_clean()
    helper.save(force_insert=True)
    index_helper(helper, now)
    record(speaker(actor, person), REGISTERED, helper, origin=origin)
    jobs.enqueue("mutualaid.welcome_helper", helper_id=helper.pk)
    return helper


def _channel(values: Mapping[str, str]) -> str:
    return "email" if values.get("email") else "sms" if values.get("phone") else "phone"


@transaction.atomic
def confirm_helper(actor: Actor, *, helper: HelperProfile) -> None:
    """The link was opened, or an agent checked the number: the helper may be asked from now on."""
    _may_change(actor, helper)
    HELPER_LIFE.move(helper, "confirm")
    index_helper(helper, clock.now())
    record(actor, CONFIRMED, helper)


@transaction.atomic
def change_offer(
    actor: Actor,
    *,
    helper: HelperProfile,
    categories: Sequence[Category],
    slots: int,
    languages: int,
    radius_m: int,
    monthly_max: int,
) -> None:
    """What a helper offers now, in place of what was offered before."""
    _may_change(actor, helper)
    if not categories:
        raise ValidationError({"categories": "Choisissez au moins une aide, ou mettez votre offre en pause."})
    cap, reach = number_of(rules.MONTHLY_CAP), number_of(rules.MAX_REACH) * 1000
    if not 0 <= monthly_max <= cap:
        raise ValidationError({"monthly_max": f"Choisissez un nombre entre 0 et {cap}."})
    if not 500 <= radius_m <= reach:
        raise ValidationError({"radius_m": f"Choisissez une distance entre 1 et {reach // 1000} km."})
    helper.categories = masks.mask_of(category.bit for category in categories)
    helper.slots, helper.languages = slots or masks.ANY_SLOT, languages or 1
    helper.radius_m, helper.monthly_max = radius_m, monthly_max
    helper.full_clean()
    helper.save(update_fields=["categories", "slots", "languages", "radius_m", "monthly_max"])
    index_helper(helper, clock.now())
    record(actor, CHANGED, helper)


@transaction.atomic
def pause_helper(actor: Actor, *, helper: HelperProfile, until: date | None = None) -> None:
    """Out of the search at once; with a date, back by itself that day."""
    _may_change(actor, helper)
    if until and until <= clock.today():
        raise ValidationError(
            {"until": "Choisissez une date à venir, ou laissez vide pour une pause sans fin prévue."}
        )
    _lock_needs_of(helper)
    HELPER_LIFE.move(helper, "pause", paused_until=until)
    _end_proposals(helper)
    index_helper(helper, clock.now())
    record(actor, PAUSED, helper)


@transaction.atomic
def resume_helper(actor: Actor, *, helper: HelperProfile) -> None:
    """The helper is available again, at once."""
    _may_change(actor, helper)
    HELPER_LIFE.move(helper, "resume", paused_until=None, unanswered=0)
    index_helper(helper, clock.now())
    record(actor, RESUMED, helper)


@transaction.atomic
def resume_rested_helpers(actor: Actor) -> int:
    """Those whose pause ended: one UPDATE a helper, one trace for the lot. Returns how many."""
    done = 0
    last = None
    for helper in HelperProfile.objects.filter(state="paused", paused_until__lte=clock.today()).order_by("pk"):
        HELPER_LIFE.move(helper, "resume", paused_until=None, unanswered=0)
        index_helper(helper, clock.now())
        done, last = done + 1, helper
    if last is not None:
        record(actor, WOKEN, last, count=done)
    return done


@transaction.atomic
def screen_helper(actor: Actor, *, helper: HelperProfile) -> None:
    """An agent saw an identity document (no copy is kept): the helper may be asked for delicate requests."""
    if not policies.can_match(actor):
        raise NotAllowed("Cette page est réservée aux agents entremetteurs.")
    HelperProfile.objects.filter(pk=helper.pk).update(screened_at=clock.now(), screened_by_id=actor.user_id)
    helper.refresh_from_db()
    index_helper(helper, clock.now())
    record(actor, SCREENED, helper)


@transaction.atomic
def withdraw_helper(actor: Actor, *, helper: HelperProfile) -> None:
    """Always possible, at once: no more solicitation, shared contacts hidden."""
    from entremise.mutualaid.usecases.matches import revoke_releases_of

    _may_change(actor, helper)
    _lock_needs_of(helper)
    HELPER_LIFE.move(helper, "withdraw", paused_until=None)
    _end_proposals(helper)
    revoke_releases_of(actor, helper)
    index_helper(helper, clock.now())
    record(actor, WITHDRAWN, helper)


def index_helper(helper: HelperProfile, now: datetime) -> None:
    """Make the line of search say what the profile says; no line while the helper may not be asked."""
    line = line_of(helper, free_from(helper, now)) if _may_be_asked(helper) else None
    if line is None:
        HelperIndex.objects.filter(helper=helper).delete()
        return
    said = {field.attname: getattr(line, field.attname) for field in HelperIndex._meta.fields if not field.primary_key}
    HelperIndex.objects.update_or_create(helper=helper, defaults=said)


def _may_be_asked(helper: HelperProfile) -> bool:
    return helper.state == "available" and helper.h8 is not None and helper.h7 is not None and helper.monthly_max > 0


def line_of(helper: HelperProfile, free: datetime) -> HelperIndex | None:
    """The line of search of a profile, not saved; None while the helper may not be asked."""
    if not _may_be_asked(helper) or helper.h8 is None or helper.h7 is None:
        return None
    return HelperIndex(
        helper=helper,
        h8=helper.h8,
        h7=helper.h7,
        cats=helper.categories,
        slots=helper.slots,
        langs=helper.languages,
        radius_m=helper.radius_m,
        screened=helper.screened_at is not None,
        free_from=free,
        rested_since=helper.last_solicited_at or ranking.NEVER,
    )


def free_from(helper: HelperProfile, now: datetime) -> datetime:
    """When caps and rests next allow a solicitation: weekly and monthly caps, cool-down, rest after a refusal."""
    counted = Proposal.objects.filter(helper=helper, sent_at__gt=now - timedelta(days=30)).exclude(
        state="superseded", answered_at__isnull=True
    )
    sent = list(counted.order_by("-sent_at").values_list("sent_at", "state", "answered_at", "declined_by"))
    return free_after(helper, sent, limits())


def limits() -> dict[str, int]:
    """The caps and rests in force."""
    points = (rules.WEEKLY_CAP, rules.MONTHLY_CAP, rules.COOLDOWN, rules.REFUSAL_COOLDOWN)
    return {key: int(value) for key, value in values_of(*points).items()}


def free_after(
    helper: HelperProfile, sent: Sequence[tuple[datetime, str, datetime | None, str]], limits: Mapping[str, int]
) -> datetime:
    """The same, from the solicitations that count in the last 30 days, the latest first:
    (sent at, state, answered at, declined by)."""
    moments = [helper.registered_at]
    if sent:
        moments.append(sent[0][0] + timedelta(hours=limits[rules.COOLDOWN.key]))
    for cap, days in (
        (limits[rules.WEEKLY_CAP.key], 7),
        (min(limits[rules.MONTHLY_CAP.key], helper.monthly_max), 30),
    ):
        if 0 < cap <= len(sent):
            moments.append(sent[cap - 1][0] + timedelta(days=days))
    moments += [
        answered + timedelta(days=limits[rules.REFUSAL_COOLDOWN.key])
        for _, state, answered, by in sent
        if state == "declined" and by == "helper" and answered
    ]
    return max(moments)


def _lock_needs_of(helper: HelperProfile) -> None:
    asked = Proposal.objects.filter(helper=helper, state__in=("sent", "accepted_by_helper", "matched"))
    lock_needs(asked.values_list("need_id", flat=True))


def _end_proposals(helper: HelperProfile) -> None:
    from entremise.mutualaid.usecases.proposals import supersede

    for proposal in Proposal.objects.filter(helper=helper, state__in=("sent", "accepted_by_helper")).order_by("pk"):
        supersede(proposal)


def _may_change(actor: Actor, helper: HelperProfile) -> None:
    if not policies.can_change_helper(actor, helper):
        raise NotAllowed("Seule la personne qui propose cette aide peut la modifier, ou un agent pour elle.")
