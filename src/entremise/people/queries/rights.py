from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.core import signing
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.people import policies
from entremise.people.engine import identity, phone as phones
from entremise.people.engine.terms import ALARM
from entremise.people.models import IdentityMark, LetterCode, Mandate, Person, RightsRequest
from entremise.people.registry import REGISTER
from entremise.rules.engine import MandateFacts
from entremise.vault import queries as vault, registry, usecases as gateway

OPEN_REQUESTS = ("received", "identified", "examined")
LIVE_REQUESTS = Q(state__in=OPEN_REQUESTS)
DESK_ONLY = "Cette page est réservée à l’accueil et au délégué à la protection des données."
SALT = "entremise.people.person"
LINK_LIFE = timedelta(days=30)


def desk_queue(actor: Actor) -> QuerySet[RightsRequest]:
    """What is not answered yet, the nearest term first. NotAllowed."""
    _desk(actor)
    return RightsRequest.objects.filter(LIVE_REQUESTS).order_by("due_on", "pk")


def desk_counts(actor: Actor) -> dict[str, int]:
    """How many requests are open, near their term, late, and without identity; one query. NotAllowed."""
    _desk(actor)
    today = clock.today()
    late, soon = Q(due_on__lte=today), Q(due_on__gt=today, received_on__lte=today - ALARM)
    return RightsRequest.objects.filter(LIVE_REQUESTS).aggregate(
        open=Count("pk"),
        late=Count("pk", filter=late),
        soon=Count("pk", filter=soon),
        unknown=Count("pk", filter=Q(state="received")),
    )


def request_of(actor: Actor, public_id: str) -> RightsRequest:
    """One request, by its reference or its spoken code. NotAllowed, NotFound."""
    _desk(actor)
    said = ids.read_spoken(public_id)
    found = RightsRequest.objects.filter(Q(public_id=public_id) | Q(code=said or "-")).select_related("person").first()
    if found is None:
        raise NotFound("Cette demande n’existe pas.")
    return found


def requests_of(person: UUID) -> list[RightsRequest]:
    """What this person asked, the newest first."""
    return list(RightsRequest.objects.filter(person=person).order_by("-created_at", "-pk"))


def open_request(person: UUID, kind: str, purpose: str = "", line: int | None = None) -> RightsRequest | None:
    """The same request, if it waits already: asked twice, it is one."""
    rows = RightsRequest.objects.filter(LIVE_REQUESTS, person=person, kind=kind, purpose=purpose, line=line)
    return rows.order_by("-pk").first()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be the person asking: where they are recorded, never who they are."""

    person: Person
    registers: Sequence[str]
    recognised: bool


def find_candidates(actor: Actor, *, phone: str, names: str = "", motive: str, remote: bool) -> list[Candidate]:
    """The persons of any register who have this number, those whose name was recognised first; never a name.

    `remote`: asked by phone, letter or e-mail; a threatened person is then found no more than an unknown one.
    Raises NotAllowed, ValueError (no number), and as `vault.usecases.find`.
    """
    _desk(actor)
    number = phones.normalise(phone)
    found: dict[UUID, None] = {}
    for register in sorted({row.profile for row in vault.registers()}):
        if "phone" in registry.profile(register).indexed:
            for code in [row.code for row in vault.registers() if row.profile == register]:
                hits = gateway.find(
                    actor, register=code, by="phone", value=number, purpose="people.rights", motive=motive
                )
                found |= dict.fromkeys(hits)
    marks = gateway.fingerprints(
        register=REGISTER,
        kind="name_phone",
        values=[text for _, text in identity.traits({"names": names, "phone": number})],
    )
    known = set(IdentityMark.objects.filter(person__in=found, mark__in=marks).values_list("person", flat=True))
    persons = Person.objects.in_bulk(list(found))
    candidates = []
    for pk in found:
        records = vault.records_of(pk)
        if pk in persons and not (remote and any(record.protected for record in records)):
            candidates.append(Candidate(persons[pk], [record.label for record in records], pk in known))
    return sorted(candidates, key=lambda one: (not one.recognised, one.person.created_at))


def killed_codes(actor: Actor) -> list[LetterCode]:
    """Codes killed by five errors, whose letter has not left yet. NotAllowed."""
    _desk(actor)
    return list(LetterCode.objects.filter(state="killed", told=False).select_related("person").order_by("closed_at"))


def codes_wanted(actor: Actor) -> list[Person]:
    """Who asked for a code by their link, and has none: 50 at most. NotAllowed."""
    _desk(actor)
    asking = RightsRequest.objects.filter(state="received", channel="web", kind="access").exclude(person=None)
    have = LetterCode.objects.filter(state="issued").values("person")
    pks = list(asking.exclude(person__in=have).order_by("pk").values_list("person", flat=True)[:50])
    persons = Person.objects.in_bulk(pks)
    return [persons[pk] for pk in dict.fromkeys(pks)]


# Mandates


def end_of(day: date) -> datetime:
    """The first moment after that day."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def mandate_facts(pk: UUID) -> MandateFacts | None:
    """What the vault decides on: a verified mandate, its end included. None for any other: it opens nothing."""
    row = Mandate.objects.filter(pk=pk, state="verified").values("person", "scope", "until").first()
    if row is None:
        return None
    return MandateFacts(str(pk), str(row["person"]), end_of(row["until"]), may_write=row["scope"] == "write")


def mandate_of(public_id: str) -> Mandate:
    """NotFound."""
    found = Mandate.objects.filter(public_id=public_id).select_related("person", "proxy").first()
    if found is None:
        raise NotFound("Ce mandat n’existe pas.")
    return found


def mandates_of(person: UUID) -> list[Mandate]:
    """Those who act, or acted, for this person."""
    return list(Mandate.objects.filter(person=person))


def mandates_held(proxy: UUID) -> list[Mandate]:
    """The persons this one may act for today."""
    return list(Mandate.objects.filter(proxy=proxy, state="verified", until__gte=clock.today()))


# Links


def link_of(person: UUID) -> str:
    """A signed word for an address, 30 days: it says who comes, and opens nothing by itself."""
    return signing.dumps(str(person), salt=SALT)


def person_of_link(token: str) -> Person:
    """NotFound for a wrong, altered or old link."""
    try:
        pk = signing.loads(token, salt=SALT, max_age=LINK_LIFE)
        return Person.objects.get(pk=pk)
    except (signing.BadSignature, Person.DoesNotExist, ValueError):
        raise NotFound("Ce lien n’est plus valable. Demandez un code par téléphone ou au guichet.") from None


def _desk(actor: Actor) -> None:
    if not policies.can_run_desk(actor):
        raise NotAllowed(DESK_ONLY)
