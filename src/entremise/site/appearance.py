"""How the instance presents itself: the territory's theme, with defaults before it is filled."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from entremise.kernel.navigation import Text
from entremise.territories import queries


@dataclass(frozen=True, slots=True)
class Look:
    """What pages show of the territory. An empty text means: not filled yet, to be said as missing, never invented."""

    name: str = "Entremise"
    short_name: str = ""
    colour: str = ""
    phone: str = ""
    phone_hours: str = ""
    email: str = ""
    postal_address: str = ""
    publisher: str = ""
    host: str = ""
    dpo_contact: str = ""
    logo_svg: str = ""
    accessibility_state: str = ""
    accessibility_rate: str = ""
    accessibility_audited_on: str = ""
    accessibility_auditor: str = ""
    accessibility_reference: str = ""
    accessibility_not_conforming: str = ""
    accessibility_burden: str = ""
    accessibility_exempt: str = ""
    accessibility_written_on: str = ""
    accessibility_scheme_url: str = ""

    @property
    def phone_link(self) -> str:
        """The number for a `tel:` link: +33… for a French number of ten digits, else its digits."""
        digits = re.sub(r"[^\d+]", "", self.phone)
        return f"+33{digits[1:]}" if re.fullmatch(r"0\d{9}", digits) else digits

    @property
    def accessibility_words(self) -> Text:
        """« non conforme » unless a valid audit says otherwise: none conforms without one (law 2005-102)."""
        return STATES.get(self.accessibility_state, STATES["none"])

    @property
    def sheet_address(self) -> str:
        """Where the colours of the territory are, with their hash so that browsers may keep them a year."""
        return ""

    @property
    def missing_for_notice(self) -> list[Text]:
        """What the legal notice lacks: said to administrators, never invented."""
        return [word for name, word in NOTICE.items() if not getattr(self, name)]

    @property
    def missing_for_accessibility(self) -> list[Text]:
        return [word for name, word in DECLARATION.items() if not getattr(self, name)]


NOTICE: dict[str, Text] = {
    "postal_address": _("adresse postale"),
    "phone": _("téléphone"),
    "email": _("courriel"),
    "publisher": _("directeur ou directrice de la publication"),
    "host": _("hébergeur : nom, adresse, téléphone"),
    "dpo_contact": _("contact de la personne déléguée à la protection des données"),
}
DECLARATION: dict[str, Text] = {
    "accessibility_state": _("état de conformité"),
    "accessibility_audited_on": _("date de l’audit"),
    "accessibility_auditor": _("qui a fait l’audit"),
    "accessibility_rate": _("taux de critères respectés"),
    "accessibility_not_conforming": _("contenus non conformes"),
    "accessibility_written_on": _("date de la déclaration"),
    "accessibility_scheme_url": _("adresse du schéma pluriannuel"),
    "email": _("courriel de contact"),
    "postal_address": _("adresse postale"),
}
STATES: dict[str, Text] = {
    "none": _("non conforme"),
    "partial": _("partiellement conforme"),
    "full": _("totalement conforme"),
}


def look() -> Look:
    """The theme as pages need it. Never raises: an error page must show the phone number even without a database."""
    default = Look(phone=settings.PHONE)
    try:
        theme = getattr(queries, "theme", lambda: None)()
    except (DatabaseError, RuntimeError):
        return default
    if theme is None:
        return default
    found = {f.name: getattr(theme, f.name, "") or getattr(default, f.name) for f in fields(Look)}
    return Look(**{name: str(value) for name, value in found.items()})
