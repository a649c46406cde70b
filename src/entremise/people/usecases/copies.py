"""A copy of everything held of a person: read on the page, on a letter, in a file. Opened by the vault, never kept."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotFound
from entremise.people import queries
from entremise.people.engine import cells, phone as phones
from entremise.people.models import Consent, Objection, Person, PhoneLine, TrustedContact
from entremise.people.registry import REGISTER, parts
from entremise.people.usecases.speaking import RIGHTS
from entremise.vault import queries as facts, registry, usecases as vault

STATES = {
    "to_inform": "vous n’en êtes pas encore informé·e : rien n’en est fait",
    "informed": "vous en êtes informé·e",
    "active": "en service",
    "frozen": "gelé : rien n’en est fait",
    "closed": "clos : rien n’en est fait",
}
MACHINE = "Fichier produit par Entremise pour l’exercice du droit à la portabilité (RGPD, article 20)."


@dataclass(frozen=True, slots=True, repr=False)
class Item:
    """One thing held: `name` is `register.field`; `reason` says why it is not shown, when it is not."""

    name: str
    label: str
    value: str
    reason: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Section:
    register: str
    label: str
    status: str
    state: str
    items: Sequence[Item]
    portable: bool


@dataclass(frozen=True, slots=True, repr=False)
class Copy:
    """What is held of a person now. Shown or printed at once: neither cached, queued, logged nor pickled."""

    person: Person
    made_at: datetime
    sections: Sequence[Section]
    consents: Sequence[Consent]
    objections: Sequence[Objection]
    rooms: Sequence[tuple[str, Sequence[Mapping[str, str]]]] = field(default=())

    def __repr__(self) -> str:
        return f"<Copy {len(self.sections)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a copy is neither cached, queued nor pickled")


@sensitive_variables()
def copy_of(actor: Actor, *, person: Person, motive: str) -> Copy:
    """Open all that is held, register by register, for the exercise of rights: one line of journal per record.

    What the rules keep from this actor is named with the reason. Raises the refusals of `vault.usecases.open`.
    """
    records = facts.records_of(person.pk)
    consent_based = {row.code for row in facts.registers() if row.consent_purposes}
    names = [name for record in records for name in _fields(person.pk, record.register)]
    values: dict[str, str] = {}
    reasons: dict[str, str] = {}
    if names:
        try:
            opening = vault.open(actor, person=person.pk, fields=names, purpose=RIGHTS, motive=motive)
        except NotFound:
            opening = None
        if opening is not None:
            values, reasons = dict(opening.values), {name: one.reason for name, one in opening.refused.items()}
    sections = []
    for record in records:
        mine = [name for name in names if name.partition(".")[0] == record.register]
        items = [
            Item(name, label_of(name), _readable(name, values.get(name, "")), reasons.get(name, ""))
            for name in mine
            if name in values or name in reasons
        ]
        sections.append(
            Section(
                record.register,
                record.label,
                record.status,
                STATES[record.status],
                items,
                record.register in consent_based,
            )
        )
    rooms = [(part.label, part.rows(person.pk)) for part in parts()]
    return Copy(
        person,
        clock.now(),
        sections,
        queries.consents(person),
        queries.objections(person.pk),
        [(label, rows) for label, rows in rooms if rows],
    )


def _fields(person: UUID, register: str) -> list[str]:
    """Every field this person may have in this register, those that exist several times included."""
    profile = registry.profile(register)
    alone = [code for code in profile.fields if code not in profile.repeated]
    names = [f"{register}.{code}" for code in (*alone, *(code + registry.RECEIVED for code in alone))]
    if register == REGISTER:
        names += [line.field for line in PhoneLine.objects.filter(person=person)]
        for contact in TrustedContact.objects.filter(person=person, removed_at=None):
            names += contact.fields.values()
    for part in parts():
        names += [name for name in part.fields(person) if name.startswith(f"{register}.")]
    return names


def label_of(name: str) -> str:
    """The French of a field, `entraide.note#…` included."""
    register, _, rest = name.partition(".")
    code = rest.partition("#")[0]
    said = registry.profile(register).labels.get(code.removesuffix(registry.RECEIVED), code)
    return f"{said} (tel que reçu)" if code.endswith(registry.RECEIVED) else said


@sensitive_variables()
def _readable(name: str, value: str) -> str:
    field_code = name.partition(".")[2].partition("#")[0]
    return phones.readable(value) if field_code in ("phone", "relative_phone") and value else value


@sensitive_variables()
def as_json(copy: Copy) -> bytes:
    """What rests on consent, in a file another service can read (RGPD 20)."""
    said = {
        "format": "entremise-portabilite-1",
        "notice": MACHINE,
        "made_at": copy.made_at.isoformat(timespec="seconds"),
        "language": copy.person.language,
        "preferred_channel": copy.person.preferred_channel,
        "registers": [
            {
                "code": section.register,
                "label": section.label,
                "fields": [
                    {"name": item.name.partition(".")[2].partition("#")[0], "label": item.label, "value": item.value}
                    for item in section.items
                    if item.value
                ],
            }
            for section in copy.sections
            if section.portable
        ],
        "consents": [
            {"purpose": one.purpose, "answer": one.answer, "text": one.text_version, "at": one.at.isoformat()}
            for one in copy.consents
        ],
        "activities": {label: list(rows) for label, rows in copy.rooms},
    }
    return json.dumps(said, ensure_ascii=False, indent=2).encode()


@sensitive_variables()
def as_csv(copy: Copy) -> bytes:
    """The same as a table (UTF-8 with its mark, semicolons); a cell that looks like a formula is made harmless."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(["registre", "rubrique", "valeur"])
    for section in copy.sections:
        if section.portable:
            for item in section.items:
                if item.value:
                    writer.writerow([cells.safe(text) for text in (section.label, item.label, item.value)])
    for label, rows in copy.rooms:
        for row in rows:
            for name, text in row.items():
                writer.writerow([cells.safe(word) for word in (label, name, text)])
    return "\ufeff".encode() + out.getvalue().encode()
