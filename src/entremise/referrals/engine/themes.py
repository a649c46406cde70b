"""Our needs in the words of data·inclusion (reference outreach-and-referrals § 15.2), and labels of its lists."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from data_inclusion.schema import v1

THEMES: Final[Mapping[str, tuple[str, ...]]] = {
    "food": ("equipement-et-alimentation--alimentation",),
    "home_help": ("equipement-et-alimentation--aide-menagere", "famille--prise-en-charge-personne-dependante"),
    "equipment": ("equipement-et-alimentation--electromenager",),
    "clothing": ("equipement-et-alimentation--habillement",),
    "loneliness": ("remobilisation--lien-social",),
    "distress": ("sante--sante-mentale", "remobilisation--bien-etre-confiance-en-soi"),
    "care_access": ("sante--acces-aux-soins",),
    "addiction": ("sante--addictions",),
    "autonomy": ("sante--constituer-un-dossier-mdph-invalidite", "famille--prise-en-charge-personne-dependante"),
    "carer": ("famille--soutien-aidants",),
    "violence": ("famille--surmonter-conflits-separation-violence",),
    "rights": (
        "difficultes-administratives-ou-juridiques--accompagnement-pour-lacces-aux-droits",
        "difficultes-administratives-ou-juridiques--accompagnement-aux-demarches-administratives",
    ),
    "money": (
        "difficultes-financieres--prevenir-une-degradation-de-la-situation-financiere",
        "difficultes-financieres--situation-dendettement-surendettement",
    ),
    "protection": ("difficultes-financieres--mettre-en-place-une-mesure-de-protection-financiere",),
    "rent": ("logement-hebergement--reduire-les-impayes-de-loyer",),
    "housing": ("logement-hebergement--se-maintenir-dans-le-logement",),
    "shelter": ("logement-hebergement--rechercher-une-solution-dhebergement-temporaire",),
    "digital": ("numerique--acceder-a-des-services-en-ligne", "numerique--acceder-a-une-connexion-internet"),
    "transport": ("mobilite--etre-accompagne-dans-son-parcours-mobilite",),
    "other": (),
}


@cache
def themes() -> Mapping[str, str]:
    """The 69 thématiques of the schema: code → French label."""
    return {one.value: one.label for one in v1.Thematique}


@cache
def publics() -> Mapping[str, str]:
    return {one.value: one.label for one in v1.Public}


@cache
def labels() -> Mapping[str, str]:
    """Every code of every closed list of the schema → its French label."""
    lists = (
        v1.Thematique, v1.Public, v1.ModeAccueil, v1.ModeMobilisation, v1.PersonneMobilisatrice, v1.Frais,
        v1.TypeService,
    )  # fmt: skip
    return {one.value: one.label for kind in lists for one in kind}
