"""The registers and their fields: each field has exactly one category, on which policies decide.

Purposes and categories are closed vocabularies: reference rules-vault-commons § 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PURPOSES: Mapping[str, str] = {
    "outreach.call": "appel de veille",
    "outreach.keep_in_touch": "appel de lien, hors crise",
    "outreach.visit": "visite à domicile",
    "outreach.rescue": "secours",
    "referrals.refer": "orientation",
    "mutualaid.contact": "mise en relation",
    "mutualaid.meet": "rencontre convenue",
    "mutualaid.geocode_fix": "adresse à corriger",
    "mutualaid.refund": "remboursement",
    "mutualaid.moderate": "signalement",
    "registers.inform": "information sur le registre",
    "registers.keep": "tenue du registre",
    "registers.link": "rapprochement",
    "registers.target": "repérage",
    "registers.prefect": "communication au préfet",
    "people.rights": "exercice des droits",
    "insights.statistics": "statistique",
    "vault.audit": "contrôle du coffre",
}
CATEGORIES: Mapping[str, str] = {
    "name": "nom et prénoms",
    "birth": "naissance",
    "phone": "téléphone et courriel",
    "address": "adresse",
    "position": "point exact",
    "preferences": "langue, créneau, précisions pratiques",
    "relatives": "proches",
    "housing": "logement",
    "social": "situation sociale",
    "benefits": "aides",
    "health": "santé",
    "difficulty": "difficulté repérée",
    "registration": "qualité, date, tiers",
    "call_report": "réponses au script",
    "message": "échanges relayés",
    "free_text": "note libre",
    "linkage_key": "numéro d’origine",
    "payment": "RIB, reçus",
}
INDEXABLE = frozenset({"phone", "identity", "linkage_key"})
"""The only values that may have a blind index (§ 8): the others have too few modalities to stay blind."""


@dataclass(frozen=True, slots=True)
class Register:
    """`fields`: code → category. `repeated`: the codes that exist several times, written `code#subject`."""

    code: str
    label: str
    fields: Mapping[str, str]
    repeated: frozenset[str] = field(default=frozenset())
    indexed: frozenset[str] = field(default=frozenset())


_registers: dict[str, Register] = {}


def declare(register: Register) -> Register:
    """Add a register; ValueError for a duplicate, an unknown category, an index that the vault must not keep."""
    if register.code in _registers:
        raise ValueError(f"register {register.code!r} is declared twice")
    if unknown := set(register.fields.values()) - set(CATEGORIES):
        raise ValueError(f"unknown categories: {sorted(unknown)}")
    if wrong := register.indexed - INDEXABLE:
        raise ValueError(f"no blind index on {sorted(wrong)}")
    _registers[register.code] = register
    return register


def register(code: str) -> Register:
    """KeyError when nobody declared it."""
    return _registers[code]


@dataclass(frozen=True, slots=True)
class Asked:
    """A field as it is asked: `entraide.note#x` is field `note#x` of register `entraide`."""

    name: str
    register: str
    field: str
    category: str


def asked(name: str) -> Asked:
    """KeyError when the register or the field does not exist, or its subject is missing or superfluous."""
    code, _, cell = name.partition(".")
    where = _registers[code]
    base, mark, subject = cell.partition("#")
    if (base in where.repeated) != bool(mark and subject) or len(cell) > 80:
        raise KeyError(name)
    return Asked(name, code, cell, where.fields[base])


ENTRAIDE = declare(
    Register(
        "entraide",
        "Entraide",
        {
            "first_name": "name",
            "last_name": "name",
            "phone": "phone",
            "email": "phone",
            "address": "address",
            "position": "position",
            "note": "preferences",
        },
        repeated=frozenset({"note"}),
        indexed=frozenset({"phone"}),
    )
)
