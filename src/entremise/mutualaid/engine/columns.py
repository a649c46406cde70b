"""Which column says what: guessed from headings, in French or English, then from what the cells look like."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

# Target → how it is shown in the choice. The order is that of the list on the page.
TARGETS: Mapping[str, str] = {
    "name": "prénom et nom",
    "first_name": "prénom",
    "last_name": "nom",
    "phone": "téléphone",
    "email": "courriel",
    "address": "adresse",
    "postcode": "code postal",
    "commune": "commune",
    "category": "aide demandée ou proposée",
    "urgency": "urgence",
    "received_at": "reçue le",
    "due_on": "pour le",
    "slots": "moments (demi-journées)",
    "languages": "langues",
    "radius": "rayon en km",
    "monthly_max": "sollicitations par mois",
    "note": "précisions",
    "consent": "accord de la personne",
    "paper_ref": "numéro du papier",
}
NEEDS = (
    "name", "first_name", "last_name", "phone", "email", "address", "postcode", "commune", "category", "urgency",
    "received_at", "due_on", "slots", "languages", "note", "consent", "paper_ref",
)  # fmt: skip
HELPERS = (
    "name", "first_name", "last_name", "phone", "email", "address", "postcode", "commune", "category", "slots",
    "languages", "radius", "monthly_max", "note", "consent",
)  # fmt: skip
OF_KIND: Mapping[str, Sequence[str]] = {"needs": NEEDS, "helpers": HELPERS}
REPEATABLE = frozenset({"note", "phone", "category", "slots", "languages"})

SYNONYMS: Mapping[str, str] = {
    "name": "nom prenom|prenom nom|nom et prenom|prenom et nom|nom complet|identite|full name|beneficiaire|"
    "benevole|personne|contact|name",
    "first_name": "prenom|prenoms|first name|firstname|given name|surnom",
    "last_name": "nom|nom de famille|nom d usage|last name|lastname|surname|family name",
    "phone": "telephone|tel|portable|mobile|numero|numero de telephone|n tel|no tel|gsm|fixe|tel portable|"
    "tel fixe|phone|phone number|telephone 1|telephone 2|votre numero de telephone",
    "email": "courriel|email|e mail|mail|adresse mail|adresse email|adresse electronique|mel|adresse e mail",
    "address": "adresse|adresse postale|rue|voie|domicile|address|street",
    "postcode": "code postal|cp|postal|code post|zip|zip code|postcode|postal code",
    "commune": "commune|ville|localite|lieu|city|town|commune de residence|votre commune|quartier ou commune",
    "category": "aide|besoin|type de besoin|type d aide|aide proposee|aide demandee|aides proposees|categorie|"
    "competence|competences|service|services|demande|nature de la demande|need|help|category|offre|proposition",
    "urgency": "urgence|urgent|priorite|degre d urgence|priority|urgency|delai",
    "received_at": "date|date de la demande|recue le|recu le|date de reception|horodateur|horodatage|timestamp|"
    "date d appel|date de saisie|received|date de creation|cree le|date de soumission",
    "due_on": "pour le|echeance|date souhaitee|date limite|a faire pour|deadline|due|date prevue",
    "slots": "disponibilite|disponibilites|moments|creneau|creneaux|horaires|jours|demi journees|quand|availability|"
    "vos disponibilites|jours de disponibilite",
    "languages": "langue|langues|langue parlee|langues parlees|language|languages",
    "radius": "rayon|distance|rayon km|distance km|perimetre|rayon d action|radius",
    "monthly_max": "par mois|sollicitations|maximum par mois|nombre par mois|frequence|fois par mois",
    "note": "precision|precisions|commentaire|commentaires|remarque|remarques|observation|observations|note|notes|"
    "details|message|comment|comments|informations complementaires|description",
    "consent": "accord|consentement|autorisation|rgpd|consent|accord de la personne|accepte|ok rgpd",
    "paper_ref": "numero du papier|numero de fiche|reference|ref|n fiche|numero fiche|id papier",
}
_BY_WORDS: Mapping[str, str] = {words: target for target, listed in SYNONYMS.items() for words in listed.split("|")}
_LETTERS = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"})

_PHONE = re.compile(r"(?:(?:\+|00)\d{1,3}[\s.()/-]*)?(?:\(0\)|0)?[\s.]*[1-9](?:[\s./-]*\d){8}")
_EMAIL = re.compile(r"[^\s@;,]+@[^\s@;,]+\.[a-zA-Z]{2,}")
_POSTCODE = re.compile(r"(?:0[1-9]|[1-8]\d|9[0-8])\d{3}|[1-9]\d{3}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}.*|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}.*")


def plain(text: str) -> str:
    """Lower case, no accent, words separated by one space: what is compared."""
    text = unicodedata.normalize("NFKD", text.translate(_LETTERS).casefold())
    return " ".join(re.sub(r"[^a-z0-9]+", " ", "".join(s for s in text if not unicodedata.combining(s))).split())


def guess_heading(heading: str) -> str:
    """The target a heading names, "" when none: whole, then nearly (typing errors), then by a word inside."""
    words = plain(heading)
    if not words or len(words) > 80:
        return ""
    if target := _BY_WORDS.get(words):
        return target
    if len(words) >= 5 and (near := get_close_matches(words, _BY_WORDS, n=1, cutoff=0.86)):
        return _BY_WORDS[near[0]]
    inside = [known for known in _BY_WORDS if len(known) > 3 and f" {known} " in f" {words} "]
    return _BY_WORDS[max(inside, key=len)] if inside else ""


def looks_like(cell: str) -> str:
    """What one cell looks like: phone, email, postcode, received_at (a date), or ""."""
    if len(cell) > 80:
        return ""
    if _EMAIL.fullmatch(cell):
        return "email"
    if _DATE.fullmatch(cell):
        return "received_at"
    if _PHONE.fullmatch(cell):
        return "phone"
    return "postcode" if _POSTCODE.fullmatch(cell) else ""


def propose(kind: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A target, or "", for each column. Headings win over contents, except when the cells clearly say otherwise."""
    allowed = frozenset(OF_KIND[kind])
    guesses = [guess_heading(heading) for heading in headings]
    chosen: list[str] = []
    for rank, guess in enumerate(guesses):
        said = _content([row[rank] for row in rows])
        if guess == "address" and said == "email":
            guess = "email"
        elif guess == "name" and said in ("phone", "email"):
            guess = said  # « Contact » is a person, or a number
        elif not guess and said not in guesses:
            guess = said
        if guess not in allowed or (guess in chosen and guess not in REPEATABLE):
            guess = ""
        chosen.append(guess)
    if "last_name" in chosen and "first_name" not in chosen:  # « Nom » alone holds both
        chosen[chosen.index("last_name")] = "name" if "name" not in chosen else "last_name"
    if "name" in chosen and ("first_name" in chosen and "last_name" in chosen):
        chosen[chosen.index("name")] = ""
    return chosen


def _content(cells: Sequence[str]) -> str:
    """What most filled cells of a column look like; a column of half-filled cells still says what it is."""
    filled = [cell for cell in cells[:200] if cell]
    if not filled:
        return ""
    kinds = [looks_like(cell.split("\n")[0].strip()) for cell in filled]
    best = max(set(kinds), key=lambda one: (kinds.count(one), one))
    return best if kinds.count(best) >= 0.6 * len(filled) else ""


def faults(kind: str, mapping: Sequence[str]) -> list[str]:
    """Why a mapping cannot be used, in French; empty when it can."""
    wrong = []
    for target in dict.fromkeys(mapping):
        if target and target not in REPEATABLE and list(mapping).count(target) > 1:
            wrong.append(f"Deux colonnes disent « {TARGETS[target]} » : gardez-en une, ignorez l’autre.")
    if not {"name", "first_name", "last_name"} & set(mapping):
        wrong.append("Dites quelle colonne donne le nom de la personne.")
    if kind == "needs" and "phone" not in mapping:
        wrong.append("Dites quelle colonne donne le téléphone : sans lui, personne ne peut rappeler.")
    if kind == "helpers" and not {"phone", "email"} & set(mapping):
        wrong.append("Dites quelle colonne donne le téléphone ou le courriel.")
    return wrong
