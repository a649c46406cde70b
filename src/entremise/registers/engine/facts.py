"""From the cells of a record to the facts a score adds up. What is not recognised is unknown, never false.

The vocabulary is closed and listed here: no word of a cell is guessed at, and no free text is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache

from entremise.registers.engine.cells import address_in
from entremise.registers.engine.fields import Communes, birth_date, phones
from entremise.registers.engine.fragility import ages
from entremise.registers.engine.names import upper

FIELDS = ("birth_date", "phone", "address", "housing", "lives_alone", "aid", "entitlement")
"""The fields that targeting is fed, in whichever register has them. GIR, mobility and notes are health: never fed."""

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "birth_date": ("age_65", "age_75", "age_80", "age_90"),
    "phone": ("no_phone",),
    "address": ("hot_commune", "precarious"),
    "housing": ("top_floor", "ground_floor", "no_lift", "precarious"),
    "lives_alone": ("alone", "no_contact"),
    "aid": ("apa", "pch_aah", "minima"),
    "entitlement": ("apa", "pch_aah", "minima"),
}
"""What each field can answer: a factor that no field of the chosen registers answers is said once, not per person."""

Facts = dict[str, bool | None]
_BENEFITS = {
    "apa": r"\bAPA\b|ALLOCATION PERSONNALISEE D AUTONOMIE|ALLOCATION PERSONNALISEE AUTONOMIE",
    "pch_aah": r"\bPCH\b|PRESTATION (?:DE )?COMPENSATION|\bACTP\b|ALLOCATION COMPENSATRICE"
    r"|\bAAH\b|ALLOCATION (?:AUX )?ADULTES? HANDICAPES?|\bMTP\b",
    "minima": r"\bRSA\b|REVENU DE SOLIDARITE ACTIVE|\bRMI\b|\bASPA\b|MINIMUM VIEILLESSE|\bASI\b|\bASS\b"
    r"|ALLOCATION (?:DE )?SOLIDARITE|MINIM(?:A|UM) SOCIA(?:UX|L)",
}
_BENEFIT = {code: re.compile(words) for code, words in _BENEFITS.items()}
_NONE = re.compile(r"(?:AUCUNE?(?: AIDE| PRESTATION)?|NEANT|PAS D AIDE|SANS AIDE|NON|RIEN|0)")
_DENIED = re.compile(r"\b(?:NON|PAS|SANS|REFUSEE?|REJETEE?|NI)\b")
_DOUBT = re.compile(
    r"\b(?:DEMANDEE?|DEMANDE|EN COURS|INSTRUCTION|SUSPENDUE?|EX|ANCIEN(?:NE)?|FIN|TERMINEE?|POSSIBLE)\b"
)
_SPLIT = re.compile(r"[,;/+\n]|\bET\b|\bet\b")
_ALONE = re.compile(r"(?:OUI|O|1|X|VRAI|TRUE|YES|SEULE?S?|VIT SEULE?|ISOLEE?|PERSONNE SEULE|OUI .*)")
_NOT_ALONE = re.compile(
    r"(?:NON|N|0|FAUX|FALSE|NO|COUPLE|EN COUPLE|VIT EN COUPLE|AVEC .+|EN FAMILLE|CHEZ (?:SA|SON|SES) .+|PAS SEULE?"
    r"|NON .*)"
)
_NO_CONTACT = re.compile(r"AUCUN CONTACT|SANS CONTACT|AUCUNE VISITE|AUCUN PROCHE|\bISOLEE?\b")
_TOP = re.compile(r"DERNIER ETAGE|SOUS (?:LES |LE )?TOITS?|SOUS (?:LES )?COMBLES|\bCOMBLES\b|MANSARD|ATTIQUE")
_GROUND = re.compile(r"\bRDC\b|REZ DE (?:CHAUSSEE|JARDIN|CHAUSSE)|SOUS SOL|PLAIN PIED|ENTRESOL")
_FLOOR = re.compile(r"\b(?:(\d{1,2}) ?(?:ER|E|EME|ND|NDE|IEME)? ETAGE|ETAGE (\d{1,2}))\b(?: (?:SUR )?(\d{1,2})\b)?")
_HOUSE = re.compile(r"\b(?:MAISON|PAVILLON|VILLA)\b")
_HOME = re.compile(
    r"\b(?:MAISON|PAVILLON|VILLA|APPARTEMENT|APPART|STUDIO|[TF][1-7]|IMMEUBLE|RESIDENCE|FOYER LOGEMENT|ETAGE|RDC)\b"
)
_NO_LIFT = re.compile(r"(?:SANS|PAS D|NI) ASCENSEUR|ASCENSEUR (?:EN PANNE|HORS SERVICE|NON)")
_LIFT = re.compile(r"ASCENSEUR")
_PRECARIOUS = re.compile(
    r"SANS (?:DOMICILE|ABRI|LOGEMENT)|\bSDF\b|\bSQUAT\b|CARAVANE|CAMPING|BIDONVILLE|INSALUBRE|INDIGNE|PRECAIRE"
    r"|HEBERGEMENT (?:D )?URGENCE|\bCHRS\b|A LA RUE|DANS (?:SA|SON|UNE) VOITURE|HOTEL SOCIAL"
)
_NO_HOME = re.compile(r"SANS (?:DOMICILE|ABRI)|\bSDF\b|DOMICILIATION|DOMICILIEE? (?:AU |CCAS)")


@lru_cache(1 << 14)
def benefits(cell: str) -> tuple[bool | None, bool | None, bool | None]:
    """APA, PCH or AAH, minima sociaux, of a cell that says which help is received.

    To receive one says nothing of the others; a help refused is false; one asked for, suspended or past is unknown.
    """
    found: Facts = dict.fromkeys(_BENEFIT)
    text = upper(cell)
    if _NONE.fullmatch(text):
        return False, False, False
    for piece in (upper(piece) for piece in _SPLIT.split(cell)):
        for code, words in _BENEFIT.items():
            if words.search(piece) and not _DOUBT.search(piece):
                said = not _DENIED.search(piece)
                found[code] = said if found[code] in (None, said) else None
    return found["apa"], found["pch_aah"], found["minima"]


@lru_cache(1 << 12)
def household(cell: str) -> tuple[bool | None, bool | None]:
    """Lives alone; no regular contact declared: false for who lives with somebody, else true only where it is said."""
    text = upper(cell)
    contact = True if _NO_CONTACT.search(text) else None
    if _NOT_ALONE.fullmatch(text):
        return False, contact or False
    return (True if _ALONE.fullmatch(text) or contact else None), contact


@lru_cache(1 << 14)
def housing(cell: str) -> tuple[bool | None, bool | None, bool | None, bool | None]:
    """Top floor under the roof, ground floor, floor without lift, no home or a precarious one."""
    text = upper(cell)
    floor, last = _floor(text)
    top: bool | None = True if _TOP.search(text) or (last is not None and floor == last) else None
    ground: bool | None = True if _GROUND.search(text) or floor == 0 else None
    below = floor is not None and last is not None and floor < last
    if top is None and (below or (ground and "PLAIN PIED" not in text)):
        top = False
    if ground is None and (top or (floor is not None and floor > 0)):
        ground = False
    lift: bool | None = None
    if _NO_LIFT.search(text):
        lift = ground is not True
    elif _LIFT.search(text) or ground or _HOUSE.search(text):
        lift = False
    precarious = True if _PRECARIOUS.search(text) else (False if _HOME.search(text) or ground or top else None)
    return top, ground, lift, precarious


def _floor(text: str) -> tuple[int | None, int | None]:
    found = _FLOOR.search(text)
    if found is None:
        return None, None
    return int(found[1] or found[2]), int(found[3]) if found[3] else None


def commune_of(cell: str, communes: Communes) -> str:
    """The INSEE code of an address, "" when town and postcode leave a doubt."""
    said = address_in(cell)
    if not said.get("town") and not said.get("postcode"):
        return ""
    return communes.resolve(said.get("town"), said.get("postcode")).code or ""


def facts_of(values: Mapping[str, str], *, fields: Collection[str], today: date) -> Facts:
    """The facts of one record. `fields`: what its register can hold, so that an empty telephone is told from none.

    The commune's exposure, the calls and what other records say are added by whoever knows them.
    """
    born = birth_date(values.get("birth_date"), today=today)
    year = int(born.year) if born.year else None
    found: Facts = {**ages(year, today, born.dob[4:] if born.dob else "")}
    if "phone" in fields:
        found["no_phone"] = not phones(values.get("phone"))[0]
    for name in ("aid", "entitlement"):
        if values.get(name):
            for code, said in zip(("apa", "pch_aah", "minima"), benefits(values[name]), strict=True):
                found[code] = said if found.get(code) is None else found[code]
    found["alone"], found["no_contact"] = household(values.get("lives_alone", ""))
    home = housing(values.get("housing", ""))
    found["top_floor"], found["ground_floor"], found["no_lift"], found["precarious"] = home
    if found["precarious"] is None and _NO_HOME.search(upper(values.get("address", ""))):
        found["precarious"] = True
    return found


# A commune leaves the vault as a number: its INSEE code read in base 36 (2A004 is one too); 0 when unknown.


def numbered(code: str) -> int:
    """`38185` → a number below 10^9; 0 for "". ValueError for what is no INSEE code."""
    if not code:
        return 0
    if not re.fullmatch(r"[0-9][0-9AB][0-9]{3}", code):
        raise ValueError("not an INSEE code")
    return int(code, 36)


def coded(number: int) -> str:
    """The INSEE code that `numbered` said."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    said = ""
    while number:
        number, rest = divmod(number, 36)
        said = digits[rest] + said
    return said.zfill(5) if said else ""
