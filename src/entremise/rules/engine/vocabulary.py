"""The closed vocabularies of the rules, with their French words. Source: reference rules-vault-commons § 3 and § 15.

A code that is not here cannot be written in a rule: the schema holds the same lists, a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

ROLES: Final = {
    "caller": "appelant·e",
    "mentor": "référent·e d'appel",
    "supervisor": "superviseur·e",
    "referrer": "orientateur·rice",
    "keeper": "gestionnaire de registre",
    "desk": "agent d'accueil",
    "home_visitor": "visiteur·euse à domicile",
    "matchmaker": "agent entremetteur",
    "lead_matchmaker": "responsable des entremetteurs",
    "sensitive_referent": "référent·e sensible",
    "moderator": "modérateur·rice",
    "budget_holder": "gestionnaire de ligne",
    "analyst": "chargé·e d'études",
    "dpo": "délégué·e à la protection des données",
    "controller": "responsable de traitement",
}
FIELD_ACTIONS: Final = {
    "read": "lire",
    "write": "écrire",
    "disclose": "transmettre à un service",
    "print_line": "imprimer sur une liste",
    "export_line": "porter dans un export",
    "feed": "fournir à un calcul du coffre",
}
REGISTER_ACTIONS: Final = {
    "search": "rechercher une personne",
    "print": "imprimer une liste",
    "export": "exporter une liste",
    "compute": "lancer un calcul dans le coffre",
    "import_file": "importer un fichier",
    "aggregate": "produire un tableau statistique",
    "shred": "détruire un registre",
}
RIGHT_ACTIONS: Final = {"erase": "effacer une fiche", "read_trail": "lire le journal d'une fiche"}  # rights only
ACTIONS: Final = {**FIELD_ACTIONS, **REGISTER_ACTIONS}
PURPOSES: Final = {
    "outreach.call": "appel de veille",
    "outreach.keep_in_touch": "appel de lien",
    "outreach.visit": "visite à domicile",
    "outreach.rescue": "secours",
    "referrals.refer": "orientation",
    "mutualaid.contact": "mise en relation",
    "mutualaid.meet": "rencontre convenue",
    "mutualaid.geocode_fix": "adresse à corriger",
    "mutualaid.refund": "remboursement",
    "mutualaid.moderate": "signalement",
    "registers.inform": "information sur le registre",
    "registers.keep": "tenue du registre",
    "registers.link": "rapprochement",
    "registers.target": "repérage",
    "registers.prefect": "communication au préfet",
    "people.rights": "exercice des droits",
    "insights.statistics": "statistique",
    "vault.audit": "contrôle du coffre",
}
CATEGORIES: Final = {
    "name": "nom",
    "birth": "naissance",
    "phone": "téléphone et courriel",
    "address": "adresse",
    "position": "position exacte",
    "preferences": "langue et préférences",
    "relatives": "proches",
    "housing": "logement",
    "social": "situation sociale",
    "benefits": "aides et prestations",
    "health": "santé",
    "difficulty": "difficulté repérée",
    "registration": "inscription",
    "call_report": "compte rendu",
    "message": "message relayé",
    "free_text": "note libre",
    "linkage_key": "numéro d'origine",
    "payment": "paiement",
}
COLLEGES: Final = {
    "institutions": "collectivités",
    "staff": "agents",
    "contributors": "contributeurs",
    "registered": "inscrits",
}
RECORD_STATES: Final = ("to_inform", "informed", "active", "frozen", "closed")
REGISTER_STATES: Final = ("project", "open", "suspended", "closed")
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "Role": ROLES,
    "Action": ACTIONS,
    "Purpose": PURPOSES,
    "Category": CATEGORIES,
    "College": COLLEGES,
}
# key: (which way it bounds, smallest, largest, French)
LIMITS: Final[Mapping[str, tuple[str, int, int, str]]] = {
    "records_in_hour": ("max", 1, 500, "au plus {} fiches par heure"),
    "deeds_in_hour": ("max", 1, 120, "au plus {} fois par heure"),
    "rows": ("max", 1, 2000, "au plus {} lignes"),
    "level": ("min", 0, 4, "niveau {} au moins"),
    "approvers": ("min", 1, 3, "accord de {} autre personne au moins"),
}
FLAGS: Final = {
    "context.mfa": "connexion à deux facteurs",
    "context.fresh_mfa": "seconde preuve de moins de 15 minutes",
    "context.motive_given": "motif écrit",
    "resource.difficulty_open": "une difficulté est signalée",
    "principal.professional_secrecy": "tenu au secret professionnel",
}
LINKS: Final = {
    "assigned": ("resource.assigned_to", "la fiche lui est confiée"),
    "released": ("resource.released_to", "la personne lui a transmis ses coordonnées"),
}


def words(kind: str, codes: Sequence[str], joint: str) -> str:
    """The French of several codes. Raises KeyError on an unknown one."""
    return joint.join(WORDS[kind][code] for code in codes)


def typographic(text: str) -> str:
    """French as it is printed: curved apostrophes, no-break spaces. The texts of the rules keep the plain ones."""
    text = text.replace("'", "’")
    for sign in ";:?!»":
        text = text.replace(f" {sign}", f"\u00a0{sign}")
    return text.replace("« ", "«\u00a0")
