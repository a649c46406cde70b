"""Persons of fiction: phones from the ranges that no operator gives out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from entremise.accounts.queries import actor_of
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.people import usecases
from entremise.people.models import Person, RightsRequest
from entremise.people.usecases import register_person
from entremise.vault import usecases as vault
from entremise.vault.models import Stance
from entremise.vault.usecases.habilitations import Grant
from tests.accounts.factories import agent

VALUES = {"first_name": "Aline", "last_name": "Fiction", "phone": "06 39 98 12 34"}


def person(consents: tuple[str, ...] = ("mutualaid.contact",), **values: str) -> Person:
    """A registered person; `person(phone="…", email="…", address="…")` changes or adds values, "" leaves one out.

    `language` and `preferred_channel` go to the person's row; `consents` are the purposes they agreed to.
    """
    preferences = {name: values.pop(name) for name in ("language", "preferred_channel") if name in values}
    who = register_person(
        Actor.machine("essais"),
        values={**VALUES, **values},
        purpose="mutualaid.contact",
        motive="Personne de fiction pour un essai",
        **preferences,
    )
    Stance.objects.bulk_create(Stance(person=who.pk, purpose=purpose, word="consent") for purpose in consents)
    return who


def oneself(who: Person) -> Actor:
    """The person, who proved it twice (the code of a letter and a birth date)."""
    return replace(Actor.person(who.pk), mfa=True, fresh_mfa=True)


def desk(*roles: str) -> Actor:
    """An agent of the rights desk, habilitated, promised to secrecy, two factors proved."""
    roles = roles or ("desk",)
    user = agent(*roles)
    purposes = frozenset({"people.rights", "registers.keep", "vault.audit", "mutualaid.contact", "registers.inform"})
    until = clock.now() + timedelta(days=300)
    vault.habilitate_many(
        Actor.machine("essais"), grants=[Grant(user.pk, purposes, until, professional_secrecy=True)], committed=True
    )
    return replace(actor_of(user, "counter", mfa=True), fresh_mfa=True)


def request(actor: Actor, kind: str = "access", who: Person | None = None, **more: Any) -> RightsRequest:
    """A request received at the counter; of somebody whose document was seen, when `who` is given."""
    made = usecases.receive_request(actor, kind=kind, person=None, **more)
    if who is not None:
        usecases.identify_request(actor, request=made, person=who, how="document")
    return made


def me(who: Person | UUID) -> Actor:
    """The person themself, with two proofs of identity: their own file opens, for the exercise of their rights."""
    return replace(Actor.person(who if isinstance(who, UUID) else who.pk), mfa=True)
