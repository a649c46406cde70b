from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.mutualaid import policies, rules
from entremise.mutualaid.models import MATCH_LIFE, NEED_LIFE, ContactRelease, Feedback, HelperProfile, Match, Need
from entremise.mutualaid.models.matching import FAILURES, MATCH_LIVE
from entremise.mutualaid.usecases.needs import lock_needs
from entremise.people.usecases import record_consent
from entremise.rules.queries import number_of
from entremise.vault.usecases import release as release_in_vault, revoke_release

RELEASED = declare("mutualaid.contact.released", "a transmis des coordonnées")
REVOKED = declare("mutualaid.contact.revoked", "a retiré des coordonnées transmises")
EXPIRED = declare("mutualaid.contact.expired", "a masqué les coordonnées dont le délai est passé")
OUTCOME = declare("mutualaid.match.outcome_recorded", "a dit si l’aide a eu lieu")
FAILED = declare("mutualaid.match.failed", "a noté qu’une mise en relation n’a pas abouti")

PURPOSE, MEET = "mutualaid.contact", "mutualaid.meet"
MEETING_FIELDS = frozenset({"address"})
"""Read for an agreed meeting only: another purpose, with its own consent."""
RELEASABLE = {"first_name", "last_name", "phone", "email", *MEETING_FIELDS}


class ReleaseExpired(DomainError):
    code = "release_expired"


@transaction.atomic
def release_contact(
    actor: Actor, *, match: Match, direction: str, fields: tuple[str, ...] = ("first_name", "phone")
) -> ContactRelease:
    """Let one side see named fields of the other, for a time. One direction may go alone.

    Only after the double yes (a live match), decided by an agent or by the giver. An address is given for an agreed
    meeting, and giving it is consenting to that. Raises IllegalTransition when the match is over or the direction is
    already open.
    """
    giver, receiver = _sides(match, direction)
    if not (policies.can_match(actor) or actor.person_id == giver):
        raise NotAllowed("Seuls la personne elle-même ou un agent transmettent ses coordonnées.")
    if not fields or not set(fields) <= RELEASABLE:
        raise ValidationError({"fields": "Choisissez ce qui peut être transmis."})
    now = clock.now()
    until = now + timedelta(days=number_of(rules.RELEASE_DAYS))
    _lock(match)
    MATCH_LIFE.move(match, "release")
    give = partial(release_in_vault, actor, giver=giver, receiver=receiver, until=until)
    contact = [f"entraide.{name}" for name in fields if name not in MEETING_FIELDS]
    meeting = [f"entraide.{name}" for name in fields if name in MEETING_FIELDS]
    numbers: list[int | None] = [None, None]
    if contact:
        numbers[0] = give(fields=contact, purpose=PURPOSE)
    if meeting:
        speaker = actor if actor.person_id == giver else actor.speaking_for(giver)
        record_consent(speaker, person=giver, purpose=MEET, answer="yes", text_version="meeting-1")
        numbers[1] = give(fields=meeting, purpose=MEET)
    try:
        with transaction.atomic():
            release = ContactRelease.objects.create(
                match=match,
                direction=direction,
                fields=list(fields),
                starts_at=now,
                until=until,
                vault_release=numbers[0],
                vault_meeting=numbers[1],
            )
    except IntegrityError as error:
        raise IllegalTransition("Ces coordonnées sont déjà transmises.") from error
    if NEED_LIFE.allows(match.need.state, "start"):
        NEED_LIFE.move(match.need, "start")
    record(actor, RELEASED, release, match=match.pk, direction=direction)
    return release


def _lock(match: Match) -> None:
    """The need first, then the rest: one order of locks in all of Entraide, so that no two deeds wait in a ring."""
    lock_needs([match.need_id])
    match.need.refresh_from_db(fields=["state", "taken_by"])
    match.refresh_from_db(fields=["state"])


def _sides(match: Match, direction: str) -> tuple[UUID, UUID]:
    person, helper = match.need.person_id, match.helper.person_id
    if direction not in ContactRelease.DIRECTIONS:
        raise ValidationError({"direction": "Choisissez à qui transmettre."})
    return (person, helper) if direction == "to_helper" else (helper, person)


@transaction.atomic
def revoke_contact(actor: Actor, *, release: ContactRelease) -> None:
    """Either side, or an agent, hides what was shared: at once."""
    match = release.match
    if not policies.can_take_part(actor, match.need, match.helper):
        raise NotAllowed("Cette transmission concerne d’autres personnes.")
    if not ContactRelease.objects.filter(pk=release.pk, state="active").update(state="revoked"):
        raise ReleaseExpired("Ces coordonnées ne sont déjà plus visibles.")
    _revoke_in_vault(actor, release)
    record(actor, REVOKED, release, match=match.pk)


@transaction.atomic
def expire_releases(actor: Actor) -> int:
    """Say « plus visible » when the date is past; the vault has refused since that date anyway."""
    late = ContactRelease.objects.filter(state="active", until__lte=clock.now()).order_by("pk")
    last = late.last()
    count = late.update(state="expired") if last else 0
    if last is not None:
        record(actor, EXPIRED, last, count=count)
    return count


@transaction.atomic
def record_outcome(
    actor: Actor, *, match: Match, side: str, outcome: str, again: bool | None = None, minutes: int | None = None
) -> Feedback:
    """« L’aide a-t-elle eu lieu ? », asked of both sides. Yes or partly ends the match; two noes end it as failed.

    Raises IllegalTransition when this side has already answered.
    """
    if not policies.can_take_part(actor, match.need, match.helper):
        raise NotAllowed("Cette mise en relation concerne d’autres personnes.")
    mine = {match.need.person_id: "person", match.helper.person_id: "helper"}.get(actor.person_id)  # type: ignore[arg-type]
    if side not in Feedback.SIDES or (actor.person_id and side != mine):
        raise ValidationError({"side": "Indiquez qui répond."})
    if outcome not in Feedback.OUTCOMES:
        raise ValidationError({"outcome": "Répondez par oui, en partie ou non."})
    if minutes is not None and not 5 <= minutes <= 960:
        raise ValidationError({"minutes": "Indiquez une durée entre 5 minutes et 16 heures."})
    _lock(match)  # the two sides may answer at once: the second waits here, then sees what the first ended
    now = clock.now()
    feedback = Feedback(match=match, side=side, outcome=outcome, again=again, at=now, channel=actor.channel)
    try:
        with transaction.atomic():
            feedback.save(force_insert=True)
    except IntegrityError as error:
        raise IllegalTransition("La réponse de ce côté est déjà notée. Merci !") from error
    if outcome in ("yes", "partly"):
        _finish(match, minutes)
    elif Feedback.objects.filter(match=match, outcome="no").count() == 2 and match.state in MATCH_LIVE:
        _fail(match, "other")
    record(actor, OUTCOME, feedback, match=match.pk, side=side, outcome=outcome)
    return feedback


def _finish(match: Match, minutes: int | None) -> None:
    now = clock.now()
    if not MATCH_LIFE.allows(match.state, "finish"):
        return  # the other side said so first
    MATCH_LIFE.move(match, "finish", ended_at=now, minutes=minutes)
    NEED_LIFE.move(match.need, "finish", claimed_by_id=None, lease_until=None)


@transaction.atomic
def fail_match(actor: Actor, *, match: Match, reason: str) -> None:
    """It did not happen: the reason is kept on the match, never on a person; the need reopens with its date."""
    if not policies.can_take_part(actor, match.need, match.helper):
        raise NotAllowed("Cette mise en relation concerne d’autres personnes.")
    if reason not in FAILURES:
        raise ValidationError({"reason": "Choisissez une raison dans la liste."})
    _lock(match)
    _fail(match, reason)
    record(actor, FAILED, match, reason=reason)


def _fail(match: Match, reason: str) -> None:
    MATCH_LIFE.move(match, "fail", ended_at=clock.now(), failed_reason=reason)
    _revoke_all(match)
    NEED_LIFE.move(match.need, "reopen", taken_by_id=None)


def end_live_match(need: Need, reason: str) -> None:
    """The need is closed: its live match ends, what was shared is hidden."""
    for match in Match.objects.filter(need=need, state__in=MATCH_LIVE).order_by("pk"):
        MATCH_LIFE.move(match, "fail", ended_at=clock.now(), failed_reason=reason)
        _revoke_all(match)


def revoke_releases_of(actor: Actor, helper: HelperProfile) -> None:
    """Their live matches end; the needs are already taken by the caller."""
    for match in Match.objects.filter(helper=helper, state__in=MATCH_LIVE).select_related("need").order_by("pk"):
        _fail(match, "no_consent")


def _revoke_all(match: Match) -> None:
    machine = Actor.machine("fin de mise en relation")
    for release in ContactRelease.objects.filter(match=match, state="active").order_by("pk"):
        ContactRelease.objects.filter(pk=release.pk, state="active").update(state="revoked")
        _revoke_in_vault(machine, release)


def _revoke_in_vault(actor: Actor, release: ContactRelease) -> None:
    for number in (release.vault_release, release.vault_meeting):
        if number is not None:
            revoke_release(actor, release=number)
