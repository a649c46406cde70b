from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.territories import clients
from entremise.territories.engine import cells
from entremise.territories.engine.addresses import AddressRefused, AddressText, Candidate, Precision, decide
from entremise.territories.models import GeocodedAddress, Territory

LOCATED = declare("territories.address.located", "a demandé au géocodeur où se trouve une adresse")
KEPT = timedelta(days=90)


class AddressNotSent(DomainError):
    """The address holds what must not leave: a phone, an e-mail, a code."""

    code = "address_refused"


class NoPlace(DomainError):
    code = "no_candidate"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address is. `h7` is the parent of `h8`. Precision `commune`: the centre of the commune.

    `candidates` are the points among which the agent or the person chooses; give the chosen one to `chosen`.
    """

    h8: int
    h7: int
    precision: Precision
    lat: float
    lon: float
    label: str
    score: float
    candidates: tuple[Candidate, ...] = ()


def locate(actor: Actor, *, number: str, street: str, postcode: str, commune: Territory) -> Place:
    """Where an address is, as precisely as can be said without waiting.

    The geocoder is asked only when one is set, outside any transaction, and when there is a street; whatever
    goes wrong with it, the centre of the commune answers. Raises AddressNotSent (phone, e-mail or code in the text),
    NoPlace (a commune whose centre is not known).
    """
    try:
        address = AddressText.of(
            number=number, street=street, postcode=postcode, city=commune.name, citycode=commune.code
        )
    except AddressRefused as refusal:
        raise AddressNotSent(str(refusal)) from None
    found = _asked(actor, address, commune) if address.street else []
    if (best := decide(found)) is not None:
        return chosen(best)
    return _centre(commune, tuple(found))


def chosen(candidate: Candidate) -> Place:
    """The place of a candidate, at the precision of its type."""
    h8 = cells.cell(candidate.lat, candidate.lon, 8)
    point = (candidate.lat, candidate.lon, candidate.label, candidate.score)
    return Place(h8, cells.parent(h8, 7), candidate.precision, *point)


def _centre(commune: Territory, candidates: tuple[Candidate, ...]) -> Place:
    if commune.lat is None or commune.lon is None or commune.h8 is None or commune.h7 is None:
        raise NoPlace("La position de cette commune n’est pas connue. Indiquez une commune voisine.")
    point = (commune.lat, commune.lon, commune.name, 0.0)
    return Place(commune.h8, commune.h7, "commune", *point, candidates=candidates)


def _asked(actor: Actor, address: AddressText, commune: Territory) -> list[Candidate]:
    """What is kept of a former answer, else what the geocoder says now; nothing when it cannot be asked."""
    geocoder = clients.geocoder()
    if geocoder is None:
        return []
    digest = salted_hmac("territories.geocoded", address.normalised, algorithm="sha256").hexdigest()
    kept = GeocodedAddress.objects.filter(digest=digest, expires_at__gt=clock.now()).first()
    if kept is not None:
        return [Candidate(lat, lon, score, kind, address.query) for lat, lon, score, kind in kept.candidates]
    if connection.in_atomic_block:  # saving never waits for the geocoder: a job refines later
        return []
    try:
        found = geocoder.search(address)
    except clients.GeocoderUnavailable:
        return []
    with transaction.atomic():
        GeocodedAddress.objects.filter(expires_at__lte=clock.now()).delete()
        GeocodedAddress.objects.update_or_create(
            digest=digest,
            defaults={
                "candidates": [[one.lat, one.lon, one.score, one.type] for one in found],
                "expires_at": clock.now() + KEPT,
            },
        )
        record(actor, LOCATED, commune, candidates=len(found))
    return found
