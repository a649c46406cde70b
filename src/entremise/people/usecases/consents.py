"""Consents: an answer, its proof, and its withdrawal, which is as easy.

The fact that rules look at is set in the vault in the same transaction: the very next opening is decided by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.people import policies, queries
from entremise.people.models import Consent, Person
from entremise.vault import usecases as vault
from entremise.vault.registry import PURPOSES

ANSWERED = declare("people.consent.recorded", "a recueilli une réponse à une demande de consentement")
ANSWERED_MANY = declare("people.consents.recorded", "a recueilli les réponses de plusieurs personnes")
WITHDRAWN = declare("people.consent.withdrawn", "a enregistré le retrait d’un consentement")

REFUSED = "Seules la personne concernée et les agents qui l’entendent enregistrent sa réponse."


@transaction.atomic
def record_consent(
    actor: Actor, *, person: Person | UUID, purpose: str, answer: str, text_version: str, scope: Sequence[str] = ()
) -> Consent:
    """Keep an answer (`yes`, `no`, `partly` with its `scope` of codes), and by which channel it was given.

    The vault knows it at once: what rests on this consent opens, or closes, at the next decision.

    Earlier answers are kept: the last one counts. Raises NotAllowed, ValidationError, NotFound.
    """
    row = person if isinstance(person, Person) else queries.person(person)
    if not policies.can_record_answer(actor, row.pk):
        raise NotAllowed(REFUSED)
    if purpose not in PURPOSES:
        raise ValidationError({"purpose": "Cette finalité n’existe pas."})
    consent = Consent(
        person=row,
        purpose=purpose,
        answer=answer,
        text_version=text_version,
        scope=list(scope),
        channel=actor.channel,
        recorded_by=actor.user_id,
        at=clock.now(),
    )
    consent.full_clean(exclude=["recorded_by", "withdrawn_at"])
    consent.save()
    vault.set_stance(actor, person=row.pk, purpose=purpose, word="consent", on=answer != "no")
    record(actor, ANSWERED, consent, purpose=purpose, answer=answer, text_version=text_version)
    return consent


@transaction.atomic
def record_consents(
    actor: Actor, *, persons: Sequence[Person], purpose: str, answer: str, text_versions: Sequence[str]
) -> None:
    """The same answer of many persons at once (imports), each with the text it was given to; one trace.

    Raises NotAllowed, ValidationError.
    """
    if not persons:
        return
    if not all(policies.can_record_answer(actor, person.pk) for person in persons):
        raise NotAllowed(REFUSED)
    if purpose not in PURPOSES:
        raise ValidationError({"purpose": "Cette finalité n’existe pas."})
    at = clock.now()
    rows = [
        Consent(
            person=person,
            purpose=purpose,
            answer=answer,
            text_version=text_version,
            channel=actor.channel,
            recorded_by=actor.user_id,
            at=at,
        )
        for person, text_version in zip(persons, text_versions, strict=True)
    ]
    rows[0].full_clean(exclude=["recorded_by", "withdrawn_at"])  # they differ by the person and the text only
    Consent.objects.bulk_create(rows, batch_size=1000)
    vault.set_stances(actor, persons=[row.pk for row in persons], purpose=purpose, word="consent", on=answer != "no")
    record(actor, ANSWERED_MANY, persons[0], purpose=purpose, answer=answer, persons=len(rows))


@transaction.atomic
def withdraw_consent(actor: Actor, *, person: Person | UUID, purpose: str) -> int:
    """Take back every yes given for a purpose; the number of answers withdrawn, 0 when there was nothing left.

    Raises NotAllowed, NotFound.
    """
    row = person if isinstance(person, Person) else queries.person(person)
    if not policies.can_record_answer(actor, row.pk):
        raise NotAllowed(REFUSED)
    rows = Consent.objects.filter(person=row, purpose=purpose, withdrawn_at=None).exclude(answer="no")
    if count := rows.update(withdrawn_at=clock.now()):
        vault.set_stance(actor, person=row.pk, purpose=purpose, word="consent", on=False)
        record(actor, WITHDRAWN, row, purpose=purpose, answers=count)
    return count
