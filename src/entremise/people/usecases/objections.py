"""Objections: a no that stops the very next opening, and holds for the files that come later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.people import queries
from entremise.people.engine import identity
from entremise.people.models import Consent, IdentityMark, Objection, Person
from entremise.people.registry import REGISTER, tell_said
from entremise.people.usecases.merging import hold
from entremise.people.usecases.speaking import require_word
from entremise.vault import usecases as vault
from entremise.vault.registry import NO_OBJECTION, PURPOSES

OBJECTED = declare("people.objection.recorded", "a enregistré une opposition")
WITHDRAWN = declare("people.objection.withdrawn", "a levé une opposition à la demande de la personne")
RECOGNISED = declare("people.objections.applied", "a reporté des oppositions sur un nouveau fichier")


class ObjectionImpossible(DomainError):
    """Purposes that the law commands, or that protect the person."""

    code = "objection_impossible"


WHY_NOT = {
    "people.rights": "On ne peut pas s’opposer à l’exercice des droits : c’est par lui que vous agissez ici.",
    "registers.keep": "On ne peut pas s’opposer à la tenue du registre. Pour en sortir, demandez l’effacement.",
    "outreach.rescue": "On ne peut pas s’opposer aux secours : ils sauvent des vies (RGPD, art. 6.1.d).",
    "registers.prefect": "La loi impose cette communication au préfet (CASF, art. L. 121-6-1). "
    "Pour ne plus y figurer, demandez l’effacement.",
    "vault.audit": "On ne peut pas s’opposer au contrôle du coffre : il protège vos données.",
}


@transaction.atomic
def record_objection(actor: Actor, *, person: Person | UUID, purpose: str, source: str = "person") -> Objection:
    """Write a no to one purpose, in force at once in every register; said twice, it is one.

    The person, their proxy, or any agent who hears them: an objection waits for no desk. A consent to the same
    purpose falls with it. Raises NotAllowed, NotFound, ValidationError, ObjectionImpossible.
    """
    row = person if isinstance(person, Person) else queries.person(person)
    require_word(actor, row.pk)
    if purpose not in PURPOSES:
        raise ValidationError({"purpose": "Cette finalité n’existe pas."})
    if purpose in NO_OBJECTION:
        raise ObjectionImpossible(WHY_NOT.get(purpose, "La loi commande cet usage : on ne peut pas s’y opposer."))
    said = Objection(
        person=row,
        purpose=purpose,
        source="mandate" if actor.mandate_id else source,
        channel=actor.channel,
        recorded_by=actor.user_id,
        at=clock.now(),
    )
    said.full_clean(exclude=["recorded_by", "withdrawn_at"], validate_constraints=False)
    try:
        with transaction.atomic():
            said.save(force_insert=True)
    except IntegrityError:  # said already, or at the same moment to somebody else
        vault.set_stances(actor, persons=queries.together(row.pk), purpose=purpose, word="objection")
        return Objection.objects.get(person=row, purpose=purpose, withdrawn_at=None)
    hold()  # a merge at this very moment either sees this no, or is seen here
    _echo(actor, said, queries.together(row.pk) - {row.pk})
    vault.set_stance(actor, person=row.pk, purpose=purpose, word="consent", on=False)
    live = Consent.objects.filter(person=row, purpose=purpose, withdrawn_at=None).exclude(answer="no")
    live.update(withdrawn_at=clock.now())
    tell_said([row.pk, *sorted(queries.together(row.pk) - {row.pk})], purpose)
    record(actor, OBJECTED, said, purpose=purpose, source=said.source)
    return said


def _echo(actor: Actor, said: Objection, others: frozenset[UUID]) -> None:
    """In force for this person, and for those who are one with them in other files."""
    rows = [
        Objection(person_id=pk, purpose=said.purpose, source="united", channel=said.channel, at=said.at)
        for pk in sorted(others)
    ]
    Objection.objects.bulk_create(rows, ignore_conflicts=True)
    persons = [said.person_id, *sorted(others)]
    vault.set_stances(actor, persons=persons, purpose=said.purpose, word="objection")


@transaction.atomic
def withdraw_objection(actor: Actor, *, person: Person | UUID, purpose: str) -> bool:
    """The person changes their mind; False when nothing stood. Only they, their proxy, or the rights desk.

    Raises NotAllowed, SecondFactorNeeded, NotFound.
    """
    row = person if isinstance(person, Person) else queries.person(person)
    require_word(actor, row.pk, desk=True)
    live = Objection.objects.filter(purpose=purpose, withdrawn_at=None)
    rows = live.filter(person=row)
    pk = rows.values_list("pk", flat=True).first()
    # What others who are one with them only echoed falls too; what another file heard by itself stays.
    echoes = live.filter(person__in=queries.together(row.pk) - {row.pk}, source="united")
    persons = [row.pk, *echoes.values_list("person", flat=True)]
    if not rows.update(withdrawn_at=clock.now(), withdrawn_channel=actor.channel):
        return False
    echoes.update(withdrawn_at=clock.now(), withdrawn_channel=actor.channel)
    vault.set_stances(actor, persons=persons, purpose=purpose, word="objection", on=False)
    record(actor, WITHDRAWN, Objection(pk=pk), purpose=purpose)
    return True


def _keep(marks: Sequence[tuple[UUID, str, bytes]]) -> None:
    rows = [IdentityMark(person_id=pk, kind=kind, mark=mark) for pk, kind, mark in marks]
    IdentityMark.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


@sensitive_variables()
def _marks(persons: Mapping[UUID, Mapping[str, str]]) -> list[tuple[UUID, str, bytes]]:
    traits = [(pk, kind, text) for pk, values in persons.items() for kind, text in identity.traits(values)]
    found: list[tuple[UUID, str, bytes]] = []
    for kind in sorted({kind for _, kind, _ in traits}):
        some = [(pk, text) for pk, this, text in traits if this == kind]
        marks = vault.fingerprints(register=REGISTER, kind=kind, values=[text for _, text in some])
        found += [(pk, kind, mark) for (pk, _), mark in zip(some, marks, strict=True)]
    return found


@sensitive_variables()
@transaction.atomic
def apply_objections(actor: Actor, *, persons: Mapping[UUID, Mapping[str, str]]) -> int:
    """New persons of a file, with their values: whoever objected under another identifier still does; how many.

    Called by whatever creates persons (registration, import), in the same transaction: an objection survives the
    re-import of the file it was said about, even after an erasure. Also keeps their fingerprints.
    """
    fresh = _marks(persons)
    by_mark: dict[bytes, set[UUID]] = {}
    for one, _, digest in fresh:
        by_mark.setdefault(digest, set()).add(one)
    wanted: dict[str, set[UUID]] = {}
    marks = list(by_mark)
    for start in range(0, len(marks), 500):
        known = IdentityMark.objects.filter(mark__in=marks[start : start + 500])
        twins = list(known.values_list("person", "mark"))
        said = Objection.objects.filter(person__in={pk for pk, _ in twins}, withdrawn_at=None)
        purposes: dict[UUID, set[str]] = {}
        for pk, purpose in said.values_list("person", "purpose"):
            purposes.setdefault(pk, set()).add(purpose)
        for pk, mark in twins:
            for purpose in purposes.get(pk, ()):
                wanted.setdefault(purpose, set()).update(by_mark[bytes(mark)])
    _keep(fresh)
    now, held = clock.now(), 0
    for purpose, pks in sorted(wanted.items()):
        rows = [
            Objection(person_id=pk, purpose=purpose, source="recognised", channel=actor.channel, at=now)
            for pk in sorted(pks)
        ]
        Objection.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
        vault.set_stances(actor, persons=sorted(pks), purpose=purpose, word="objection")
        tell_said(sorted(pks), purpose)
        held += len(pks)
    if held:
        record(actor, RECOGNISED, Person(pk=next(iter(persons))), persons=held)
    return held
