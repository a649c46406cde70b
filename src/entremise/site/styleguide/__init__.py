"""The style guide: every component in every state. Persons, places and figures are invented."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from entremise.site import palette
from entremise.site.styleguide.content import content, figures
from entremise.site.styleguide.deeds import deeds, frame
from entremise.site.styleguide.parts import Component
from entremise.site.styleguide.questions import lists, questions


def components() -> list[Component]:
    return [*frame(), *deeds(), *questions(), *lists(), *content(), *figures()]


def context(request: HttpRequest) -> dict[str, Any]:
    light, dark = palette.tokens()
    return {
        "components": [component.shown(request) for component in components()],
        "tokens": [(name, colour, dark[name]) for name, colour in light.items()],
        "pairs": palette.pairs(),
        "words": WORDS,
    }


WORDS = [
    ("Votre requête a été prise en compte", "C’est noté. Nadia, de la mairie, vous appelle avant demain midi."),
    ("Veuillez renseigner les champs obligatoires", "Indiquez votre code postal, par exemple 93000"),
    ("Aucun résultat", "Personne ne propose encore cette aide près de chez vous. Appelez-nous."),
    ("Bénéficiaire, usager, cible", "la personne"),
    ("Supprimer l’enregistrement ?", "Retirer cette offre. Vous pourrez la remettre."),
    ("Erreur 403", "Vous n’avez pas accès à cette page. Elle est réservée aux personnes qui orientent."),
    ("Difficulté : refus de soins", "Dit ne pas avoir vu de médecin depuis mars"),
    ("Opt-in recueilli", "A dit oui au téléphone, le 12 juillet à 10 h"),
]
