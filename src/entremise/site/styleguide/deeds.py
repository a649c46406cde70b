"""The frame of a page, deeds and states in words."""

from __future__ import annotations

from entremise.site.styleguide.parts import Component


def frame() -> list[Component]:
    words = [{"label": "Besoins", "href": "#menu", "current": True}]
    words += [{"label": w, "href": "#menu", "current": False} for w in ("Propositions", "Missions", "Carte", "Bilan")]
    return [
        Component(
            "skip_link", "Lien d’évitement", "Premier arrêt du clavier ; caché jusque-là. En haut de cette page."
        ),
        Component(
            "banner",
            "Bandeau",
            "Repère « banner ». Nom et logo du territoire, numéro, menu. Ici : avec une crise ouverte.",
            [("Crise ouverte", {"menu": words, "crisis_words": "Canicule : vigilance orange jusqu’à jeudi soir."})],
        ),
        Component(
            "menu",
            "Menu",
            "La page courante porte aria-current. Six entrées au plus ; il passe à la ligne, sans bouton caché.",
            [("Cinq entrées", {"menu": words})],
        ),
        Component("mark", "Marque", "Décorative : le nom est écrit à côté.", [("Sans logo du territoire", {})]),
        Component("demo", "Bande de démonstration", "Section nommée, avec le choix du rôle. En haut de cette page."),
        Component("foot", "Pied de page", "Téléphone, urgences, devoirs, langue. Au bas de cette page."),
        Component(
            "steps",
            "Étapes",
            "L’étape en cours porte aria-current=step ; « fait » est dit aux lecteurs d’écran.",
            [
                (
                    "Faite, en cours, à venir",
                    {
                        "steps": [
                            {"label": "Préparer", "state": "done"},
                            {"label": "Appeler", "state": "current"},
                            {"label": "Rendre compte", "state": ""},
                        ]
                    },
                )
            ],
        ),
    ]


def deeds() -> list[Component]:
    call = {"phone": "01 99 00 12 34", "link": "+33199001234"}
    return [
        Component(
            "phone_button",
            "Numéro à appeler",
            "Un lien tel: ; le numéro se lit et se copie ; les heures sont dans le lien.",
            [
                ("Ouvert", {**call, "hours": "du lundi au vendredi, 9 h à 17 h"}),
                ("Fermé", {**call, "hours": "fermé, reprend lundi à 9 h", "closed": True}),
            ],
        ),
        Component("help_by_phone", "Où se tourner", "Au bas des pages de refus.", [("Seul état", {})]),
        Component(
            "button",
            "Bouton",
            "Un seul principal par page ; l’intitulé est un verbe. Indisponible : reste atteignable, dit pourquoi.",
            [
                ("Principal", {"label": "Continuer"}),
                ("Second", {"label": "Enregistrer et faire une pause", "kind": "second"}),
                ("Danger", {"label": "Retirer mon offre", "kind": "danger"}),
                ("Lien", {"label": "Publier une mission", "href": "#button"}),
                ("Indisponible", {"label": "Voter", "unavailable": "ouvre lundi"}),
            ],
        ),
        Component(
            "link",
            "Lien",
            "Dit où il mène. Un autre site est annoncé en toutes lettres.",
            [
                ("Ici", {"href": "#link", "label": "Voir toute la ville"}),
                ("Ailleurs", {"href": "https://www.cnil.fr/", "label": "Plainte à la CNIL", "outside": True}),
            ],
        ),
        Component(
            "tag",
            "Étiquette",
            "Le mot d’abord, la couleur ensuite. Trois mots au plus.",
            [
                ("Neutre", {"label": "84 ans"}),
                ("Bon", {"label": "Pourvu", "kind": "good"}),
                ("Attention", {"label": "Parler fort", "kind": "warn"}),
                ("Danger", {"label": "Urgent", "kind": "danger"}),
            ],
        ),
        Component(
            "note",
            "Note",
            "La bonne nouvelle est annoncée (role=status) ; les autres se lisent à leur place.",
            [
                ("Information", {"text": "Les réponses sont gardées 24 heures."}),
                ("Bonne nouvelle", {"kind": "good", "text": "Mission publiée. Douze personnes sont prévenues."}),
                ("Attention", {"kind": "warn", "text": "Cette personne a déjà été appelée ce matin."}),
                (
                    "Danger",
                    {"kind": "danger", "title": "Danger immédiat ?", "text": "Appelez le 15. Restez en ligne."},
                ),
            ],
        ),
        Component(
            "undo",
            "Message qui se défait",
            "Annoncé par role=status ; « Annuler » est un bouton de formulaire, sans limite de vitesse.",
            [
                ("Fait", {"text": "SMS à Camille, départ dans 10 secondes.", "state": "done", "action": "#undo"}),
                ("Défait", {"text": "Le SMS ne partira pas.", "state": "undone"}),
                ("Trop tard", {"text": "Le SMS est parti à 10 h 02.", "state": "late"}),
            ],
        ),
    ]
