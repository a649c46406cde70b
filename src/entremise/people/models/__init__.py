"""Persons without their identity, and what they said: no name, no number, no address is here."""

from __future__ import annotations

from entremise.people.models.aliases import PersonAlias
from entremise.people.models.codes import Knock, LetterCode
from entremise.people.models.contacts import IdentityMark, PhoneLine, TrustedContact
from entremise.people.models.lines import LineMark
from entremise.people.models.objections import Information, Objection
from entremise.people.models.persons import ANSWERS, CHANNELS, Consent, Person
from entremise.people.models.rights import Mandate, RightsRequest

__all__ = [
    "ANSWERS",
    "CHANNELS",
    "Consent",
    "IdentityMark",
    "Information",
    "Knock",
    "LetterCode",
    "LineMark",
    "Mandate",
    "Objection",
    "Person",
    "PersonAlias",
    "PhoneLine",
    "RightsRequest",
    "TrustedContact",
]
