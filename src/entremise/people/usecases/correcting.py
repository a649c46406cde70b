"""Correcting what is held, with a word to the address held before; erasing, at two."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.people.engine import email as emails, identity, phone as phones
from entremise.people.models import (
    IdentityMark,
    LetterCode,
    Mandate,
    Objection,
    Person,
    PhoneLine,
    RightsRequest,
    TrustedContact,
)
from entremise.people.registry import tell_said
from entremise.people.usecases.lines import forget_lines, mark_lines
from entremise.people.usecases.messages import deliver
from entremise.people.usecases.objections import apply_objections
from entremise.people.usecases.rights import RequestNotDone, person_asked
from entremise.people.usecases.speaking import RIGHTS, is_protected, require_desk, require_word
from entremise.vault import queries as facts, registry, usecases as vault

RECTIFIED = declare("people.person.rectified", "a corrigé les données d’une personne à sa demande")
ERASURE_ASKED = declare("people.erasure.asked", "a demandé l’accord d’une autre personne pour effacer")
ERASED = declare("people.person.erased", "a effacé une personne à sa demande")

CONTACT = frozenset({"phone", "address"})
WARNING = (
    "Bonjour. Les coordonnées que nous avons pour vous joindre changent à votre demande. "
    "Si vous n’avez rien demandé, appelez-nous tout de suite."
)


class ContactProtected(DomainError):
    """The contact data of a threatened person change at the counter only."""

    code = "contact_protected"


class ContactUnconfirmed(DomainError):
    """Nothing could be sent to the address held before."""

    code = "contact_unconfirmed"


@sensitive_variables()
def rectify(actor: Actor, *, person: Person, values: Mapping[str, str], motive: str, letter_sent: bool = False) -> str:
    """Write what the person corrects (`register.field` → value); how they were warned: `email`, `sms`, `letter`, ``.

    Before a telephone, an e-mail or a postal address changes, a word goes to the one held until then; when nothing can
    be sent, an agent prints the letter first (`letter_sent`). Called outside transactions: a mail server is slow.
    Raises NotAllowed, ValidationError by field, ContactProtected, ContactUnconfirmed, and as `vault.usecases.write`.
    """
    require_word(actor, person.pk)
    if actor.person_id != person.pk and actor.mandate_id is None:
        require_desk(actor)
    clean = _clean(values)
    touched = {name for name in clean if registry.asked(name).category in CONTACT}
    way = ""
    if touched:
        if is_protected(person.pk) and actor.channel != "counter":
            raise ContactProtected("Les coordonnées de cette personne ne changent qu’au guichet, pièce en main.")
        held = vault.open(actor, person=person.pk, fields=sorted(touched), purpose=RIGHTS, motive=motive).values
        changed = {name for name in touched if held.get(name, "") not in ("", clean[name])}
        if changed:
            way = deliver(
                actor, person=person, subject="Vos coordonnées changent", text=WARNING, purpose=RIGHTS, motive=motive
            )
            if way == "none" and not letter_sent:
                raise ContactUnconfirmed(
                    "Nous n’avons ni courriel ni mobile pour prévenir la personne : une lettre part d’abord à "
                    "l’adresse connue. Imprimez-la, puis enregistrez la correction."
                )
            way = "letter" if way == "none" else way
    with transaction.atomic():
        vault.write(actor, person=person.pk, values=clean, purpose=RIGHTS, motive=motive)
        for register in {name.partition(".")[0] for name in clean}:
            here = {name.partition(".")[2]: text for name, text in clean.items() if name.startswith(f"{register}.")}
            apply_objections(actor, persons={person.pk: here})
        mark_lines(cells={person.pk: clean})
        record(actor, RECTIFIED, person, fields=len(clean), warned=way or "no")
    return way


@sensitive_variables()
def _clean(values: Mapping[str, str]) -> dict[str, str]:
    """Normalised as the vault searches them. ValidationError by field, in French, which quotes nothing."""
    clean, wrong = {}, {}
    for name, value in values.items():
        field = name.partition(".")[2].partition("#")[0]
        text = " ".join(value.split())
        try:
            if text and field in ("phone", "relative_phone"):
                text = phones.normalise(text)
            elif text and field == "email":
                text = emails.normalise(text)
            elif text and field == "birth_date":
                day = identity.birth_date(text)
                if day is None:
                    raise ValueError("Écrivez la date ainsi : 07/03/1941.")
                text = day.isoformat()
            elif len(text) > 300:
                raise ValueError("Ce texte est trop long : écrivez 300 caractères au plus.")
        except ValueError as error:
            wrong[name] = str(error)
            continue
        clean[name] = text
    if wrong:
        raise ValidationError(wrong) from None
    return clean


@transaction.atomic
def ask_erasure(actor: Actor, *, request: RightsRequest, motive: str) -> str:
    """Ask for the second agreement that an erasure needs; its reference. Asked twice, it is the same one.

    Raises NotAllowed (the DPO and the keeper ask), NotFound, RequestNotDone (nothing is held), ValidationError.
    """
    require_desk(actor)
    person = person_asked(request)
    if request.special_request:
        return request.special_request
    records = facts.records_of(person.pk)
    if not records:
        raise RequestNotDone("Rien n’est noté de cette personne : il n’y a rien à effacer.")
    asked = vault.ask(
        actor,
        kind="erasure",
        purpose=RIGHTS,
        motive=motive,
        registers=[records[0].register],
        persons=[person.pk],
    )
    RightsRequest.objects.filter(pk=request.pk).update(special_request=asked.public_id)
    request.special_request = asked.public_id
    record(actor, ERASURE_ASKED, request)
    return asked.public_id


@transaction.atomic
def erase_person(actor: Actor, *, request: RightsRequest, motive: str) -> int:
    """Destroy the keys of everything held of the person who asked it; how many records. At two: the special request
    was agreed to by somebody else (`vault.usecases.ask`, kind `erasure`).

    Objections are kept, with the fingerprints that carry them to a file to come; nothing else. Raises NotAllowed,
    NotFound, and as `vault.usecases.erase`.
    """
    require_desk(actor)
    person = person_asked(request)
    count = vault.erase(actor, person=person.pk, purpose=RIGHTS, motive=motive, request=request.special_request)
    _forget(person.pk)
    record(actor, ERASED, person, records=count)
    return count


def _forget(person: UUID) -> None:
    """What `people` keeps in clear of somebody erased: nothing but the word they left."""
    now = clock.now()
    PhoneLine.objects.filter(person=person).delete()
    forget_lines([person])
    tell_said([person], "")
    TrustedContact.objects.filter(person=person, removed_at=None).update(removed_at=now)
    LetterCode.objects.filter(person=person, state="issued").update(state="replaced", closed_at=now)
    Mandate.objects.filter(person=person, state__in=["declared", "verified"]).update(state="revoked", closed_at=now)
    if not Objection.objects.filter(person=person, withdrawn_at=None).exists():
        IdentityMark.objects.filter(person=person).delete()
