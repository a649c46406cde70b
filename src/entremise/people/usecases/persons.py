"""Making a person known, correcting what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel.actors import Actor
from entremise.people import queries
from entremise.people.engine import email as emails, phone as phones
from entremise.people.models import CHANNELS, Person
from entremise.people.usecases.lines import mark_lines
from entremise.people.usecases.objections import apply_objections
from entremise.vault import usecases as vault

REGISTERED = declare("people.person.registered", "a fait connaître une personne")
REGISTERED_MANY = declare("people.persons.registered", "a fait connaître plusieurs personnes")
UPDATED = declare("people.person.updated", "a corrigé les coordonnées d’une personne")

NAME_LENGTH = 80
"""Characters in a first or last name."""


@sensitive_variables()
def _clean(values: Mapping[str, str]) -> dict[str, str]:
    """Field names with their register, values trimmed and normalised. ValidationError, per field, in French."""
    clean, wrong = {}, {}
    for name, value in values.items():
        text = " ".join(value.split()) if name in {"first_name", "last_name", "address"} else value.strip()
        try:
            if text and name == "phone":
                text = phones.normalise(text)
            elif text and name == "email":
                text = emails.normalise(text)
            elif name in {"first_name", "last_name"} and len(text) > NAME_LENGTH:
                raise ValueError(f"Ce nom est trop long : écrivez {NAME_LENGTH} caractères au plus.")
            if any(sign < " " and sign not in "\n\r\t" for sign in text):
                raise ValueError("Ce texte contient un signe invisible : effacez-le et écrivez-le à la main.")
        except ValueError as error:
            wrong[name] = str(error)
            continue
        clean[f"{queries.REGISTER}.{name}"] = text
    if wrong:
        raise ValidationError(wrong) from None
    return clean


@sensitive_variables()
def _plain(values: Mapping[str, str]) -> dict[str, str]:
    return {name.partition(".")[2]: value for name, value in values.items()}


@sensitive_variables()
@transaction.atomic
def register_person(
    actor: Actor,
    *,
    values: Mapping[str, str],
    language: str = "fr",
    preferred_channel: str = "phone",
    purpose: str,
    motive: str,
) -> Person:
    """A new person, whose `values` (first_name, last_name, phone, email, address, position, note#…) are sealed.

    Anybody may make themself known; nobody learns whether somebody already was. Raises ValidationError (by field)
    and the refusals of `vault.usecases.write`.
    """
    clean = {name: value for name, value in _clean(values).items() if value}
    if not clean:
        raise ValidationError({"phone": "Donnez au moins un nom ou un numéro de téléphone."})
    person = Person(language=language, preferred_channel=preferred_channel)
    person.full_clean()
    person.save(force_insert=True)
    vault.write(actor, person=person.pk, values=clean, purpose=purpose, motive=motive)
    apply_objections(actor, persons={person.pk: _plain(clean)})
    mark_lines(cells={person.pk: clean})
    record(actor, REGISTERED, person)
    return person


@sensitive_variables()
@transaction.atomic
def register_many(
    actor: Actor, *, rows: Iterable[Mapping[str, str]], purpose: str = "mutualaid.contact", motive: str
) -> list[Person]:
    """Many new persons at once (imports, demonstration), in the order of `rows`; one trace.

    A row holds the values of `register_person`, and may hold `language` and `preferred_channel`. One bad row refuses
    all: ValidationError whose message names the row (1 for the first).
    """
    persons, sealed = [], {}
    for place, row in enumerate(rows, start=1):
        row = dict(row)
        person = Person(language=row.pop("language", "fr"), preferred_channel=row.pop("preferred_channel", "phone"))
        try:
            clean = {name: value for name, value in _clean(row).items() if value}
        except ValidationError as error:
            raise ValidationError(f"Ligne {place} : {' '.join(error.messages)}") from None
        if not clean or person.preferred_channel not in CHANNELS or len(person.language) > 8:
            raise ValidationError(f"Ligne {place} : donnez un nom ou un numéro, et un canal de la liste.")
        persons.append(person)
        sealed[person.pk] = clean
    if not persons:
        return []
    Person.objects.bulk_create(persons, batch_size=1000)
    vault.write_many(actor, rows=sealed, register=queries.REGISTER, purpose=purpose, motive=motive)
    apply_objections(actor, persons={pk: _plain(values) for pk, values in sealed.items()})
    mark_lines(cells=sealed)
    record(actor, REGISTERED_MANY, persons[0], persons=len(persons))
    return persons


@sensitive_variables()
@transaction.atomic
def update_person(
    actor: Actor, *, person: Person | UUID, values: Mapping[str, str], purpose: str, motive: str
) -> None:
    """Write what changed; an empty value removes the field, those not named stay. Raises as `register_person`."""
    row = person if isinstance(person, Person) else queries.person(person)
    clean = _clean(values)
    vault.write(actor, person=row.pk, values=clean, purpose=purpose, motive=motive)
    mark_lines(cells={row.pk: clean})
    record(actor, UPDATED, row, fields=len(values))
