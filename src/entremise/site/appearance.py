"""How the instance presents itself: the territory's theme, with defaults before it is filled."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from entremise.kernel.navigation import Text
from entremise.territories import queries
from entremise.territories.models import Theme

OURS = "#0b5563"  # the colour of entremise.css: a territory that keeps it needs no second sheet


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
    logo_text: str = ""
    access_state: str = ""
    access_rate: str = ""
    access_audited_on: date | None = None
    access_auditor: str = ""
    access_gaps: str = ""
    access_written_on: date | None = None
    access_contact: str = ""
    access_delay_days: str = ""
    access_scheme_url: str = ""
    access_plan_url: str = ""
    logo_hash: str = ""

    @property
    def phone_link(self) -> str:
        """The number for a `tel:` link: +33… for a French number of ten digits, else its digits."""
        digits = re.sub(r"[^\d+]", "", self.phone)
        return f"+33{digits[1:]}" if re.fullmatch(r"0\d{9}", digits) else digits

    @property
    def accessibility_words(self) -> Text:
        """« non conforme » unless a valid audit says otherwise: none conforms without one (law 2005-102)."""
        return STATES.get(self.access_state, STATES["none"])

    @property
    def sheet_address(self) -> str:
        """Where the colours of the territory are, hashed so that browsers keep them; none for our own colour."""
        return f"/theme.css?v={_sheet_hash(self.colour)}" if self.colour and self.colour != OURS else ""

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
    "host": _("hébergeur : nom, adresse, téléphone"),
    "dpo_contact": _("contact de la personne déléguée à la protection des données"),
}
DECLARATION: dict[str, Text] = {
    "access_audited_on": _("date de l’audit"),
    "access_auditor": _("qui a fait l’audit"),
    "access_rate": _("taux de critères respectés"),
    "access_gaps": _("contenus non accessibles"),
    "access_written_on": _("date de la déclaration"),
    "access_contact": _("contact pour l’accessibilité"),
    "access_delay_days": _("délai de réponse"),
    "access_scheme_url": _("adresse du schéma pluriannuel"),
    "access_plan_url": _("adresse du plan de l’année"),
}
STATES: dict[str, Text] = {
    "none": _("non conforme"),
    "partial": _("partiellement conforme"),
    "full": _("totalement conforme"),
}


@lru_cache(maxsize=16)
def _sheet_hash(colour: str) -> str:
    return Theme(colour=colour).css_hash


def look() -> Look:
    """The theme as pages need it. Never raises: an error page must show the phone number even without a database."""
    default = Look(phone=settings.PHONE)
    try:
        theme = queries.theme()
    except DatabaseError:
        return default
    found = {f.name: getattr(theme, f.name) for f in fields(Look)}
    kept: dict[str, Any] = {
        name: value if isinstance(value, date) else str(value) for name, value in found.items() if value
    }
    return replace(default, **kept)
