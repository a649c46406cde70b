"""The only thing that leaves for a geocoder: an address, checked so that no name, phone or e-mail goes with it.

Source: reference mutual-aid § 13.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Precision = Literal["exact", "street", "locality", "commune", "none"]
PRECISIONS: dict[str, Precision] = {
    "housenumber": "exact",
    "street": "street",
    "locality": "locality",
    "municipality": "commune",
}
SURE, POSSIBLE = 0.8, 0.5  # decision thresholds on the geocoder's score


class AddressRefused(ValueError):
    """The text holds something that must not leave; the message never repeats it."""


@dataclass(frozen=True, slots=True)
class AddressText:
    """An address without anybody in it. Build it with `of`, which drops and refuses."""

    number: str
    street: str
    postcode: str
    city: str
    citycode: str

    @classmethod
    def of(cls, *, number: str, street: str, postcode: str, city: str, citycode: str) -> AddressText:
        """Raises AddressRefused when a phone, an e-mail or a long run of digits is in the text."""
        if not re.fullmatch(r"(\d{5})?", postcode.strip()):
            raise AddressRefused("Le code postal compte cinq chiffres, par exemple 38000.")
        if not re.fullmatch(r"\d[\dAB]\d{3}", citycode):
            raise AddressRefused("Le code INSEE de la commune n’est pas valable.")
        return cls(_clean(number), _clean(street), postcode.strip(), _clean(city), citycode)

    @property
    def query(self) -> str:
        return " ".join(part for part in (self.number, self.street, self.postcode, self.city) if part)

    @property
    def normalised(self) -> str:
        """The same address written otherwise gives the same text: key of the answers kept."""
        text = unicodedata.normalize("NFKD", f"{self.query} {self.citycode}".casefold())
        return " ".join(re.findall(r"[a-z0-9]+", "".join(c for c in text if not unicodedata.combining(c))))


_TITLE = r"(?:messieurs|monsieur|mesdames|madame|mademoiselle|mlles?|mmes?|mrs?|mm|m\.|me\.)"
_DROPPED = [
    # « chez … », « c/o … », « aux bons soins de … »: to the next comma or the end
    re.compile(r"(?:\bchez\b|\bc\s*/\s*o\b|\baux bons soins d)[^,;\n]*", re.IGNORECASE),
    # « M. Untel », « Dr Untel » at the start of a part: up to the comma or the house number
    re.compile(rf"(?:(?<=[,;\n])|^)\s*(?:et\s+)?(?:{_TITLE}|dr\b|docteur\b)\.?(?:\s+[^,;\n\d]*|$)", re.IGNORECASE),
    # a title further on, with its words up to the comma or a number: a street named so loses precision, never a person
    re.compile(rf"(?<!\w){_TITLE}\.?\s+[^,;\n\d]+", re.IGNORECASE),
    # flat, door, staircase, code, letter-box: only when a number, a single letter or a keypad sign follows
    re.compile(
        r"\b(?:appartement|appart|appt?|apt|porte|pte|[ée]tage|escalier|esc|digicode|interphone|code|bo[iî]te|bte|bal)"
        r"\b\.?\s*(?:n[°o]\.?\s*)?:?\s*(?:[\w*#-]*\d[\w*#-]*|[a-z]\b(?!['’]))",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?:\d{1,2}\s*(?:er|[eè]re|[eè]me|e|è)\s+[ée]tage|rez[- ]de[- ]chauss[ée]e|rdc)\b", re.IGNORECASE),
]
_MAIL = re.compile(r"\S@\S|\bmailto\b", re.IGNORECASE)
_PHONE = re.compile(r"(?:\+|\b00)\s*\d{1,3}(?:[\s.\-()]*\d){6,}|\b0\s*[1-9](?:[\s.\-]*\d{2}){3,4}\b")
_RUN = re.compile(r"\d(?:[.\-_/]?\d){5,}")


def _clean(text: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", text).replace("\x00", " ").split()) if "\n" not in text else text
    if _MAIL.search(text):
        raise AddressRefused("Retirez l’adresse électronique : seule l’adresse postale sert à trouver le lieu.")
    if _PHONE.search(text) or _RUN.search(text):
        raise AddressRefused("Retirez le numéro de téléphone ou le code : seule l’adresse sert à trouver le lieu.")
    for pattern in _DROPPED:
        text = pattern.sub(" ", text)
    text = re.sub(r"\s*[,;]+\s*", ", ", " ".join(text.split()))
    return text.strip(" ,;.-")[:200]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point that the geocoder proposes; `label` is shown to whoever chooses and is not kept."""

    lat: float
    lon: float
    score: float
    type: str
    label: str = ""

    @property
    def precision(self) -> Precision:
        return PRECISIONS.get(self.type, "locality")


def decide(candidates: list[Candidate]) -> Candidate | None:
    """The one taken without asking anybody: a house number at 0.8 or better."""
    best = max(candidates, key=lambda found: found.score, default=None)
    return best if best is not None and best.score >= SURE and best.type == "housenumber" else None
