"""Which column says what: guessed from headings, then from what the cells look like; always put right by a human."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache

from entremise.registers.engine.fields import birth_date
from entremise.registers.engine.names import upper

NOTHING = ""
NOT_FROM_A_FILE = frozenset({"position", "difficulty", "report"})
"""Fields that only the product writes: a computed point, what a caller saw, a call's report."""
PARTS: Mapping[str, Mapping[str, str]] = {
    "names": {
        "last_name": "nom",
        "first_name": "prénom",
        "usage_name": "nom d’usage",
        "birth_name": "nom de naissance",
        "names": "nom et prénom ensemble",
        "civility": "civilité (repère les couples, n’est pas gardée)",
    },
    "address": {
        "address": "adresse entière",
        "street": "numéro et rue",
        "more": "complément d’adresse",
        "postcode": "code postal",
        "town": "commune",
    },
}
"""Several columns of a file make one cell of the register."""
OWN = {"number": "numéro de la personne dans ce fichier (sert à la reconnaître)"}
INFORMED = {"informed_on": "date à laquelle la personne a été informée"}
ANSWERED = {"acknowledged_on": "date d’envoi de l’accusé d’inscription"}
REPEATABLE = frozenset(
    {"phone", "more", "street", "address", "emergency_contact", "home_service", "relative", "note", "preferences",
     "third_party", "aid", "first_name"}
)  # fmt: skip

SYNONYMS: Mapping[str, str] = {
    "names": "nom prenom|nom et prenom|nom prenoms|prenom nom|nom complet|identite|beneficiaire|usager|personne|"
    "nom et prenoms|nom de la personne|abonne|titulaire",
    "last_name": "nom|nom de famille|noms|patronyme|nom famille|lastname|last name",
    "first_name": "prenom|prenoms|premier prenom|prenom usuel|prenom s|firstname|first name|deuxieme prenom",
    "usage_name": "nom d usage|nom usage|nom marital|nom d epouse|nom epouse|nom usuel|epouse|nom d epoux",
    "birth_name": "nom de naissance|nom naissance|nom de jeune fille|nom jeune fille|nee|nom patronymique|njf",
    "civility": "civilite|civ|titre|politesse|m mme|m ou mme|qualite civile",
    "birth_date": "date de naissance|ne le|nee le|ne e le|date naissance|naissance|ddn|date naiss|dt naissance|"
    "d naissance|date de naiss|birth date|birthdate|dob|annee de naissance|ne en",
    "phone": "telephone|tel|portable|mobile|telephone 1|telephone 2|tel 1|tel 2|tel portable|tel fixe|fixe|gsm|"
    "numero de telephone|n tel|no tel|num tel|telephone fixe|telephone portable|telephone domicile|tel domicile|"
    "telephone mobile|numero telephone|coordonnees telephoniques|phone",
    "email": "courriel|email|e mail|mail|adresse mail|adresse email|adresse electronique|mel|adresse e mail",
    "address": "adresse|adresse postale|domicile|adresse complete|adresse du domicile|lieu de residence",
    "street": "rue|voie|numero et rue|n et voie|adresse 1|adresse1|libelle voie|numero et voie|adresse ligne 1|"
    "nom de la voie|num rue",
    "more": "complement|complement d adresse|complement adresse|adresse 2|adresse2|adresse 3|batiment|bat|residence|"
    "etage|appartement|appt|lieu dit|adresse ligne 2|cplt adresse",
    "postcode": "code postal|cp|postal|code post|zip|zip code|c postal|codepostal",
    "town": "commune|ville|localite|city|town|commune de residence|bureau distributeur|nom commune",
    "capacity": "qualite|motif|motif d inscription|qualite au titre de laquelle la personne est inscrite|categorie|"
    "au titre de|titre d inscription|pa ph|motif inscription",
    "home_service": "service a domicile|service intervenant a domicile|aide a domicile|saad|ssiad|service d aide|"
    "infirmier|intervenant|coordonnees du service|auxiliaire de vie|service intervenant",
    "emergency_contact": "personne a prevenir|contact d urgence|a prevenir|personne a contacter|urgence|"
    "personne a prevenir en cas d urgence|contact urgence|en cas d urgence|personne de confiance|referent familial",
    "requested_on": "date de la demande|date demande|date d inscription|date inscription|inscrit le|inscrite le|"
    "demande du|date d enregistrement|recu le|date de reception|inscription",
    "third_party": "tiers|demandeur|tiers demandeur|nom du tiers|inscrit par|demande par|tiers ayant fait la demande|"
    "qualite du tiers|demande faite par|lien du demandeur",
    "housing": "logement|type de logement|habitat|etage sans ascenseur|ascenseur|type d habitat",
    "lives_alone": "vit seul|vit seule|isole|isolee|seul|personne seule|isolement|vit seul e",
    "aid": "aide|type d aide|prestation|plan d aide|apa|dispositif|aide percue|nature de l aide|montant",
    "gir": "gir|groupe iso ressources|niveau gir|gir 1 6|dependance",
    "relative": "proche|aidant|nom de l aidant|famille|coordonnees du proche|enfant|referent|proche aidant",
    "file_number": "numero de dossier|n dossier|dossier|num dossier|numero dossier|numero d abonne|n abonne|"
    "numero usager|n usager|identifiant|id|matricule|reference|numero abonne|num beneficiaire|n beneficiaire|"
    "numero de beneficiaire|code usager|n de carte|numero de carte|numero allocataire",
    "entitlement": "droit|titre de transport|abonnement|type d abonnement|tarif|tarification|droit au transport|"
    "formule|reduction|carte",
    "mobility": "mobilite|handicap|fauteuil|deplacement|mobilite reduite|pmr|aide technique",
    "preferences": "langue|preference|preferences|langue parlee|creneau|disponibilite",
    "note": "note|notes|commentaire|commentaires|observation|observations|remarque|remarques|precision|precisions|"
    "divers|infos|informations complementaires",
    "informed_on": "informe le|informee le|date d information|date information|courrier envoye le|date du courrier|"
    "date d envoi|informe e le",
    "acknowledged_on": "accuse envoye le|accuse le|date de l accuse|date accuse|accuse de reception|accuse envoye|"
    "accuse de reception envoye le|date de l accuse de reception|date d envoi de l accuse|ar envoye le",
}
_BY_WORDS: Mapping[str, str] = {
    upper(words): target for target, listed in SYNONYMS.items() for words in listed.split("|")
}
_ALIASES = {"number": "file_number"}
_OTHERS = (
    "PREVENIR", "URGENCE", "CONTACT", "AIDANT", "PROCHE", "REFERENT", "TIERS", "DEMANDEUR", "ENFANT", "CONJOINT",
    "TUTEUR", "CURATEUR", "MEDECIN", "INFIRMIER", "SERVICE", "INTERVENANT", "CONFIANCE",
)  # fmt: skip
_OTHER_OF = {
    "PREVENIR": "emergency_contact", "URGENCE": "emergency_contact", "CONTACT": "emergency_contact",
    "CONFIANCE": "emergency_contact", "TIERS": "third_party", "DEMANDEUR": "third_party", "AIDANT": "relative",
    "PROCHE": "relative", "ENFANT": "relative", "REFERENT": "relative", "SERVICE": "home_service",
    "INTERVENANT": "home_service", "INFIRMIER": "home_service",
}  # fmt: skip

_PHONE = re.compile(r"(?:(?:\+|00)\d{1,3}[\s.()/-]*)?(?:\(0\)|0)?[\s.]*[1-9](?:[\s./-]*\d){8}")
_EMAIL = re.compile(r"[^\s@;,]+@[^\s@;,]+\.[a-zA-Z]{2,}")
_POSTCODE = re.compile(r"(?:0[1-9]|[1-8]\d|9[0-8])\d{3}|[1-9]\d{3}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}.*|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}.*")


def allowed(fields: Iterable[str], *, reused: bool, asked: bool = False) -> dict[str, str]:
    """Target → French, in the order of the choice on the page: the fields of a register's profile and their parts.

    A legal register has its nine items and no other. `reused`: a file kept for another use, whose persons are to be
    informed; it may say, row by row, when each was. `asked`: requests of persons, whose letter may have left.
    """
    found: dict[str, str] = {}
    for field in fields:
        if field in PARTS:
            found |= PARTS[field]
        elif field not in NOT_FROM_A_FILE:
            found[field] = field
    if "file_number" not in found:
        found |= OWN
    return found | (INFORMED if reused else {}) | (ANSWERED if asked else {})


def label(target: str, labels: Mapping[str, str]) -> str:
    """The French of a target, or of a field of the profile (`labels`)."""
    for parts in (*PARTS.values(), OWN, INFORMED, ANSWERED):
        if target in parts:
            return parts[target]
    return labels.get(target, target)


@lru_cache(4096)
def guess_heading(heading: str) -> str:
    """The target a heading names, "" when none: whole, then nearly (typing errors), then by a word inside.

    « Tél personne à prévenir » is somebody else's telephone: who it belongs to is looked at first.
    """
    words = upper(heading)
    if not words or len(words) > 80:
        return ""
    if target := _BY_WORDS.get(words):
        return target
    inside = words.split()
    if others := [word for word in inside if word in _OTHERS]:
        return _OTHER_OF.get(others[0], "")
    if len(words) >= 5 and (near := get_close_matches(words, _BY_WORDS, n=1, cutoff=0.88)):
        return _BY_WORDS[near[0]]
    found = [known for known in _BY_WORDS if len(known) > 2 and f" {known} " in f" {words} "]
    return _BY_WORDS[max(found, key=len)] if found else ""


@lru_cache(4096)
def looks_like(cell: str) -> str:
    """What one cell looks like: phone, email, postcode, birth_date (a date), or ""."""
    if len(cell) > 80:
        return ""
    if _EMAIL.fullmatch(cell):
        return "email"
    if _DATE.fullmatch(cell):
        return "birth_date"
    if _PHONE.fullmatch(cell):
        return "phone"
    return "postcode" if _POSTCODE.fullmatch(cell) else ""


def propose(
    headings: Sequence[str], groups: Sequence[str], rows: Sequence[Sequence[str]], targets: Iterable[str]
) -> list[str]:
    """A target, or "", for each column. Headings win over contents, except when the cells clearly say otherwise."""
    known = frozenset(targets)
    chosen: list[str] = []
    for rank, heading in enumerate(headings):
        group = groups[rank] if rank < len(groups) else ""
        guess = guess_heading(f"{group} {heading}") if group and _about_another(group) else guess_heading(heading)
        said = _content([row[rank] for row in rows if rank < len(row)])
        if said == "email" and guess in ("address", "phone", ""):
            guess = "email"
        elif guess in ("names", "emergency_contact") and said == "phone" and not _about_another(heading):
            guess = "phone"
        elif guess == "phone" and said == "birth_date":
            guess = ""
        elif not guess and said and said not in chosen:
            guess = said if said != "birth_date" or _are_births([row[rank] for row in rows if rank < len(row)]) else ""
        guess = _within(guess, known)
        if guess in chosen and guess not in REPEATABLE:
            guess = NOTHING
        chosen.append(guess)
    return _settled(chosen, known)


def _within(guess: str, known: frozenset[str]) -> str:
    if guess in known:
        return guess
    if guess == "file_number" and "number" in known:
        return "number"
    if guess == "relative" and "emergency_contact" in known:
        return "emergency_contact"
    if guess == "emergency_contact" and "relative" in known:
        return "relative"
    return NOTHING


def _settled(chosen: list[str], known: frozenset[str]) -> list[str]:
    if "last_name" in chosen and not {"first_name", "names"} & set(chosen) and "names" in known:
        chosen[chosen.index("last_name")] = "names"  # « Nom » alone holds both
    if "names" in chosen and "first_name" in chosen and not {"last_name", "usage_name", "birth_name"} & set(chosen):
        chosen[chosen.index("names")] = "last_name"
    if "names" in chosen and "last_name" in chosen and "first_name" in chosen:
        chosen[chosen.index("names")] = NOTHING
    if "address" in chosen and "street" not in chosen and {"postcode", "town"} & set(chosen):
        chosen[chosen.index("address")] = "street"
    return chosen


def _about_another(heading: str) -> bool:
    return bool(set(upper(heading).split()) & set(_OTHERS))


def _content(cells: Sequence[str]) -> str:
    """What most filled cells of a column look like; a column of half-filled cells still says what it is."""
    filled = [cell for cell in cells[:200] if cell]
    if not filled:
        return ""
    kinds = [looks_like(cell.split("\n")[0].strip()) for cell in filled]
    best = max(set(kinds), key=lambda one: (kinds.count(one), one))
    return best if kinds.count(best) >= 0.6 * len(filled) else ""


def _are_births(cells: Sequence[str]) -> bool:
    """Whether the dates of a column are those of births: most of them before 1975."""
    from datetime import date

    found = [birth_date(cell, today=date(2100, 1, 1)).year for cell in cells[:200] if cell]
    old = sum(1 for year in found if year and int(year) < 1975)
    return old > len(found) // 2


def months_first(cells: Iterable[str]) -> bool:
    """Whether a column writes the month before the day (03/28/1938): several dates prove it and none the reverse."""
    first = second = 0
    for cell in cells:
        if found := re.match(r"(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}", cell):
            first += int(found[1]) > 12
            second += int(found[2]) > 12
    return second >= 3 and not first


def faults(mapping: Sequence[str], targets: Mapping[str, str]) -> list[str]:
    """Why a mapping cannot be used, in French; empty when it can."""
    wrong = []
    for target in dict.fromkeys(mapping):
        if target and target not in targets:
            wrong.append("Une colonne est rangée dans une donnée que ce registre ne garde pas : ignorez-la.")
        elif target and target not in REPEATABLE and list(mapping).count(target) > 1:
            wrong.append(f"Deux colonnes disent « {targets[target]} » : gardez-en une, ignorez l’autre.")
    if not {"names", "last_name", "usage_name", "birth_name"} & set(mapping):
        wrong.append("Dites quelle colonne donne le nom de la personne.")
    if not {"birth_date", "phone", "address", "street", "file_number", "number", "email"} & set(mapping):
        wrong.append(
            "Un nom seul ne reconnaît personne : dites quelle colonne donne la naissance, le téléphone ou l’adresse."
        )
    return wrong
