"""Telephone numbers: as people write them, as the product keeps them (E.164), as they are read aloud."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

FRENCH = re.compile(r"\+33[1-9]\d{8}")
MOBILE = re.compile(r"\+33[67]\d{8}")
LETTERS = re.compile(r"[^\W\d_]", re.UNICODE)
EXAMPLE = "Écrivez-le en dix chiffres, par exemple 06 39 98 12 34."


def normalise(text: str, region: str = "FR") -> str:
    """The number in E.164 (`+33639981234`), from any usual writing, dots, spaces, `0033` or `+33 (0)` included.

    Numbers that no operator gave out pass, as long as they have the right form: the ranges reserved for fiction are
    such. ValueError with a French sentence, which never quotes the number, otherwise.
    """
    text = text.strip().replace("(0)", "").replace("\u00a0", " ").replace("\u202f", " ")
    if not text:
        raise ValueError(f"Donnez un numéro de téléphone. {EXAMPLE}")
    if LETTERS.search(text):
        raise ValueError(f"Un numéro de téléphone ne contient pas de lettres. {EXAMPLE}")
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        raise ValueError(f"Ce numéro de téléphone n’est pas reconnu. {EXAMPLE}") from None
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if number.country_code == 33:
        digits = len(written) - len("+33")
        if digits < 9:
            raise ValueError(f"Il manque des chiffres à ce numéro de téléphone. {EXAMPLE}")
        if digits > 9:
            raise ValueError(f"Ce numéro de téléphone a trop de chiffres. {EXAMPLE}")
        if not FRENCH.fullmatch(written):
            raise ValueError(f"Ce numéro de téléphone n’est pas reconnu. {EXAMPLE}")
    elif not phonenumbers.is_possible_number(number):
        raise ValueError(
            "Ce numéro étranger n’a pas le bon nombre de chiffres. Écrivez-le avec son indicatif, « +32… »."
        )
    return written


def readable(e164: str) -> str:
    """As it is read aloud: `06 39 98 12 34` for a French number, `+32 2 555 12 12` for another."""
    if FRENCH.fullmatch(e164):
        national = "0" + e164[3:]
        return " ".join(national[i : i + 2] for i in range(0, 10, 2))
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return e164


def receives_sms(e164: str) -> bool:
    """Whether a text message may reach it: a French mobile, or a foreign number that is not known as a fixed line."""
    if e164.startswith("+33"):
        return bool(MOBILE.fullmatch(e164))
    kind = phonenumbers.number_type(phonenumbers.parse(e164))
    return kind != phonenumbers.PhoneNumberType.FIXED_LINE
