"""Requests of rights, from the day they come to the answer: the clock, who it is, what is done, why not."""

from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.people import policies, queries
from entremise.people.engine import terms
from entremise.people.models import Person, RightsRequest
from entremise.people.models.rights import REQUEST_LIFE
from entremise.people.queries import OPEN_REQUESTS
from entremise.people.usecases.freezing import freeze
from entremise.people.usecases.objections import record_objection
from entremise.people.usecases.speaking import is_protected, require_desk, require_word
from entremise.vault import queries as facts, usecases as vault
from entremise.vault.registry import NO_OBJECTION, PURPOSES

RECEIVED = declare("people.request.received", "a reçu une demande de droits")
IDENTIFIED = declare("people.request.identified", "a vérifié l’identité de la personne qui demande")
EXAMINED = declare("people.request.examined", "a examiné une demande de droits")
DONE = declare("people.request.done", "a satisfait une demande de droits")
EXTENDED = declare("people.request.extended", "a prolongé le délai d’une demande de droits")
REFUSED = declare("people.request.refused", "a refusé une demande de droits")
TOLD = declare("people.request.told", "a prévenu les destinataires d’une correction")
WARNED = declare("people.requests.warned", "a rappelé des demandes de droits qui attendent")

SEEN = timedelta(hours=8)
"""How long an identity stays checked for the agent who checked it: one working day (PD: ours)."""
OLDEST = timedelta(days=366)


class RequestNotDone(DomainError):
    """The deed it asks for was not done: the answer would be untrue."""

    code = "request_not_done"


class RequestExtended(DomainError):
    code = "request_extended"


class NotIdentified(DomainError):
    code = "not_identified"


@transaction.atomic
def receive_request(
    actor: Actor,
    *,
    kind: str,
    received_on: date | None = None,
    person: Person | None = None,
    purpose: str = "",
    line: int | None = None,
    channel: str = "",
) -> RightsRequest:
    """Write a request down: the clock runs from `received_on` (today by default), whoever received it.

    By the person themself (then `person` is them, and they are identified by their code), or by any agent. The same
    request still waiting is given back. Raises NotAllowed, ValidationError by field.
    """
    own = person is not None and (actor.person_id == person.pk or actor.on_behalf_of == person.pk)
    if own and person is not None and actor.user_id is None:
        require_word(actor, person.pk)
    elif actor.user_id is None:
        raise NotAllowed("Seuls la personne concernée et les agents enregistrent une demande de droits.")
    today = clock.today()
    day = received_on or today
    if not today - OLDEST <= day <= today:
        raise ValidationError({"received_on": "Indiquez le jour où la demande est arrivée : il ne peut être à venir."})
    if kind == "object" and (purpose not in PURPOSES or purpose in NO_OBJECTION):
        raise ValidationError({"purpose": "Choisissez l’usage que la personne refuse."})
    by_link = own and actor.user_id is None and not actor.mfa  # asks for a code: a request of the desk is another
    waiting = queries.open_request(person.pk, kind, purpose, line) if person is not None else None
    if waiting is not None and (not by_link or waiting.channel == "web"):
        return waiting
    row = RightsRequest(
        kind=kind,
        channel=channel or (actor.channel if actor.channel in RightsRequest.CHANNELS else "phone"),
        person=person,
        mandate_id=actor.mandate_id,
        purpose=purpose if kind == "object" else "",
        line=line if kind == "contest" else None,
        received_on=day,
        due_on=terms.due(day),
        recorded_by=actor.user_id,
    )
    if own and actor.user_id is None and actor.mfa:
        row.state, row.identity_how, row.identified_at = "identified", "letter_code", clock.now()
    row.full_clean(exclude=[field.name for field in row._meta.concrete_fields if field.null])
    row.save(force_insert=True)
    record(actor, RECEIVED, row, kind=kind, received_by=row.channel)
    return row


@transaction.atomic
def identify_request(actor: Actor, *, request: RightsRequest, person: Person, how: str) -> None:
    """This agent checked who asks: `document` seen, `letter_code` typed, or `known` (answered at the address held).

    Opens the person's file to this agent for a working day. Checked again later, or by a colleague, the state stays.
    A threatened person is never identified by phone. Raises NotAllowed, NotIdentified, IllegalTransition.
    """
    require_desk(actor)
    if is_protected(person.pk) and request.channel in ("phone", "mail") and how != "letter_code":
        raise NotIdentified("Aucune personne ne correspond. Proposez de venir au guichet, ou d’écrire.")
    if request.state not in OPEN_REQUESTS:
        REQUEST_LIFE.move(request, "identify")  # says in which state it is
    if request.person_id is not None and request.person_id != person.pk and request.state != "received":
        raise NotIdentified("Cette demande est déjà celle d’une autre personne.")
    vault.check_identity(actor, person=person.pk, how=how, until=clock.now() + SEEN)
    if request.state == "received":
        REQUEST_LIFE.move(
            request, "identify", person=person, identity_how=how, identified_at=clock.now(), agent=actor.user_id
        )
    else:
        RightsRequest.objects.filter(pk=request.pk).update(agent=actor.user_id)
        request.agent = actor.user_id
    record(actor, IDENTIFIED, request, how=how)


@transaction.atomic
def examine_request(actor: Actor, *, request: RightsRequest) -> None:
    """Somebody of the desk looked at what is held and knows what to do. Raises NotAllowed, IllegalTransition."""
    require_desk(actor)
    REQUEST_LIFE.move(request, "examine", examined_at=clock.now(), agent=actor.user_id)
    record(actor, EXAMINED, request)


@transaction.atomic
def finish_request(actor: Actor, *, request: RightsRequest) -> None:
    """The right is done, and the answer may leave. An objection and a freeze are done here, with the closing.

    The others are checked: nothing is left of who asked to be erased; the recipients of a correction were told.
    Of two agents who close at once, one does. Raises NotAllowed, RequestNotDone, IllegalTransition.
    """
    require_desk(actor)
    person = request.person
    if person is None:
        raise RequestNotDone("Dites d’abord de quelle personne il s’agit : vérifiez son identité.")
    if request.kind == "erase" and facts.records_of(person.pk):
        raise RequestNotDone("Des fiches existent encore : effacez-les d’abord, à deux.")
    if request.kind == "rectify" and request.told_at is None:
        raise RequestNotDone("Prévenez d’abord les destinataires de la correction, puis dites-le ici.")
    REQUEST_LIFE.move(request, "finish", closed_at=clock.now(), closed_by=actor.user_id)
    speaking = actor.speaking_for(person.pk)
    if request.kind == "object":
        record_objection(speaking, person=person, purpose=request.purpose, source="person")
    if request.kind == "restrict":
        freeze(speaking, person=person)
    record(actor, DONE, request, kind=request.kind, in_time=clock.today() <= request.due_on)


@transaction.atomic
def extend_request(actor: Actor, *, request: RightsRequest, reason: str) -> None:
    """Two more months, once, with its reason, told before the term (RGPD 12.3). Rights desk only.

    Raises NotAllowed, ValidationError, RequestExtended (already, or too late).
    """
    require_desk(actor)
    if reason not in RightsRequest.EXTENSIONS:
        raise ValidationError({"reason": "Choisissez pourquoi le délai est prolongé."})
    changes = {
        "extended_at": clock.now(),
        "extension": reason,
        "due_on": terms.due(request.received_on, extended=True),
        "agent": actor.user_id,
    }
    waiting = RightsRequest.objects.filter(pk=request.pk, state__in=OPEN_REQUESTS, extended_at=None)
    if not waiting.filter(due_on__gte=clock.today()).update(**changes):
        raise RequestExtended("Ce délai ne se prolonge qu’une fois, avant son terme. Répondez maintenant.")
    for name, value in changes.items():
        setattr(request, name, value)
    record(actor, EXTENDED, request, reason=reason)


@transaction.atomic
def refuse_request(actor: Actor, *, request: RightsRequest, reason: str) -> None:
    """Say no, with a reason of the law; the letter names the DPO, the CNIL and the court. Rights desk only.

    Raises NotAllowed, ValidationError, IllegalTransition.
    """
    require_desk(actor)
    if reason not in RightsRequest.REFUSALS:
        raise ValidationError({"reason": "Choisissez pourquoi la demande est refusée."})
    if request.kind == "object" and reason == "obligation":
        raise ValidationError({"reason": "Une opposition proposée par cette page ne se refuse pas pour ce motif."})
    REQUEST_LIFE.move(request, "refuse", refusal=reason, closed_at=clock.now(), closed_by=actor.user_id)
    record(actor, REFUSED, request, reason=reason)


@transaction.atomic
def tell_recipients(actor: Actor, *, request: RightsRequest) -> bool:
    """Those to whom the data had been given were told of the correction (RGPD 19); False when said already."""
    require_desk(actor)
    rows = RightsRequest.objects.filter(pk=request.pk, told_at=None, state__in=OPEN_REQUESTS)
    if not rows.update(told_at=clock.now()):
        return False
    request.told_at = clock.now()
    record(actor, TOLD, request)
    return True


@transaction.atomic
def remind_requests(actor: Actor) -> dict[str, int]:
    """Every day: requests that reach their 20th day, then their term, each said once; how many of each.

    The desk's pages show them in amber, then in red. Nothing is sent: no address travels.
    """
    today = clock.today()
    told = {"soon": 0, "late": 0}
    first: RightsRequest | None = None
    waiting = RightsRequest.objects.filter(state__in=OPEN_REQUESTS, warned__lt=2).order_by("pk")
    for row in waiting:
        word = terms.urgency(row.received_on, row.due_on, today)
        level = {"calm": 0, "soon": 1, "late": 2}[word]
        if level > row.warned and RightsRequest.objects.filter(pk=row.pk, warned=row.warned).update(warned=level):
            told[word] += 1
            first = first or row
    if first is not None:
        record(actor, WARNED, first, soon=told["soon"], late=told["late"])
    return told


def person_asked(request: RightsRequest) -> Person:
    """NotFound as long as nobody was identified."""
    if request.person is None:
        raise NotFound("Dites d’abord de quelle personne il s’agit.")
    return request.person


def can_answer(actor: Actor, request: RightsRequest) -> bool:
    """Whether this agent is of the desk and the request still waits."""
    return policies.can_run_desk(actor) and request.state in OPEN_REQUESTS
