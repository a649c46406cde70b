"""Other telephones, trusted contacts, preferences, and what a person was told of a register."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError, NotFound
from entremise.people.engine import phone as phones
from entremise.people.models import Information, Person, PhoneLine, TrustedContact
from entremise.people.registry import RANKS, REGISTER
from entremise.people.usecases.lines import mark_lines
from entremise.people.usecases.persons import NAME_LENGTH
from entremise.people.usecases.speaking import RIGHTS, require_word
from entremise.vault import queries as facts, usecases as vault

LINE_ADDED = declare("people.line.added", "a ajouté un téléphone")
LINE_REMOVED = declare("people.line.removed", "a retiré un téléphone")
TRUSTED = declare("people.trusted.added", "a noté un proche de confiance")
TRUSTED_REMOVED = declare("people.trusted.removed", "a retiré un proche de confiance")
PREFERRED = declare("people.preferences.set", "a noté comment joindre une personne")
BORN = declare("people.birth.recorded", "a noté la date de naissance d’une personne")
INFORMED = declare("people.information.recorded", "a noté qu’une personne a été informée d’un registre")
ANSWERED = declare("people.information.answered", "a noté la réponse d’une personne sur un registre")


class TooManyLines(DomainError):
    code = "too_many_lines"


@sensitive_variables()
@transaction.atomic
def add_phone(
    actor: Actor, *, person: Person, phone: str, shared: bool = False, purpose: str = RIGHTS, motive: str
) -> PhoneLine:
    """One more telephone, sealed; several persons may share it. Raises NotAllowed, ValidationError (no number),
    TooManyLines (nine), and the refusals of `vault.usecases.write`."""
    require_word(actor, person.pk)
    try:
        number = phones.normalise(phone)
    except ValueError as error:
        raise ValidationError({"phone": str(error)}) from None
    kind = "mobile" if phones.receives_sms(number) else "fixed"
    taken = set(PhoneLine.objects.filter(person=person).values_list("rank", flat=True))
    rank = next((one for one in RANKS if one not in taken), None)
    if rank is None:
        raise TooManyLines("Cette personne a déjà dix téléphones : retirez-en un d’abord.")
    line = PhoneLine(person=person, rank=rank, kind=kind, shared=shared, at=clock.now())
    try:
        with transaction.atomic():
            line.save(force_insert=True)
    except IntegrityError:
        raise TooManyLines("Un collègue ajoute un téléphone au même moment. Rechargez la page.") from None
    vault.write(actor, person=person.pk, values={line.field: number}, purpose=purpose, motive=motive)
    mark_lines(cells={person.pk: {line.field: number}})
    record(actor, LINE_ADDED, line, line_kind=kind, shared=shared)
    return line


@transaction.atomic
def remove_phone(actor: Actor, *, line: PhoneLine, purpose: str = RIGHTS, motive: str) -> None:
    """Forget one of the other telephones. Raises NotAllowed, and the refusals of `vault.usecases.write`."""
    require_word(actor, line.person_id)
    vault.write(actor, person=line.person_id, values={line.field: ""}, purpose=purpose, motive=motive)
    mark_lines(cells={line.person_id: {line.field: ""}})
    gone = PhoneLine(pk=line.pk)
    PhoneLine.objects.filter(pk=line.pk).delete()
    record(actor, LINE_REMOVED, gone)


@sensitive_variables()
@transaction.atomic
def add_trusted_contact(
    actor: Actor,
    *,
    person: Person,
    full_name: str,
    phone: str,
    relation: str,
    may_be_called: str,
    may_know: str,
    purpose: str = RIGHTS,
    motive: str,
) -> TrustedContact:
    """Somebody close, whom the person names: their identity is sealed in the person's own record.

    Raises NotAllowed, ValidationError by field, and the refusals of `vault.usecases.write`.
    """
    require_word(actor, person.pk)
    name = " ".join(full_name.split())
    if not 1 <= len(name) <= NAME_LENGTH:
        raise ValidationError({"full_name": f"Indiquez le nom du proche, en {NAME_LENGTH} caractères au plus."})
    try:
        number = phones.normalise(phone)
    except ValueError as error:
        raise ValidationError({"phone": str(error)}) from None
    row = TrustedContact(
        person=person,
        relation=relation,
        may_be_called=may_be_called,
        may_know=may_know,
        recorded_by=actor.user_id,
        channel=actor.channel,
        at=clock.now(),
    )
    row.full_clean(exclude=["recorded_by", "removed_at"])
    row.save(force_insert=True)
    sealed = {row.fields["full_name"]: name, row.fields["number"]: number}
    vault.write(actor, person=person.pk, values=sealed, purpose=purpose, motive=motive)
    record(actor, TRUSTED, row, relation=relation)
    return row


@transaction.atomic
def remove_trusted_contact(actor: Actor, *, contact: TrustedContact, purpose: str = RIGHTS, motive: str) -> bool:
    """Nobody calls them any more; False when they were removed already. Raises as `add_trusted_contact`."""
    require_word(actor, contact.person_id)
    rows = TrustedContact.objects.filter(pk=contact.pk, removed_at=None)
    if not rows.update(removed_at=clock.now()):
        return False
    empty = dict.fromkeys(contact.fields.values(), "")
    vault.write(actor, person=contact.person_id, values=empty, purpose=purpose, motive=motive)
    record(actor, TRUSTED_REMOVED, contact)
    return True


@transaction.atomic
def set_preferences(actor: Actor, *, person: Person, language: str, preferred_channel: str) -> None:
    """The language a person speaks, and the way they like to be reached. Raises NotAllowed, ValidationError."""
    require_word(actor, person.pk)
    person.language, person.preferred_channel = language, preferred_channel
    person.full_clean()
    person.save(update_fields=["language", "preferred_channel"])
    record(actor, PREFERRED, person, language=language, preferred_channel=preferred_channel)


@sensitive_variables()
@transaction.atomic
def record_birth_date(actor: Actor, *, person: Person, birth: date, motive: str) -> None:
    """Seal the birth date a person told: it goes with the code of their letters.

    Raises NotAllowed, ValidationError.
    """
    require_word(actor, person.pk)
    if not date(1895, 1, 1) <= birth <= clock.today():
        raise ValidationError({"birth": "Vérifiez la date de naissance, par exemple 07/03/1941."})
    values = {f"{REGISTER}.birth_date": birth.isoformat()}
    vault.write(actor, person=person.pk, values=values, purpose=RIGHTS, motive=motive)
    record(actor, BORN, person)


@transaction.atomic
def record_information(
    actor: Actor, *, person: Person, register: str, way: str, text_version: str, informed_on: date
) -> Information:
    """The person was told that the register exists, by this text, that day: *à informer → informée*.

    Before it, their record serves nothing but rights (`floor-…`). Raises NotAllowed, ValidationError, NotFound (no
    such record), IllegalTransition.
    """
    require_word(actor, person.pk)
    if informed_on > clock.today():
        raise ValidationError(
            {"informed_on": "Cette date est à venir : indiquez le jour où la personne a été informée."}
        )
    row = Information(
        person=person,
        register=register,
        way=way,
        text_version=text_version,
        informed_on=informed_on,
        recorded_by=actor.user_id,
        at=clock.now(),
    )
    row.full_clean(exclude=["recorded_by", "answered_at"])
    if _status(person, register) == "to_inform":
        vault.set_record(actor, person=person.pk, register=register, status="informed")
    row.save(force_insert=True)
    record(actor, INFORMED, row, register=register, way=way)
    return row


@transaction.atomic
def record_answer(actor: Actor, *, information: Information, answer: str) -> None:
    """What the person said of the register: yes → *active*; no → *refusée*: the record is closed and serves no more.

    Raises NotAllowed, ValidationError, NotFound, IllegalTransition.
    """
    require_word(actor, information.person_id)
    if answer not in ("yes", "no"):
        raise ValidationError({"answer": "Répondez par oui ou par non."})
    status = "active" if answer == "yes" else "closed"
    vault.set_record(actor, person=information.person_id, register=information.register, status=status)
    Information.objects.filter(pk=information.pk).update(answer=answer, answered_at=clock.now())
    information.answer = answer
    record(actor, ANSWERED, information, answer=answer)


def _status(person: Person, register: str) -> str:
    found = next((one for one in facts.records_of(person.pk) if one.register == register), None)
    if found is None:
        raise NotFound("Cette personne n’est pas dans ce registre.")
    return found.status
