"""Sending a message to a person, without anybody seeing where it goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal
from uuid import UUID

from django.db import connection, transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel.actors import Actor
from entremise.kernel.errors import DomainError
from entremise.people import clients, queries
from entremise.people.engine import phone as phones
from entremise.people.models import Person
from entremise.people.usecases.lines import NEXT, numbers_of
from entremise.vault import usecases as vault

SENT = declare("people.message.sent", "a envoyé un message")

Way = Literal["email", "sms", "none"]
ORDER: dict[str, tuple[Way, ...]] = {
    "sms": ("sms", "email"),
    "email": ("email", "sms"),
    "phone": ("email",),  # who prefers a call gets no text message they may not read; an e-mail does no harm
    "letter": (),
    "none": (),
}


class MessageRevealing(DomainError):
    code = "message_revealing"


class MessageNotSent(DomainError):
    code = "message_not_sent"


@sensitive_variables()
def deliver(
    actor: Actor, *, person: Person | UUID, subject: str, text: str, purpose: str, motive: str, sms: str = ""
) -> Way:
    """Send a message by the person's preferred way that exists; which one it was, `none` when somebody must call.

    `sms` is the short form for a phone, `text` by default.

    Called outside any transaction: a mail server may be slow. The channel is opened through the vault, journalled.
    Raises MessageRevealing when the text holds the recipient's number or address, MessageNotSent when the gateway
    refuses (try again later), and the refusals of `vault.usecases.open`.
    """
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise RuntimeError("deliver is called outside transactions")
    row = person if isinstance(person, Person) else queries.person(person)
    ways = ORDER[row.preferred_channel]
    if not ways:
        return "none"
    names = {"sms": f"{queries.REGISTER}.phone", "email": f"{queries.REGISTER}.email"}
    opening = vault.open(actor, person=row.pk, fields=list(names.values()), purpose=purpose, motive=motive)
    number, address = (opening.values.get(names[way], "") for way in ("sms", "email"))
    _reveals_nothing(f"{subject}\n{text}\n{sms}", number, address)
    for way in ways:
        if way == "email" and address:
            _send(lambda: clients.send_mail(address, subject, text))
        elif way == "sms" and number and phones.receives_sms(number):
            _send(lambda: clients.gateway().send(number, sms or text))
        else:
            continue
        with transaction.atomic():
            record(actor, SENT, row, way=way, purpose=purpose)
        return way
    return "none"


@sensitive_variables()
def text_line(actor: Actor, *, person: UUID, field: str, text: str, purpose: str, motive: str) -> None:
    """Send a text message to one line of a person, the one of `field` (`apa.phone`, `apa.phone|1`: `LineMark.field`).

    Called outside any transaction, as `deliver`; the number is opened through the vault, and nobody learns it. Raises
    MessageNotSent (the gateway refuses, or the line may not be read for this purpose), MessageRevealing, and the
    refusals of `vault.usecases.open`.
    """
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise RuntimeError("text_line is called outside transactions")
    cell, _, _ = field.partition(NEXT)
    opening = vault.open(actor, person=person, fields=[cell], purpose=purpose, motive=motive)
    number = numbers_of(cell, opening.values.get(cell, "")).get(field, "")
    if not number:
        raise MessageNotSent("Cette ligne ne peut pas être lue pour ce but.")
    _reveals_nothing(text, number, "")
    _send(lambda: clients.gateway().send(number, text))
    with transaction.atomic():
        record(actor, SENT, Person(pk=person), way="sms", purpose=purpose)


def _send(send: Callable[[], None]) -> None:
    try:
        send()
    except clients.NotSent as error:
        raise MessageNotSent(f"Le message n’est pas parti : {error}. Réessayez plus tard, ou appelez.") from None


def write_colleague(actor: Actor, *, address: str, subject: str, text: str) -> None:
    """A mail to somebody of the team, at the address of their account: it names no inhabitant. Outside transactions,
    as `deliver`; traced by the deed that asks for it. Raises MessageNotSent."""
    _send(lambda: clients.send_mail(address, subject, text))


def text_colleague(actor: Actor, *, number: str, text: str) -> None:
    """A text message to a telephone of the team (that of whoever is on duty). Raises MessageNotSent."""
    _send(lambda: clients.gateway().send(number, text))


@sensitive_variables()
def _reveals_nothing(text: str, number: str, address: str) -> None:
    """A message may be read by somebody else in the household: it names nobody and repeats no contact."""
    digits = re.sub(r"\D", "", text)
    if (number and number[-9:] in digits) or (address and address in text.lower()):
        raise MessageRevealing("Un message ne contient ni le numéro ni l’adresse de la personne : retirez-les.")
