"""Addresses cut into a house number and the words of a street that remain when two people write it differently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from entremise.registers.engine.names import listed, upper

WAYS = listed(
    "RUE R AVENUE AV AVE BOULEVARD BD BLD BVD BOUL CHEMIN CHE CHEM CH ROUTE RTE IMPASSE IMP ALLEE ALLEES ALL PLACE PL "
    "SQUARE SQ COURS CRS QUAI RESIDENCE RES LOTISSEMENT LOT PASSAGE PASS VOIE SENTIER SENTE RUELLE CITE VILLA MONTEE "
    "CHAUSSEE ESPLANADE PROMENADE FAUBOURG FG ROND POINT HAMEAU HAM LIEU DIT LIEUDIT LD VENELLE COUR TRAVERSE CLOS "
    "PARVIS MAIL GALERIE RPT COTE"
)
SMALL = listed("DE DU DES D LE LA LES L ET A AU AUX EN SUR SOUS")
LONG = {
    "GAL": "GENERAL",
    "GEN": "GENERAL",
    "DR": "DOCTEUR",
    "DOC": "DOCTEUR",
    "MAL": "MARECHAL",
    "PDT": "PRESIDENT",
    "PRES": "PRESIDENT",
    "ST": "SAINT",
    "STE": "SAINTE",
    "CDT": "COMMANDANT",
    "CAP": "CAPITAINE",
    "COL": "COLONEL",
    "LT": "LIEUTENANT",
    "PR": "PROFESSEUR",
    "PROF": "PROFESSEUR",
    "CHAN": "CHANOINE",
    "NTRE": "NOTRE",
    "ND": "NOTREDAME",
    "UN": "1",
    "DEUX": "2",
    "TROIS": "3",
    "QUATRE": "4",
    "HUIT": "8",
    "ONZE": "11",
    "QUATORZE": "14",
}
CUT = listed("BAT BATIMENT APPT APPARTEMENT APT APP ESC ESCALIER ETAGE ETG PORTE CHEZ BP CS TSA")
SUFFIX = {"B": "B", "BIS": "B", "T": "T", "TER": "T", "Q": "Q", "QUATER": "Q", "C": "C", "D": "D", "A": "A"}
DOMICILED = re.compile(r"\b(?:CHEZ|CCAS|CIAS|DOMICILIATION|DOMICILIEE?|ELECTION DE DOMICILE|SDF|SANS DOMICILE|CHRS)\b")


@dataclass(frozen=True, slots=True)
class Address:
    """`number` (12B) and `street` (GENERAL GAULLE), None when not said; `domiciled`: another's roof, not compared."""

    number: str | None = None
    street: str | None = None
    domiciled: bool = False


@lru_cache(1 << 16)
def address(cell: str | None) -> Address:
    """The number is the first one, or the one before a word of way (`Les Lilas 4 allée des Roses` → 4, ROSES)."""
    plain = upper(cell or "")
    if not plain:
        return Address()
    if DOMICILED.search(plain):
        return Address(domiciled=True)
    found = [LONG.get(word, word) for word in re.sub(r"\b(\d+)([A-Z]+)\b", r"\1 \2", plain).split()]
    start = _start(found)
    number = None
    if start < len(found) and found[start].isdigit():
        number = str(int(found[start][:6]))
        start += 1
        while start < len(found) and found[start].isdigit():  # 12 14 rue: a range keeps its first number
            start += 1
        if start + 1 < len(found) and found[start] in SUFFIX:
            number += SUFFIX[found[start]]
            start += 1
    street: list[str] = []
    for word in found[start:]:
        if word in CUT and street:
            break
        if word in WAYS and not street or word in SMALL or word in CUT:
            continue
        street.append(word)
    return Address(number, " ".join(street) or None)


def _start(found: list[str]) -> int:
    """Where the number stands: before the last word of way that has one in front of it, else at the first number."""
    for at, word in enumerate(found):
        if word not in WAYS or at == 0:
            continue
        back = at - 1
        if found[back] in SUFFIX and back > 0 and not found[back].isdigit():
            back -= 1
        if found[back].isdigit():
            while back > 0 and found[back - 1].isdigit():
                back -= 1
            return back
    if found[0].isdigit():
        return 0
    for at, word in enumerate(found):
        if word in WAYS and at > 0 and word not in ("RESIDENCE", "RES"):
            return at
    return 0
