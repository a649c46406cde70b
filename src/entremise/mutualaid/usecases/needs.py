from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction

from entremise.accounts.models import User
from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import claims, clock, ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.mutualaid import policies, rules
from entremise.mutualaid.engine import masks
from entremise.mutualaid.models import NEED_LIFE, Category, Need, Proposal
from entremise.mutualaid.models.matching import PROPOSAL_LIFE, PROPOSAL_LIVE
from entremise.mutualaid.models.needs import CLOSING_REASONS
from entremise.people.models import Person
from entremise.people.usecases import record_consent, register_person, update_person
from entremise.rules.queries import choice_of, number_of, values_of
from entremise.territories.models import Territory
from entremise.vault.usecases import assign, open as open_vault, unassign_all

SUBMITTED = declare("mutualaid.need.submitted", "a enregistré une demande")
OPENED = declare("mutualaid.need.opened", "a ouvert une demande")
CLAIMED = declare("mutualaid.need.claimed", "a pris une demande en charge")
RELEASED = declare("mutualaid.need.released", "a rendu une demande à la file")
HELD = declare("mutualaid.need.held", "a prévu un rappel pour une demande")
RESUMED = declare("mutualaid.need.resumed", "a repris une demande en attente")
CLOSED = declare("mutualaid.need.closed", "a clos une demande")
REOPENED = declare("mutualaid.need.reopened", "a rouvert une demande")
HANDED_OVER = declare("mutualaid.need.handed_over", "a passé une demande à un ou une collègue")
FOLLOW_CHECKED = declare("mutualaid.need.follow_checked", "a demandé à suivre une demande par son code")

LEASE = timedelta(minutes=30)
HOLD_AT_MOST = timedelta(days=14)
REOPEN_WITHIN = timedelta(days=30)
FOLLOW_TRIES = 5
FOLLOW_LOCK = timedelta(hours=1)
MOTIVE = "Demande d’entraide en cours de traitement"
CONSENT_PURPOSE = "mutualaid.contact"


class IntakeRefused(DomainError):
    code = "too_many_open_needs"


class ConsentMissing(DomainError):
    code = "consent_missing"


class FollowLocked(DomainError):
    code = "follow_locked"


@transaction.atomic
def submit_need(
    actor: Actor,
    *,
    category: Category,
    territory: Territory,
    urgency: str,
    origin: str,
    person: Person | None = None,
    values: Mapping[str, str] | None = None,
    note: str = "",
    slots: int = masks.ANY_SLOT,
    languages: int = 0,
    due_on: date | None = None,
    received_at: datetime | None = None,
    requester_kind: str = "self",
    consent: str = "yes",
    consent_text: str = "intake-1",
    consent_mode: str = "each",
    sensitive: bool = False,
    place: tuple[int, int, str] | None = None,
    paper_ref: str = "",
    language: str = "fr",
    preferred_channel: str = "phone",
    submission_key: str | None = None,
) -> Need:
    """Record a request for help, by whatever channel, with the same rights.

    `values`: first_name, last_name, phone, email, address of a new person, sealed at once; or `person`, found
    before. `place`: (h8, h7, precision), the commune's centre by default. `consent`: yes | no | partly, as said.
    `submission_key`: of the public form; a key seen before gives the need of the first time, nothing is written.
    Raises NotAllowed, IntakeRefused (too many open requests), ConsentMissing, ValidationError (each on its field).
    """
    if not policies.can_submit_need(actor):
        raise NotAllowed("Votre rôle ne permet pas d’enregistrer une demande. Demandez-le à votre responsable.")
    if submission_key and (known := Need.objects.filter(submission_key=submission_key).first()):
        return known
    now = clock.now()
    if consent == "no":
        raise ConsentMissing(
            "Sans son accord, rien n’est enregistré. Donnez-lui le numéro à rappeler si elle change d’avis."
        )
    received_at = received_at or now
    if received_at > now + timedelta(minutes=5):
        raise ValidationError({"received_at": "La date de réception ne peut pas être à venir."})
    if due_on and due_on < clock.today():
        raise ValidationError({"due_on": "Choisissez une date à venir."})
    public_id, said = ids.new(), dict(values or {})
    if note.strip():
        said[f"note#{public_id}"] = note.strip()
    purpose = {"purpose": CONSENT_PURPOSE, "motive": MOTIVE}
    if person is None:
        person = register_person(actor, values=said, language=language, preferred_channel=preferred_channel, **purpose)
        _consent(actor, person, consent, consent_text)
    else:
        _refuse_too_many(person)
        # Their yes first: without it, nothing is written on somebody who is known already.
        _consent(actor, person, consent, consent_text)
        if said := {name: value for name, value in said.items() if value}:
            update_person(actor, person=person, values=said, **purpose)
    reach = values_of(rules.MAX_REACH)[rules.MAX_REACH.key]
    need = Need(
        public_id=public_id,
        code=free_codes(1)[0],
        person=person,
        category=category,
        territory=territory,
        h8=place[0] if place else territory.h8,
        h7=place[1] if place else territory.h7,
        precision=place[2] if place else "commune",
        origin=origin,
        requester_kind=requester_kind,
        consent_mode=consent_mode,
        consented=requester_kind == "self",
        received_at=received_at,
        created_at=now,
        urgency=urgency,
        due_on=due_on,
        slots=slots or masks.ANY_SLOT,
        languages=languages,
        reach_m=int(reach) * 1000,
        remote=category.remote == "yes",
        sensitive=sensitive or category.sensitive,
        has_note=bool(note.strip()),
        paper_ref=paper_ref,
        agent_id=actor.user_id,
        submission_key=submission_key,
    )
    if _opens_at_once(actor, need, category):
        need.state = "open"
    elif policies.can_match(actor):
        need.state = "qualified"  # an agent has heard the request; the person's own yes is still to come
    need.full_clean()
    need.save(force_insert=True)
    record(speaker(actor, person), SUBMITTED, need, origin=origin, urgency=urgency)
    return need


def free_codes(count: int) -> list[str]:
    """So many spoken codes that no request bears yet. Short codes meet one day: at 100,000 requests, one in thirty."""
    codes: set[str] = set()
    while len(codes) < count:
        more = {ids.spoken() for _ in range(min(count - len(codes), 900))} - codes
        codes |= more - set(Need.objects.filter(code__in=more).values_list("code", flat=True))
    return list(codes)


def _consent(actor: Actor, person: Person, answer: str, text: str) -> None:
    record_consent(speaker(actor, person), person=person, purpose=CONSENT_PURPOSE, answer=answer, text_version=text)


def speaker(actor: Actor, person: Person) -> Actor:
    """Who says it: the agent for the person who dictates, or the person themselves, without account."""
    if actor.user_id is not None:
        return actor.speaking_for(person.pk)
    return actor if actor.person_id else Actor.person(person.pk, actor.channel)


def _refuse_too_many(person: Person) -> None:
    most = number_of(rules.MAX_OPEN)
    # A second request of the same person, sent at the same moment, waits here for the first.
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    if Need.objects.live().filter(person=person).count() >= most:
        raise IntakeRefused(
            f"Cette personne a déjà {most} demandes en cours, le maximum prévu par le règlement. "
            "Ouvrez une de ses demandes pour la compléter ou la clore."
        )


def _opens_at_once(actor: Actor, need: Need, category: Category) -> bool:
    if need.requester_kind != "self":
        return False
    if policies.can_match(actor):
        return True
    direct = choice_of(rules.NEED_MODERATION) == "direct"
    return direct and not need.sensitive and not category.reviewed and not need.has_note


@transaction.atomic
def open_need(
    actor: Actor,
    *,
    need: Need,
    urgency: str | None = None,
    category: Category | None = None,
    sensitive: bool | None = None,
    consented: bool = False,
) -> Need:
    """Qualify a request that came in by itself and put it to be served.

    Raises ConsentMissing when somebody else asked and the person concerned has not said yes.
    """
    _matchmaker(actor)
    claims.hold(need, holder=actor.user_id, now=clock.now())
    if not need.consented and not consented:
        raise ConsentMissing("Appelez d’abord la personne concernée : rien n’est proposé sans son accord.")
    changes: dict[str, object] = {"consented": True, "agent_id": actor.user_id}
    if urgency:
        changes["urgency"] = urgency
    if category:
        changes |= {"category_id": category.pk, "remote": category.remote == "yes"}
    if sensitive is not None:
        changes["sensitive"] = sensitive or need.sensitive  # only ever raised here
    NEED_LIFE.move(need, "open", **changes)
    need.full_clean(validate_unique=False)
    record(actor, OPENED, need, urgency=need.urgency)
    return need


@transaction.atomic
def claim_next_need(actor: Actor) -> Need | None:
    """The next request of the queue for this agent, under a lease of 30 minutes; None when nothing waits."""
    _matchmaker(actor)
    now, holder = clock.now(), _account(actor)
    queue = Need.objects.waiting(now)
    need = claims.claim_next(queue.in_queue_order(), holder=holder, lease=LEASE, now=now)
    if need is not None:
        _confide(actor, need)
        record(actor, CLAIMED, need, token=need.token)
    return need


@transaction.atomic
def claim_need_file(actor: Actor, *, need: Need) -> Need:
    """Take this request, or keep it: LeaseLost when a colleague holds it."""
    _matchmaker(actor)
    now, holder = clock.now(), _account(actor)
    if need.claimed_by_id == holder and claims.renew(need, holder=holder, token=need.token, lease=LEASE, now=now):
        need.refresh_from_db()
    elif not claims.claim(need, holder=holder, lease=LEASE, now=now):
        raise claims.LeaseLost("Une autre personne traite cette demande en ce moment.")
    _confide(actor, need)
    record(actor, CLAIMED, need, token=need.token)
    return need


@transaction.atomic
def release_need_file(actor: Actor, *, need: Need) -> None:
    """Give the file back to the queue before the lease ends."""
    _matchmaker(actor)
    holder = _account(actor)
    claims.release(need, holder=holder)
    _take_back(actor, need, holder)
    record(actor, RELEASED, need)


@transaction.atomic
def hand_over_need(actor: Actor, *, need: Need, colleague: User) -> None:
    """Give the request to a colleague, reserved for them for 30 minutes, then back in the queue for whoever comes."""
    _matchmaker(actor)
    now = clock.now()
    claims.hold(need, holder=actor.user_id, now=now)
    if need.state not in NEED_LIFE.verbs["close"][0]:
        raise ValidationError(
            {NON_FIELD_ERRORS: "Cette demande est terminée : elle ne se passe plus à une autre personne."}
        )
    Need.objects.filter(pk=need.pk).update(agent=colleague, claimed_by=colleague, lease_until=now + LEASE)
    need.refresh_from_db()
    _take_back(actor, need, actor.user_id)
    record(actor, HANDED_OVER, need, to=colleague.pk)


@transaction.atomic
def hold_need(actor: Actor, *, need: Need, until: datetime) -> None:
    """Put aside until a date, at most 14 days away; it comes back by itself in the queue."""
    _matchmaker(actor)
    now = clock.now()
    claims.hold(need, holder=actor.user_id, now=now)
    if not now < until <= now + HOLD_AT_MOST:
        raise ValidationError({"until": "Choisissez une date dans les 14 jours qui viennent."})
    NEED_LIFE.move(need, "hold", held_from=need.state, follow_up_at=until, claimed_by_id=None, lease_until=None)
    record(actor, HELD, need)


@transaction.atomic
def resume_need(actor: Actor, *, need: Need) -> None:
    """A request on hold is open again."""
    _matchmaker(actor)
    NEED_LIFE.move(need, f"resume_{need.held_from or 'open'}", follow_up_at=None, held_from="")
    record(actor, RESUMED, need)


@transaction.atomic
def close_need(actor: Actor, *, need: Need, reason: str, duplicate_of: Need | None = None) -> None:
    """Close with a reason from the closed list; who waits for an answer is told that it is no longer needed."""
    _matchmaker(actor)
    claims.hold(need, holder=actor.user_id, now=clock.now())
    if reason not in CLOSING_REASONS:
        raise ValidationError({"reason": "Choisissez une raison dans la liste."})
    if reason == "duplicate" and (duplicate_of is None or duplicate_of.pk == need.pk):
        raise ValidationError({"duplicate_of": "Indiquez le code de l’autre demande, par exemple H6K-347."})
    _close(need, reason, duplicate_of)
    record(actor, CLOSED, need, reason=reason)


@transaction.atomic
def cancel_need(actor: Actor, *, need: Need) -> None:
    """The person no longer needs it: by link, by code, or said to an agent."""
    if not policies.can_cancel_need(actor, need):
        raise NotAllowed("Seule la personne qui a fait cette demande peut l’annuler, ou un agent pour elle.")
    _close(need, "cancelled", None)
    record(actor, CLOSED, need, reason="cancelled")


def _close(need: Need, reason: str, duplicate_of: Need | None) -> None:
    from entremise.mutualaid.usecases.matches import end_live_match

    now = clock.now()
    NEED_LIFE.move(
        need,
        "close",
        closed_at=now,
        closed_reason=reason,
        duplicate_of_id=duplicate_of.pk if duplicate_of else None,
        claimed_by_id=None,
        lease_until=None,
        follow_up_at=None,
    )
    for proposal in Proposal.objects.filter(need=need, state__in=PROPOSAL_LIVE).order_by("pk"):
        PROPOSAL_LIFE.move(proposal, "supersede", answered_at=now)
    end_live_match(need, "no_longer_needed")


@transaction.atomic
def reopen_need(actor: Actor, *, need: Need) -> None:
    """Undo a closure, up to 30 days later; the date of reception is kept, so that nobody waits twice."""
    _matchmaker(actor)
    if need.closed_at and need.closed_at < clock.now() - REOPEN_WITHIN:
        raise ValidationError(
            {NON_FIELD_ERRORS: "Cette demande est close depuis plus de 30 jours : enregistrez-en une nouvelle."}
        )
    if not need.consented:
        raise ConsentMissing("La personne n’a pas donné son accord : appelez-la avant de rouvrir.")
    NEED_LIFE.move(need, "reopen_closed", closed_at=None, closed_reason="", duplicate_of_id=None, taken_by_id=None)
    record(actor, REOPENED, need)


@transaction.atomic
def check_follow_up(actor: Actor, *, code: str, digits: str) -> Need | None:
    """The request of this spoken code, if these are the last four digits of the phone; None otherwise.

    Five wrong tries close the follow-up of the code for an hour. The answer is the same whether the code exists
    or not. Returning None rather than raising keeps the count of tries.
    """
    now = clock.now()
    need = Need.objects.select_related("person", "category").filter(code=code).first()
    if need is None:
        return None
    if need.follow_locked_until and need.follow_locked_until > now:
        raise FollowLocked("Trop d’essais. Réessayez dans une heure, ou appelez-nous.")
    machine = Actor.machine("suivi par code")
    try:
        opening = open_vault(
            machine,
            person=need.person_id,
            fields=["entraide.phone"],
            purpose=CONSENT_PURPOSE,
            motive="Contrôle des chiffres du téléphone pour suivre une demande",
        )
        number = opening.values.get("entraide.phone", "")
    except NotFound:  # erased since: the same answer as for wrong digits
        number = ""
    right = len(digits) == 4 and digits.isdigit() and number.endswith(digits)
    wrong = 0 if right else need.wrong_digits + 1
    Need.objects.filter(pk=need.pk).update(
        wrong_digits=0 if wrong >= FOLLOW_TRIES else wrong,
        follow_locked_until=now + FOLLOW_LOCK if wrong >= FOLLOW_TRIES else None,
    )
    record(actor, FOLLOW_CHECKED, need, right=right)
    return need if right else None


CONFIDED = ("mutualaid.contact", "mutualaid.meet")


def _confide(actor: Actor, need: Need) -> None:
    """A delicate request taken by the referent confides its file to them, until the lease ends (`rule-match-sensitive`
    opens nothing else)."""
    if need.sensitive and actor.has("sensitive_referent") and actor.user_id is not None and need.lease_until:
        for purpose in CONFIDED:
            assign(
                actor,
                person=need.person_id,
                register="entraide",
                user=actor.user_id,
                purpose=purpose,
                until=need.lease_until,
            )


def _take_back(actor: Actor, need: Need, holder: int | None) -> None:
    if need.sensitive and holder is not None:
        unassign_all(actor, person=need.person_id, register="entraide", user=holder, purposes=CONFIDED)


def lock_needs(ids: Iterable[int]) -> None:
    """Take the rows of these needs, lowest number first, until the end of the transaction.

    Whatever touches a need, its proposals, its match or its helper takes the need first (PostgreSQL; SQLite has one
    writer anyway): two deeds wait in line instead of waiting for each other.
    """
    list(Need.objects.select_for_update().filter(pk__in=list(ids)).order_by("pk").values_list("pk"))


def _matchmaker(actor: Actor) -> None:
    if not policies.can_match(actor):
        raise NotAllowed("Cette page est réservée aux agents entremetteurs.")


def _account(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotFound("Aucun compte ne correspond.")
    return actor.user_id
