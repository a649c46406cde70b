"""What may be done about persons."""

from __future__ import annotations

from entremise.people.usecases.consents import record_consent, record_consents, withdraw_consent
from entremise.people.usecases.messages import MessageNotSent, MessageRevealing, deliver
from entremise.people.usecases.persons import register_many, register_person, update_person

__all__ = [
    "MessageNotSent",
    "MessageRevealing",
    "deliver",
    "record_consent",
    "record_consents",
    "register_many",
    "register_person",
    "update_person",
    "withdraw_consent",
]
