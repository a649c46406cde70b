"""Enrolment in the heatwave register: voluntary, by any means, in force at once (CASF L121-6-1, R121-3).

No deed refuses anybody: the mayor has no discretion and asks for no proof (CNIL, 14 April 2020). A third party asks
in writing, one person at a time; a list from a third party enters nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor, Channel
from entremise.kernel.errors import DomainError, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.people.engine import phone as phones
from entremise.people.models import Person
from entremise.people.usecases import apply_objections, mark_lines
from entremise.registers import policies, queries
from entremise.registers.engine.cells import names_cell, names_in
from entremise.registers.models import ENROLMENT, Enrolment, LastCheck
from entremise.registers.models.life import BY_FILE, RECEIPT
from entremise.vault import usecases as vault

ENROLLED = declare("registers.enrolment.recorded", "a inscrit une personne au registre légal")
COMPLETED = declare("registers.enrolment.completed", "a complété une demande d’inscription venue par fichier")
CONFIRMED = declare("registers.enrolment.confirmed", "a noté la réception d’un accusé d’inscription")
REMOVED = declare("registers.enrolment.removed", "a retiré une personne du registre légal à sa demande")

KEEP: Final = "registers.keep"
ITEMS: Final = ("names", "birth_date", "capacity", "address", "phone", "home_service", "emergency_contact",
                "requested_on", "third_party")  # fmt: skip
"""The nine items of the law, and nothing else (CASF R.121-4)."""
CAPACITIES: Final[Mapping[str, str]] = {
    "a": "65 ans ou plus",
    "b": "plus de 60 ans, reconnue inapte au travail",
    "c": "adulte en situation de handicap",
}
LONGEST: Final = {"address": 200, "home_service": 160, "emergency_contact": 160, "third_party": 120}
WRITING: Final = ("letter", "email")
BEGAN: Final = date(2004, 1, 1)
"""No request is older than the register of the law (décret 2004-926)."""


class ThirdPartyProofMissing(DomainError):
    """Somebody else asks, without a written request."""

    code = "third_party_proof_missing"


class ThirdPartyListForbidden(DomainError):
    """A list of persons that a third party wants enrolled."""

    code = "third_party_list_forbidden"


class AlreadyEnrolled(DomainError):
    code = "already_enrolled"


@sensitive_variables()
@transaction.atomic
def enrol(
    actor: Actor,
    *,
    register: str,
    values: Mapping[str, str],
    channel: str,
    received_on: date,
    asked_by: str = "self",
    proof: str = "",
    person: UUID | None = None,
) -> Enrolment:
    """Enrol one person, effective at once; the acknowledgement is due eight days after `received_on`.

    `values`: last_name, first_name, birth_date (ISO), capacity (a, b, c), address, phone, home_service,
    emergency_contact, third_party (name and quality). `proof`: the number of the written request of a third party.
    `person`: somebody whose record is there already, filled by a file; their enrolment *à compléter* becomes this
    one. Raises NotAllowed, ThirdPartyProofMissing, AlreadyEnrolled, ValidationError by field, and the refusals of
    `vault.usecases.write`.
    """
    me = policies.require_keeper(actor)
    row = queries.enrolment_register(actor, register)
    cells = _items(values, received_on, asked_by, proof, channel)
    who = Person() if person is None else Person.objects.filter(pk=person).first()
    if who is None:
        raise NotFound("Cette personne est inconnue.")
    if person is None:
        who.save(force_insert=True)
    spoken = actor.through(HEARD[channel]).speaking_for(who.pk)
    motive = f"Inscription demandée par {Enrolment.CHANNELS[channel]}"
    sealed: dict[str, str | None] = {f"{row.code}.{name}": text for name, text in cells.items()}
    vault.write(spoken, person=who.pk, values=sealed, purpose=KEEP, motive=motive)
    mark_lines(cells={who.pk: {f"{row.code}.phone": cells["phone"]}})
    told = names_in(cells["names"])
    if person is None:
        apply_objections(actor, persons={who.pk: {**told, "phone": cells["phone"]}})
    said: dict[str, Any] = {
        "channel": channel,
        "asked_by": asked_by,
        "proof": proof if asked_by == "third_party" else "",
        "received_on": received_on,
        "due_on": received_on + RECEIPT,
        "recorded_by": me,
    }
    made = Enrolment.objects.filter(register=row.code, person=who, state="to_complete").first()
    if made is not None:
        ENROLMENT.move(made, "complete", **said)
    else:
        made = _made(Enrolment(register=row.code, person=who, **said))
    note_check(row.code, who.pk, received_on, "enrolment", me)
    record(spoken, ENROLLED, made, channel=channel, asked_by=asked_by)
    return made


def _made(made: Enrolment) -> Enrolment:
    """A new enrolment. Raises AlreadyEnrolled, ValidationError."""
    left = ["acknowledged_on", "receipt_on", "objected_on", "person", "batch"]
    made.full_clean(exclude=left, validate_constraints=False)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise AlreadyEnrolled("Cette personne vient d’être inscrite. Ouvrez son inscription.") from None
    return made


@sensitive_variables()
def _items(values: Mapping[str, str], received_on: date, asked_by: str, proof: str, channel: str) -> dict[str, str]:
    """The nine legal items, clean. Raises ValidationError by field, ThirdPartyProofMissing."""
    said = {name: " ".join(text.split()) for name, text in values.items()}
    wrong: dict[str, str] = {}
    if asked_by not in Enrolment.ASKERS or channel not in Enrolment.CHANNELS or {asked_by, channel} & BY_FILE:
        wrong["asked_by"] = "Dites qui demande, et comment."
    third = asked_by == "third_party"
    if third and (channel not in WRITING or not _numbered(proof)):
        raise ThirdPartyProofMissing(
            "Un tiers ne peut inscrire quelqu’un que par écrit, une personne à la fois : notez le numéro de sa lettre "
            "ou de son courriel. Sinon, proposez à la personne d’appeler elle-même."
        )
    if received_on > clock.today():
        wrong["received_on"] = "Cette date est à venir : indiquez le jour où la demande est arrivée."
    name = names_cell(last=said.get("last_name", ""), first=said.get("first_name", ""))
    if not said.get("last_name") or not said.get("first_name"):
        wrong["last_name"] = "Écrivez le nom et le prénom."
    elif len(name) > 160:
        wrong["last_name"] = "Ce nom est trop long : 160 signes au plus."
    phone = ""
    try:
        phone = phones.normalise(said.get("phone", ""))
    except ValueError as error:
        wrong["phone"] = str(error)
    try:
        birth = date.fromisoformat(said.get("birth_date", ""))
        if not date(1895, 1, 1) <= birth <= clock.today():
            raise ValueError
    except ValueError:
        wrong["birth_date"] = "Vérifiez la date de naissance, par exemple 07/03/1941."
    if said.get("capacity") not in CAPACITIES:
        wrong["capacity"] = "Choisissez à quel titre la personne s’inscrit."
    if not said.get("address"):
        wrong["address"] = "Écrivez l’adresse où la personne vit : c’est là que la lettre part."
    if third and not said.get("third_party"):
        wrong["third_party"] = "Écrivez le nom et la qualité du tiers."
    for field, most in LONGEST.items():
        if len(said.get(field, "")) > most:
            wrong[field] = f"Écrivez {most} signes au plus."
    if wrong:
        raise ValidationError(wrong)
    cells = {
        "names": name,
        "birth_date": said["birth_date"],
        "capacity": CAPACITIES[said["capacity"]],
        "address": said["address"],
        "phone": phone,
        "home_service": said.get("home_service", ""),
        "emergency_contact": said.get("emergency_contact", ""),
        "requested_on": received_on.isoformat(),
        "third_party": said.get("third_party", "") if third else "",
    }
    return {item: cells[item] for item in ITEMS}


def _numbered(proof: str) -> bool:
    """A number of a register of mail: at least one digit, letters, digits and few signs; no sentence, no name."""
    return 3 <= len(proof) <= 40 and any(sign.isdigit() for sign in proof)


@transaction.atomic
def complete_enrolment(
    actor: Actor, *, enrolment: Enrolment, received_on: date | None = None, proof: str = ""
) -> None:
    """Say what the file of this enrolment left out: the day of the request, the number of a third party's letter.

    Effective from then on, its letter due eight days after the request; the day becomes item 8 of the record. A day
    that the file gave stays. Raises NotAllowed, ValidationError by field, IllegalTransition (completed already), and
    the refusals of `vault.usecases.write`.
    """
    me = policies.require_keeper(actor)
    row = queries.enrolment_register(actor, enrolment.register)
    day, third = enrolment.received_on or received_on, enrolment.asked_by == "third_party"
    wrong: dict[str, str] = {}
    if day is None:
        wrong["received_on"] = "Indiquez le jour où la demande est arrivée. Si personne ne le sait, demandez-le."
    elif not BEGAN <= day <= clock.today():
        wrong["received_on"] = "Vérifiez cette date : la demande est arrivée entre 2004 et aujourd’hui."
    if third and not _numbered(proof):
        wrong["proof"] = "Notez le numéro sous lequel la lettre ou le courriel du tiers est enregistré."
    if wrong or day is None:
        raise ValidationError(wrong)
    said = {"received_on": day, "due_on": day + RECEIPT, "proof": proof if third else "", "recorded_by": me}
    known = enrolment.received_on is not None
    ENROLMENT.move(enrolment, "complete", **said)
    if not known:
        motive = f"Date de la demande, inscription {enrolment.public_id}"
        values: dict[str, str | None] = {f"{row.code}.requested_on": day.isoformat()}
        vault.write(actor, person=enrolment.person_id, values=values, purpose=KEEP, motive=motive)
    record(actor.speaking_for(enrolment.person_id), COMPLETED, enrolment)


HEARD: Final[Mapping[str, Channel]] = {
    "phone": "phone", "counter": "counter", "letter": "paper", "email": "mail", "web": "web",
}  # fmt: skip
"""How the trail names the channel of an enrolment."""


def note_check(register: str, person: UUID, on: date, way: str, by: int | None) -> None:
    """What the register says of this person was heard to be right that day; an older word changes nothing."""
    fresh = {"checked_on": on, "way": way, "checked_by": by}
    LastCheck.objects.bulk_create([LastCheck(register=register, person_id=person, **fresh)], ignore_conflicts=True)
    LastCheck.objects.filter(register=register, person=person, checked_on__lt=on).update(**fresh)


@transaction.atomic
def confirm_receipt(actor: Actor, *, enrolment: Enrolment, received_on: date) -> None:
    """The person said, or the post proved, that the acknowledgement arrived that day: the agreement is confirmed.

    Never by default: without a word, it stays *accusé envoyé*. Raises NotAllowed, ValidationError, IllegalTransition.
    """
    me = policies.require_keeper(actor)
    if enrolment.acknowledged_on is None:
        raise IllegalTransition("L’accusé de réception n’est pas encore parti : imprimez-le d’abord.")
    if not enrolment.acknowledged_on <= received_on <= clock.today():
        raise ValidationError(
            {"received_on": "La lettre a été reçue entre son envoi et aujourd’hui : vérifiez cette date."}
        )
    ENROLMENT.move(enrolment, "confirm", receipt_on=received_on)
    note_check(enrolment.register, enrolment.person_id, received_on, "letter", me)
    record(actor, CONFIRMED, enrolment)


@transaction.atomic
def remove_enrolment(actor: Actor, *, enrolment: Enrolment) -> None:
    """The person wants out, or does not agree: at once, whatever the state, without a reason asked.

    The record is closed: it serves nothing but their rights, until it is erased. Raises NotAllowed, IllegalTransition.
    """
    policies.require_keeper(actor)
    ENROLMENT.move(enrolment, "object", objected_on=clock.today())
    vault.set_record(actor, person=enrolment.person_id, register=enrolment.register, status="closed")
    record(actor.speaking_for(enrolment.person_id), REMOVED, enrolment)
