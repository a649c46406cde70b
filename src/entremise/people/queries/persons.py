from __future__ import annotations

from uuid import UUID

from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.people.engine import phone as phones
from entremise.people.models import Consent, Person
from entremise.vault import usecases as vault

REGISTER = "entraide"


def person(pk: UUID) -> Person:
    """NotFound when nobody has this identifier."""
    found = Person.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound("Cette personne est inconnue.")
    return found


def find_by_phone(actor: Actor, *, phone: str, motive: str, purpose: str = "mutualaid.contact") -> list[Person]:
    """The persons known under this number, at most 5, oldest first: several share a line, that is normal.

    ValueError with a French sentence for a number that is none; otherwise the refusals of `vault.usecases.find`.
    """
    number = phones.normalise(phone)
    found = vault.find(actor, register=REGISTER, by="phone", value=number, purpose=purpose, motive=motive)
    return list(Person.objects.filter(pk__in=found).order_by("created_at", "pk"))


def consent(who: Person | UUID, purpose: str) -> Consent | None:
    """The last answer given for this purpose, withdrawn or not; None when the question was never put."""
    pk = who.pk if isinstance(who, Person) else who
    return Consent.objects.filter(person=pk, purpose=purpose).first()


def consents_to(who: Person | UUID, purpose: str) -> bool:
    """Whether the last answer is a yes, even in part, that was not taken back."""
    last = consent(who, purpose)
    return last is not None and last.answer != "no" and last.withdrawn_at is None


def consents(who: Person | UUID) -> list[Consent]:
    """The last answer for each purpose, the newest first. One query."""
    pk = who.pk if isinstance(who, Person) else who
    last: dict[str, Consent] = {}
    for answer in Consent.objects.filter(person=pk):
        last.setdefault(answer.purpose, answer)
    return list(last.values())
