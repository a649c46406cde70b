"""Freezing: the records stay, and serve nothing but the rights of the person (RGPD 18)."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.people import policies, queries
from entremise.people.models import Person
from entremise.people.usecases.speaking import DESK_ONLY, require_word
from entremise.vault import queries as facts, usecases as vault

FROZEN = declare("people.person.frozen", "a gelé les données d’une personne")
THAWED = declare("people.person.thawed", "a levé le gel des données d’une personne")
PROTECTED = declare("people.person.protected", "a marqué une personne comme menacée, ou l’inverse")


@transaction.atomic
def freeze(actor: Actor, *, person: Person | UUID, register: str = "") -> int:
    """Nothing but rights any more, rescue included, in one register or in all; how many records it changed.

    The person, their proxy, or an agent who hears them. Raises NotAllowed, NotFound.
    """
    row = person if isinstance(person, Person) else queries.person(person)
    require_word(actor, row.pk)
    records = _records(row.pk, register)
    changed = [one for one in records if one.status not in ("frozen", "closed")]
    for one in changed:
        vault.set_record(actor, person=row.pk, register=one.register, status="frozen")
    if changed:
        record(actor, FROZEN, row, records=len(changed))
    return len(changed)


@transaction.atomic
def unfreeze(actor: Actor, *, person: Person | UUID, register: str = "") -> int:
    """The data serve again; each record goes back where it stood. The person, their proxy, or the rights desk.

    Raises NotAllowed, SecondFactorNeeded, NotFound.
    """
    row = person if isinstance(person, Person) else queries.person(person)
    require_word(actor, row.pk, desk=True)
    changed = [one for one in _records(row.pk, register) if one.status == "frozen"]
    kinds = {one.code: one.kind for one in facts.registers()}
    told = {one.register: one.answer for one in reversed(queries.informations(row.pk))}
    for one in changed:
        status = "active"
        if kinds.get(one.register) in ("service", "legal") and told.get(one.register) != "yes":
            status = "informed" if one.register in told else "to_inform"
        vault.set_record(actor, person=row.pk, register=one.register, status=status)
    if changed:
        record(actor, THAWED, row, records=len(changed))
    return len(changed)


@transaction.atomic
def protect(actor: Actor, *, person: Person, on: bool) -> int:
    """A threatened person: never confirmed by phone, no contact changed at a distance, no mandate; in every record.

    Raises NotAllowed, NotFound.
    """
    if not policies.can_protect(actor):
        raise NotAllowed(DESK_ONLY)
    changed = [one for one in _records(person.pk, "") if one.protected != on]
    for one in changed:
        vault.set_record(actor, person=person.pk, register=one.register, protected=on)
    if changed:
        record(actor, PROTECTED, person, protected=on)
    return len(changed)


def _records(person: UUID, register: str) -> list[facts.RecordView]:
    found = [one for one in facts.records_of(person) if register in ("", one.register)]
    if not found:
        raise NotFound("Aucune fiche ne concerne cette personne dans ce registre.")
    return found
