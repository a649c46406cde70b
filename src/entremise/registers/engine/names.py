"""Names of persons in France: one writing for all the writings of a name, and the sound of a name.

Rules and examples: tests/registers/test_names.py, row by row.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache


def listed(text: str) -> frozenset[str]:
    """A set of words written as one line."""
    return frozenset(text.split())


PARTICLES = listed(
    "DE DU DES D LE LA LES L EL AL ABD ABDEL BEN BOU AIT OULD VAN VON DER DEN DA DO DOS DI SAINT SAINTE MAC"
)
TITLES = listed("M MR MME MLLE MONSIEUR MADAME MADEMOISELLE DR")
MARKERS = {
    "NEE": "birth",
    "NE": "birth",
    "EPOUSE": "usage",
    "EPSE": "usage",
    "EP": "usage",
    "VEUVE": "usage",
    "VVE": "usage",
}
EMPTY = listed("X XX XXX INCONNU INCONNUE NR NC ND NEANT SANS TEST AUCUN AUCUNE NULL NAN NONE")
SAINTS = {"ST": "SAINT", "STE": "SAINTE"}
PLAIN = str.maketrans(
    {
        "œ": "oe",
        "Œ": "OE",
        "æ": "ae",
        "Æ": "AE",
        "ß": "ss",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "ı": "i",
        "’": " ",
    }
)
SEXES = {
    **dict.fromkeys(listed("F FEMME FEMININ FEMININE MME MLLE MADAME MADEMOISELLE 2"), "F"),
    **dict.fromkeys(listed("M H HOMME MASCULIN MASCULINE MR MONSIEUR 1"), "M"),
}
COUPLE = re.compile(r"\b(?:M|MR|MONSIEUR|MME|MADAME) (?:ET|OU) (?:M|MR|MONSIEUR|MME|MADAME)\b")


@lru_cache(1 << 18)
def upper(text: str) -> str:
    """Capitals and digits without accents, one space between words (`d’Almeida` → `D ALMEIDA`); idempotent."""
    plain = unicodedata.normalize("NFKD", text.translate(PLAIN)).encode("ascii", "ignore").decode().upper()
    return " ".join(re.findall("[A-Z0-9]+", plain))


def words(cell: str | None) -> list[str]:
    """The words of a cell, without titles in front (« Mme ») nor words that mean nothing (« inconnu »)."""
    found = [word for word in upper(cell or "").split() if word not in EMPTY]
    while len(found) > 1 and found[0] in TITLES:
        found = found[1:]
    return found


def glue(parts: list[str]) -> list[str]:
    """LE GOFF → LEGOFF, DE LA TOUR → DELATOUR; a particle alone, or in the last place, stays a name."""
    out, held = [], ""
    for word in parts:
        held += SAINTS.get(word, word)
        if word not in PARTICLES and word not in SAINTS:
            out.append(held)
            held = ""
    return out + ([held] if held else [])


def surnames(*cells: str | None) -> tuple[list[str], dict[str, str]]:
    """Every surname the person may be known under, and the role that a marker gives (née, épouse, veuve)."""
    names: list[str] = []
    roles: dict[str, str] = {}
    for found in map(words, cells):
        chunks: list[tuple[str | None, list[str]]] = [(None, [])]
        for word in found:
            if word in MARKERS and len(found) > 1:
                chunks.append((MARKERS[word], []))
            else:
                chunks[-1][1].append(word)
        for role, parts in ((role, glue(chunk)) for role, chunk in chunks):
            for name in parts + (["".join(parts)] if len(parts) > 1 else []):
                if name not in names:
                    names.append(name)
                if role:
                    roles.setdefault(name, role)
    return names, roles


def sex_of(cell: str | None) -> str | None:
    """`F` or `M` from a civility or a code of the file (`1`, `2` as INSEE writes them), None when nothing says so."""
    found = upper(cell or "").split()
    return SEXES.get(found[0]) if found else None


def two_persons(*cells: str | None) -> bool:
    """Whether a row names a couple (« M. et Mme », « Jean et Jeanne »): it is never made into one record."""
    return any(
        COUPLE.search(name) or re.search(r"[A-Z]{2,} ET [A-Z]{2,}", name) for name in map(upper, filter(None, cells))
    )


SOUND = [
    (re.compile(pattern), to)
    for pattern, to in (
        ("PH", "F"),
        ("BV", "V"),
        ("[SC]CH", "CH"),
        ("SH", "CH"),
        ("TH", "T"),
        ("CH(?=[RLNT])", "K"),
        ("CH", "9"),
        ("GN", "8"),
        ("H", ""),
        ("Y", "I"),
        ("W", "V"),
        ("ST$", "T"),
        ("OEU?|EU", "E"),
        ("EAUX?|AUX?", "O"),
        ("(?<=O)[LTDSX]+$", ""),
        ("QU?|CK|CC|C(?![EI9])", "K"),
        ("C", "S"),
        ("Z", "S"),
        ("GU(?=[EI])", "G0"),
        ("G(?=[EI])", "J"),
        ("0", ""),
        ("OU", "U"),
        ("(?:AI|EI)(?=[NM](?![AEIOUNM]))", "I"),
        ("AI|EI", "E"),
        ("[EA][NM](?=[^AEIOUNM]|$)", "1"),
        ("[IU][NM](?=[^AEIOUNM]|$)", "2"),
        ("O[NM](?=[^AEIOUNM]|$)", "3"),
        (r"(.)\1+", r"\1"),
        ("(?<=.)E[RZTSX]*$", ""),
        ("(?<=.)[DTSXP]+$", ""),
        ("(?<=.)E(?=.)", ""),
    )
]


@lru_cache(1 << 18)
def sound(name: str) -> str:
    """A key of at most 8 signs, the same for names that sound the same in French (DUPONT, DUPOND).

    André and Andrée have the same key too, and are couples: the guard of the sexes is there for them.
    """
    key = re.sub("[^A-Z]", "", upper(name))
    for pattern, to in SOUND:
        key = pattern.sub(to, key)
    return key[:8] or name[:1]


@dataclass(frozen=True)
class FirstNames:
    """What the public tables say of first names; the keys are written as `upper` writes, without spaces.

    `bearers`: name → (women, men). `variants`: variant → canonical name; a nickname of several names is not in it.
    """

    bearers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    variants: Mapping[str, str] = field(default_factory=dict)
    least: int = 5
    share: float = 0.98

    def known(self, name: str) -> bool:
        """Whether at least `least` bearers make it a first name and not a typing error."""
        return sum(self.bearers.get(name, (0, 0))) >= self.least

    def sex(self, name: str) -> str | None:
        """The sex of nearly all its bearers, for the guard against false merges only: never shown, never stored."""
        women, men = self.bearers.get(name, (0, 0))
        if women + men < self.least:
            return None
        if women >= self.share * (women + men):
            return "F"
        return "M" if men >= self.share * (women + men) else None

    def canonical(self, name: str) -> str:
        return self.variants.get(name, name)


@dataclass(frozen=True, slots=True)
class Given:
    """Given names: all joined, the first one, the set in which one in common is enough, the sound of the others."""

    joined: str
    first: str
    rest: str | None
    together: tuple[str, ...]
    known: bool
    sex: str | None


@lru_cache(1 << 17)
def _given(cell: str, table: int) -> Given | None:
    found = words(cell)
    if not found:
        return None
    names = _TABLES[table]
    joined = "".join(found)
    # « Jean-Pierre », « Jean Pierre » and « Jeanpierre » are one name; « Jean, Pierre » are two: the set holds all.
    together = tuple(dict.fromkeys(names.canonical(name) for name in (joined, *found) if len(name) > 1))
    first = found[0]
    known = names.known(joined)  # « Anne-M. » is cut short: it proves no other person
    rest = sound("".join(found[1:])) if len(found) > 1 else None
    return Given(joined, first, rest, together, known, names.sex(joined) or names.sex(first))


_TABLES: list[FirstNames] = []


def given_names(cell: str | None, names: FirstNames) -> Given | None:
    """None when the cell says no name."""
    for at, table in enumerate(_TABLES):
        if table is names:
            return _given(cell or "", at)
    _TABLES.append(names)
    return _given(cell or "", len(_TABLES) - 1)
