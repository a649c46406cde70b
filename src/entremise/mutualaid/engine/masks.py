"""Bit masks: what a helper offers and what a need asks, compared in one AND, in SQL as in Python.

A mask is a whole number ≥ 0 that fits a signed 64-bit column: at most 62 categories, 14 half-days, 62 languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
HALVES = ("matin", "après-midi")
SLOT_LABELS = tuple(f"{day} {half}" for day in DAYS for half in HALVES)
ANY_SLOT = (1 << len(SLOT_LABELS)) - 1
WEEKDAYS = (1 << 10) - 1
WEEKEND = ANY_SLOT & ~WEEKDAYS
MORNINGS = sum(1 << bit for bit in range(0, 14, 2))
AFTERNOONS = ANY_SLOT & ~MORNINGS

# ISO 639 codes in the order of their bits: never reorder, only append.
LANGUAGES = {
    "fr": "français",
    "en": "anglais",
    "ar": "arabe",
    "es": "espagnol",
    "pt": "portugais",
    "it": "italien",
    "tr": "turc",
    "ber": "berbère",
    "zh": "chinois",
    "vi": "vietnamien",
    "ru": "russe",
    "uk": "ukrainien",
    "ro": "roumain",
    "pl": "polonais",
    "de": "allemand",
    "ta": "tamoul",
    "bn": "bengali",
    "ur": "ourdou",
    "fa": "persan",
    "so": "somali",
    "wo": "wolof",
    "ff": "peul",
    "bm": "bambara",
    "ln": "lingala",
    "sq": "albanais",
    "sr": "serbe",
    "hy": "arménien",
    "ka": "géorgien",
    "km": "khmer",
    "fsl": "langue des signes",
}
_LANGUAGE_BIT = {code: bit for bit, code in enumerate(LANGUAGES)}


def mask_of(bits: Iterable[int]) -> int:
    """The mask with these bits set. ValueError outside 0–61."""
    mask = 0
    for bit in bits:
        if not 0 <= bit <= 61:
            raise ValueError(f"bit {bit} does not fit a mask")
        mask |= 1 << bit
    return mask


def bits_of(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def languages_mask(codes: Iterable[str]) -> int:
    """KeyError for a language that is not in the table."""
    return mask_of(_LANGUAGE_BIT[code] for code in codes)


def languages_of(mask: int) -> list[str]:
    codes = list(LANGUAGES)
    return [codes[bit] for bit in bits_of(mask) if bit < len(codes)]


def language_labels(mask: int) -> list[str]:
    return [LANGUAGES[code] for code in languages_of(mask)]


def slot_label(mask: int) -> str:
    """Half-days in words: « tous les jours », « matins de semaine », « mardi matin, jeudi après-midi »."""
    mask &= ANY_SLOT
    named = {
        ANY_SLOT: "tous les jours",
        WEEKDAYS: "en semaine",
        WEEKEND: "le week-end",
        MORNINGS: "tous les matins",
        AFTERNOONS: "tous les après-midis",
        MORNINGS & WEEKDAYS: "les matins de semaine",
        AFTERNOONS & WEEKDAYS: "les après-midis de semaine",
    }
    return named.get(mask) or ", ".join(SLOT_LABELS[bit] for bit in bits_of(mask))
