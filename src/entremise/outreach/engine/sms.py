"""How many text messages a text makes: one sign outside the GSM alphabet more than halves what one message holds.

Source: 3GPP TS 23.038 (7-bit default alphabet and its extension table); reference outreach-and-referrals § 14.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Each takes two places: an escape, then the sign."""
PLAIN: Final = {"’": "'", "‘": "'", "«": '"', "»": '"', "“": '"', "”": '"', "…": "...", "–": "-", "—": "-", "œ": "oe",
                "Œ": "OE", "ê": "e", "ë": "e", "ç": "c", "î": "i", "ï": "i", "ô": "o", "û": "u", "â": "a", "À": "A",
                "È": "E", "Ê": "E", "Î": "I", "Ô": "O", "\u00a0": " ", "\u202f": " "}  # fmt: skip
"""What a person may write instead, to stay at 160 signs."""


@dataclass(frozen=True, slots=True)
class Size:
    """`units`: places taken (7-bit ones, or 16-bit ones); `each`: what one message of this text holds; `strange`: the
    signs that make it UCS-2, in the order met."""

    encoding: str
    units: int
    segments: int
    each: int
    strange: tuple[str, ...] = ()


def size(text: str) -> Size:
    """The size of a text message. An empty text makes none."""
    strange = tuple(dict.fromkeys(sign for sign in text if sign not in GSM and sign not in EXTENDED))
    if strange:
        widths, one, many = [len(sign.encode("utf-16-le")) // 2 for sign in text], 70, 67
    else:
        widths, one, many = [2 if sign in EXTENDED else 1 for sign in text], 160, 153
    units = sum(widths)
    encoding = "UCS-2" if strange else "GSM-7"
    if units <= one:
        return Size(encoding, units, min(units, 1), one, strange)
    return Size(encoding, units, _cut(widths, many), many, strange)


def _cut(widths: list[int], many: int) -> int:
    """Messages needed: a sign of two places is never cut in two."""
    segments, room = 1, many
    for width in widths:
        if width > room:
            segments, room = segments + 1, many
        room -= width
    return segments


def plain(text: str) -> str:
    """The same text with nothing outside the GSM alphabet, where a usual sign can stand in."""
    return "".join(PLAIN.get(sign, sign) for sign in text)


def said(found: Size) -> str:
    """The size in a sentence: what it costs, and which signs make it so."""
    if not found.segments:
        return "Texte vide."
    messages = "1 SMS" if found.segments == 1 else f"{found.segments} SMS par personne"
    text = f"{found.units} signes, {messages} ({found.each} signes par SMS)."
    if found.strange:
        signs = " ".join(f"« {sign} »" if sign.strip() else "espace insécable" for sign in found.strange[:6])
        text += f" Signes qui ramènent chaque SMS à {found.each} : {signs}."
    return text
