"""What may be wrong with a row, in codes and in French. The worst of them decides what becomes of the row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

ACCEPTED, WARNED, QUARANTINED, REJECTED, BLANK = (
    "accepted", "accepted_with_warnings", "quarantined", "rejected", "blank",
)  # fmt: skip
OUTCOMES: Final = (ACCEPTED, WARNED, QUARANTINED, REJECTED, BLANK)
"""Every row of a file has one of them."""
_ORDER = (ACCEPTED, WARNED, QUARANTINED, REJECTED, BLANK)


@dataclass(frozen=True, slots=True)
class Problem:
    """`outcome` the row has for it; `sentence` says what it is and what was done, or what to do."""

    outcome: str
    sentence: str


def _warned(sentence: str) -> Problem:
    return Problem(WARNED, sentence)


def _aside(sentence: str) -> Problem:
    return Problem(QUARANTINED, sentence)


PROBLEMS: Mapping[str, Problem] = {
    # accepted, and said
    "letters_repaired": _warned("Accents abîmés par un ancien export, réparés."),
    "nir_removed": _warned("Un numéro de sécurité sociale a été retiré d’une cellule : la loi interdit de le garder."),
    "names_order": _warned("Nom et prénom dans une même cellule : l’ordre a été deviné."),
    "date_filler": _warned("Date de naissance de remplissage (01/01/1900…) : laissée de côté."),
    "date_future": _warned("Date de naissance à venir : laissée de côté."),
    "date_too_old": _warned("Date de naissance de plus de 125 ans : laissée de côté."),
    "date_impossible": _warned("Jour qui n’existe pas : seule l’année de naissance est gardée."),
    "date_ambiguous_century": _warned("Année de naissance à deux chiffres, siècle douteux : laissée de côté."),
    "date_first_january": _warned("Naissance un 1er janvier : souvent « année seule », à vérifier."),
    "date_year_only": _warned("Date de naissance incomplète : seule l’année est gardée."),
    "date_unreadable": _warned("Date de naissance illisible : laissée de côté."),
    "phone_truncated": _warned("Téléphone perdu par le tableur (6,12E+08) : à redemander."),
    "phone_filler": _warned("Téléphone de remplissage (00 00 00…) : laissé de côté."),
    "phone_unreadable": _warned("Téléphone illisible : laissé de côté."),
    "email_unreadable": _warned("Courriel illisible : laissé de côté."),
    "commune_fuzzy": _warned("Commune mal écrite, corrigée d’après le code postal ou le département."),
    "commune_unknown": _warned("Commune non reconnue : gardée comme elle est écrite."),
    "commune_ambiguous": _warned("Plusieurs communes possibles : gardée comme elle est écrite."),
    "commune_missing": _warned("Ni commune ni code postal reconnus dans l’adresse."),
    "postcode_name_differs": _warned("Le code postal et la commune ne vont pas ensemble : gardés comme écrits."),
    "domiciled": _warned("Adresse chez un tiers ou domiciliation : elle ne servira pas aux rapprochements."),
    "capacity_unknown": _warned("Qualité d’inscription non reconnue : gardée comme elle est écrite."),
    "requested_unreadable": _warned("Date de la demande illisible : laissée de côté, aucune date n’est inventée."),
    "informed_unreadable": _warned("Date d’information illisible : la personne reste « à informer »."),
    "acknowledged_unreadable": _warned("Date d’envoi de l’accusé illisible : la lettre reste à envoyer."),
    "acknowledged_before": _warned("Accusé envoyé avant la demande, ou sans date de demande : laissé de côté."),
    "third_party_named": _warned("Demande faite par un tiers : gardez sa demande écrite."),
    "missing_birth_date": _warned("Date de naissance manquante."),
    "missing_capacity": _warned("Qualité d’inscription manquante."),
    "missing_address": _warned("Adresse manquante."),
    "missing_phone": _warned("Téléphone manquant : la personne ne pourra pas être appelée."),
    "missing_requested_on": _warned("Date de la demande manquante : elle n’est pas inventée."),
    "row_repeated": _warned("Même ligne déjà plus haut dans le fichier : comptée une fois."),
    "same_identity": _warned("Une autre ligne porte le même nom et la même naissance : le rapprochement dira."),
    "objection_kept": _warned("La personne s’est opposée à un usage : son opposition est reportée."),
    # set aside, to put right on screen
    "two_persons": _aside("Deux personnes sur une ligne : faites-en deux fiches."),
    "name_missing": _aside("Le nom manque : complétez-le, ou laissez la ligne de côté."),
    "number_twice": _aside("Ce numéro est déjà sur une ligne plus haut, avec d’autres renseignements."),
    "erased_phone": _aside("Ce téléphone est celui d’une personne effacée : confirmez que c’est quelqu’un d’autre."),
    "value_too_long": _aside("Une cellule est trop longue : raccourcissez-la."),
    "address_long": _aside("L’adresse est trop longue : écrivez 200 caractères au plus."),
    "name_long": _aside("Le nom est trop long : écrivez 160 caractères au plus."),
    # never taken in
    "person_blocked": Problem(
        REJECTED, "La personne a demandé son effacement ou s’est opposée à cet usage : elle n’est pas reprise."
    ),
    "record_closed": Problem(
        REJECTED, "La fiche est gelée ou close (retrait, décès, départ) : ce fichier ne la rouvre pas."
    ),
    # nobody
    "blank_row": Problem(BLANK, "Ligne vide."),
    "total_row": Problem(BLANK, "Ligne de total."),
    "repeated_heading": Problem(BLANK, "Titres de colonnes répétés."),
    "discarded": Problem(REJECTED, "Laissée de côté par un agent."),
}
LABELS = {
    ACCEPTED: "acceptées",
    WARNED: "acceptées, à vérifier",
    QUARANTINED: "mises de côté, à corriger",
    REJECTED: "refusées",
    BLANK: "sans personne",
}


def worst(codes: Iterable[str]) -> str:
    """The outcome of a row that has these problems."""
    return max((PROBLEMS[code].outcome for code in codes), key=_ORDER.index, default=ACCEPTED)


outcome_of = worst
