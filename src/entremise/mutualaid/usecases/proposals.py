from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import claims, clock, jobs
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed
from entremise.kernel.machines import IllegalTransition
from entremise.mutualaid import policies, rules
from entremise.mutualaid.models import HELPER_LIFE, NEED_LIFE, PROPOSAL_LIFE, HelperProfile, Match, Need, Proposal
from entremise.mutualaid.models.matching import PROPOSAL_LIVE
from entremise.mutualaid.queries.candidates import Suggestion, suggestion_for
from entremise.mutualaid.usecases.helpers import CapReached, free_from, index_helper
from entremise.mutualaid.usecases.needs import lock_needs
from entremise.people.usecases import record_consent
from entremise.rules.queries import values_of

SENT = declare("mutualaid.proposal.sent", "a proposé une demande à une personne qui aide")
ACCEPTED = declare("mutualaid.proposal.accepted", "a accepté d’aider")
MATCHED = declare("mutualaid.match.confirmed", "a confirmé une mise en relation")
DECLINED = declare("mutualaid.proposal.declined", "a décliné une proposition")
PERSON_DECLINED = declare("mutualaid.proposal.person_declined", "a noté que la personne préfère quelqu’un d’autre")
WITHDRAWN = declare("mutualaid.proposal.withdrawn", "a retiré une proposition")
EXPIRED = declare("mutualaid.proposal.expired", "a clos les propositions restées sans réponse")

UNDO = timedelta(seconds=10)


class NeedTaken(DomainError):
    code = "need_taken"


class TooManyWaiting(DomainError):
    code = "solicitation_budget"


@transaction.atomic
def send_proposal(actor: Actor, *, need: Need, helper: HelperProfile) -> Proposal:
    """Ask one helper. Caps and rests are read again under the write lock; the message leaves 10 s later.

    Raises CapReached (asked too often), TooManyWaiting (enough answers awaited), IllegalTransition, LeaseLost.
    """
    _matchmaker(actor, need)
    proposal = _propose(need, helper, actor, by_phone=False)
    record(actor, SENT, proposal, need=need.pk, helper=helper.pk, score=proposal.score)
    jobs.enqueue("mutualaid.send_proposal", after=UNDO, proposal_id=proposal.pk)
    return proposal


@transaction.atomic
def record_phone_answer(actor: Actor, *, need: Need, helper: HelperProfile, answer: str) -> Proposal:
    """« J’ai appelé »: the agent asked by phone and writes down yes or no, at once."""
    _matchmaker(actor, need)
    if answer not in ("yes", "no"):
        raise ValidationError({"answer": "Indiquez si la personne a dit oui ou non."})
    proposal = _propose(need, helper, actor, by_phone=True)
    spoken = actor.speaking_for(helper.person_id, "phone")
    if answer == "yes":
        _accept(spoken, proposal)
    else:
        _decline(spoken, proposal, by="helper")
    return proposal


def _propose(need: Need, helper: HelperProfile, actor: Actor, *, by_phone: bool) -> Proposal:
    now = clock.now()
    lock_needs([need.pk])
    lock(helper)
    limits = {key: int(value) for key, value in values_of(*_LIMITS).items()}
    suggestion = suggestion_for(need, helper, now)
    _refuse_if_not_eligible(suggestion)
    free = free_from(helper, now)
    if free > now:
        when = timezone.localtime(free)
        raise CapReached(
            f"Cette personne a déjà été sollicitée : laissez-la souffler jusqu’au {when:%d/%m à %H h %M}. "
            "Choisissez quelqu’un d’autre."
        )
    NEED_LIFE.move(need, "propose")
    waiting = Proposal.objects.filter(need=need, state__in=PROPOSAL_LIVE).count()
    most = limits[(rules.BUDGET_URGENT if need.urgent else rules.BUDGET).key]
    if waiting >= most:
        raise TooManyWaiting(
            f"{waiting} personnes ont déjà été sollicitées pour cette demande : attendez une réponse."
        )
    hours = limits[(rules.EXPIRY_URGENT if need.urgent else rules.EXPIRY).key]
    proposal = Proposal(
        need=need,
        helper=helper,
        channel="phone" if by_phone else "none",
        sent_at=now,
        expires_at=now + timedelta(hours=hours),
        score=suggestion.score,
        reasons=[list(reason) for reason in suggestion.reasons],
        sent_by_id=actor.user_id,
    )
    try:
        with transaction.atomic():
            proposal.save(force_insert=True)
    except IntegrityError as error:
        raise IllegalTransition("Cette personne a déjà été sollicitée pour cette demande.") from error
    HelperProfile.objects.filter(pk=helper.pk).update(last_solicited_at=now)
    helper.last_solicited_at = now
    index_helper(helper, now)
    return proposal


_LIMITS = (rules.BUDGET, rules.BUDGET_URGENT, rules.EXPIRY, rules.EXPIRY_URGENT)
_WHY_NOT = {
    "state": "Cette personne n’est plus disponible. Choisissez quelqu’un d’autre.",
    "category": "Cette personne ne propose pas cette aide.",
    "slots": "Cette personne n’est pas libre aux moments demandés.",
    "language": "Cette personne ne parle pas la langue demandée.",
    "distance": "Cette personne habite trop loin pour cette demande.",
    "screening": "Demande délicate : elle ne se propose qu’à une personne dont l’identité a été vue.",
    "self": "C’est la même personne qui demande et qui aide.",
    "already": "Cette personne a déjà été sollicitée pour cette demande.",
}


class NotEligible(DomainError):
    code = "not_eligible"


def _refuse_if_not_eligible(suggestion: Suggestion) -> None:
    if suggestion.refusal:
        raise NotEligible(_WHY_NOT[suggestion.refusal])


def lock(helper: HelperProfile) -> None:
    """One solicitation of a helper at a time: on PostgreSQL the row waits; SQLite has one writer anyway."""
    fresh = HelperProfile.objects.select_for_update().get(pk=helper.pk)
    for name in ("state", "last_solicited_at", "unanswered", "monthly_max", "h8", "h7", "categories", "slots"):
        setattr(helper, name, getattr(fresh, name))


@transaction.atomic
def accept_proposal(actor: Actor, *, proposal: Proposal) -> Proposal:
    """The helper says yes. The first yes takes the need; the others are thanked and told when it was taken."""
    if not policies.can_answer_proposal(actor, proposal.helper):
        raise NotAllowed("Cette proposition est adressée à une autre personne.")
    _accept(actor, proposal)
    return proposal


def _accept(actor: Actor, proposal: Proposal) -> None:
    now, need = clock.now(), proposal.need
    lock_needs([need.pk])
    if proposal.state == "sent" and proposal.expires_at <= now:
        raise IllegalTransition("Le délai de réponse est passé. Merci : une autre demande vous sera proposée.")
    # The need is taken by a guarded UPDATE: of fifty who accept at once, one finds it free.
    if not Need.objects.filter(pk=need.pk, state="proposed", taken_by__isnull=True).update(taken_by=proposal):
        _say_who_was_first(actor, need, proposal)
    need.refresh_from_db()
    PROPOSAL_LIFE.move(proposal, "accept", answered_at=now)
    HelperProfile.objects.filter(pk=proposal.helper_id).update(unanswered=0)
    if need.consent_mode == "delegated":
        _confirm(actor, proposal)
    else:
        record(actor, ACCEPTED, proposal, need=need.pk)


def _say_who_was_first(actor: Actor, need: Need, proposal: Proposal) -> None:
    first = Need.objects.select_related("taken_by").get(pk=need.pk).taken_by
    if first is None:
        raise IllegalTransition("Cette demande n’attend plus de réponse. Merci d’avoir répondu.")
    if first.pk == proposal.pk:
        raise IllegalTransition("Votre oui est déjà noté. Merci !")
    when = timezone.localtime(first.answered_at or clock.now())
    told = f"Une autre personne a répondu la première, à {when:%H h %M}."
    if policies.can_match(actor):
        told = f"Une autre personne aidante ({first.helper.public_id}) a répondu la première, à {when:%H h %M}."
    raise NeedTaken(f"{told} Merci d’avoir répondu.")


@transaction.atomic
def record_person_answer(
    actor: Actor, *, proposal: Proposal, answer: str, text_version: str = "match-1"
) -> Match | None:
    """What the person says of the helper found: yes confirms the match, no puts the need back in the queue."""
    need = proposal.need
    if not (actor.person_id == need.person_id or policies.can_match(actor)):
        raise NotAllowed("Seule la personne concernée répond, ou un agent qui l’a entendue.")
    if answer not in ("yes", "no"):
        raise ValidationError({"answer": "Indiquez si la personne a dit oui ou non."})
    if answer == "yes":
        record_consent(actor, person=need.person, purpose="mutualaid.contact", answer="yes", text_version=text_version)
        return _confirm(actor, proposal)
    _decline(actor, proposal, by="person")
    return None


def _confirm(actor: Actor, proposal: Proposal) -> Match:
    now, need = clock.now(), proposal.need
    lock_needs([need.pk])
    PROPOSAL_LIFE.move(proposal, "match")
    NEED_LIFE.move(need, "match", claimed_by_id=None, lease_until=None)
    try:
        with transaction.atomic():
            match = Match.objects.create(
                need=need, proposal=proposal, helper=proposal.helper, agreed_on=need.due_on, confirmed_at=now
            )
    except IntegrityError as error:
        raise NeedTaken("Cette demande a déjà une mise en relation en cours.") from error
    for other in Proposal.objects.filter(need=need, state__in=PROPOSAL_LIVE).order_by("pk"):
        supersede(other)
    record(actor, MATCHED, match, need=need.pk, proposal=proposal.pk)
    jobs.enqueue("mutualaid.announce_match", match_id=match.pk)
    return match


@transaction.atomic
def decline_proposal(actor: Actor, *, proposal: Proposal) -> None:
    """No reason is asked, nothing is held against anyone; a rest follows."""
    if not policies.can_answer_proposal(actor, proposal.helper):
        raise NotAllowed("Cette proposition est adressée à une autre personne.")
    _decline(actor, proposal, by="helper")


def _decline(actor: Actor, proposal: Proposal, *, by: str) -> None:
    lock_needs([proposal.need_id])
    PROPOSAL_LIFE.move(proposal, "decline", answered_at=clock.now(), declined_by=by)
    HelperProfile.objects.filter(pk=proposal.helper_id).update(unanswered=0)
    index_helper(HelperProfile.objects.get(pk=proposal.helper_id), clock.now())
    _give_back(proposal.need)
    record(actor, DECLINED if by == "helper" else PERSON_DECLINED, proposal, need=proposal.need_id)


@transaction.atomic
def withdraw_proposal(actor: Actor, *, proposal: Proposal) -> None:
    """« Annuler »: within ten seconds nothing has left; later the helper is told that it is taken care of."""
    _matchmaker(actor, proposal.need)
    supersede(proposal)
    record(actor, WITHDRAWN, proposal, need=proposal.need_id)


def supersede(proposal: Proposal) -> None:
    lock_needs([proposal.need_id])
    PROPOSAL_LIFE.move(proposal, "supersede")
    # A solicitation that ends before any answer does not count in the caps.
    latest = (
        Proposal.objects.filter(helper_id=proposal.helper_id)
        .exclude(state="superseded", answered_at__isnull=True)
        .order_by("-sent_at")
        .values_list("sent_at", flat=True)
        .first()
    )
    HelperProfile.objects.filter(pk=proposal.helper_id).update(last_solicited_at=latest)
    index_helper(HelperProfile.objects.get(pk=proposal.helper_id), clock.now())
    _give_back(Need.objects.get(pk=proposal.need_id))


def _give_back(need: Need) -> None:
    """Back in the queue, with its date of reception, once nobody is asked any more."""
    Need.objects.filter(pk=need.pk, state="proposed").exclude(taken_by__state__in=PROPOSAL_LIVE).update(taken_by=None)
    if not Proposal.objects.filter(need=need, state__in=PROPOSAL_LIVE).exists():
        Need.objects.filter(pk=need.pk, state="proposed").update(state="open")
    need.refresh_from_db()


@transaction.atomic
def expire_proposals(actor: Actor) -> int:
    """No answer in time: next candidate. A second silence in a row pauses the profile. Returns how many."""
    now, count, last = clock.now(), 0, None
    late = Proposal.objects.filter(state="sent", expires_at__lte=now).select_related("helper", "need")
    found = list(late.order_by("pk")[:500])
    lock_needs(proposal.need_id for proposal in found)
    for proposal in found:
        try:
            PROPOSAL_LIFE.move(proposal, "expire")
        except IllegalTransition:
            continue  # answered meanwhile
        HelperProfile.objects.filter(pk=proposal.helper_id).update(unanswered=F("unanswered") + 1)
        helper = HelperProfile.objects.get(pk=proposal.helper_id)
        if helper.unanswered >= 2 and HELPER_LIFE.allows(helper.state, "pause"):
            HELPER_LIFE.move(helper, "pause", paused_until=None)
        index_helper(helper, now)
        _give_back(proposal.need)
        count, last = count + 1, proposal
    if last is not None:
        record(actor, EXPIRED, last, count=count)
    return count


def _matchmaker(actor: Actor, need: Need) -> None:
    if not policies.can_match(actor):
        raise NotAllowed("Cette page est réservée aux agents entremetteurs.")
    claims.hold(need, holder=actor.user_id, now=clock.now())
