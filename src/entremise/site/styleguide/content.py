"""Content, figures, charts and maps."""

from __future__ import annotations

from entremise.site.styleguide.parts import AT, Component


def content() -> list[Component]:
    card = {"title": "Courses pour deux", "href": "#card", "meta": "Grenoble, il y a 3 jours"}
    return [
        Component(
            "card",
            "Carte",
            "Le titre est le lien ; la carte entière ne se clique pas.",
            [
                ("Simple", {**card, "text": "Une fois par semaine, à pied."}),
                ("Urgente", {**card, "kind": "urgent", "tags": [{"label": "Urgent", "kind": "danger"}]}),
                ("Faite", {**card, "kind": "done", "tags": [{"label": "Pourvu", "kind": "good"}]}),
                ("La mienne", {**card, "kind": "mine", "tags": [{"label": "À moi", "kind": ""}]}),
            ],
        ),
        Component(
            "facts",
            "Faits",
            "Liste de définitions ; l’inconnu et le réservé se disent.",
            [
                (
                    "Connu, inconnu, réservé",
                    {
                        "facts": [
                            {"label": "Préfère", "value": "le matin"},
                            {"label": "Étage", "state": "unknown"},
                            {"label": "Adresse", "state": "masked"},
                        ]
                    },
                )
            ],
        ),
        Component(
            "side_by_side",
            "Côte à côte",
            "Les écarts sont marqués et nommés « différent ».",
            [
                (
                    "Pareil, différent, manque",
                    {
                        "id": "pair",
                        "caption": "Deux fiches à comparer",
                        "left": "Fichier canicule",
                        "right": "Portage de repas",
                        "rows": [
                            {"label": "Nom", "left": "Exemple", "right": "Exemple", "state": "same"},
                            {"label": "Rue", "left": "rue des Fleurs", "right": "rue des Lilas", "state": "different"},
                            {"label": "Étage", "left": "2", "right": "", "state": "missing"},
                        ],
                    },
                )
            ],
        ),
        Component(
            "script",
            "Trame d’appel",
            "Liste numérotée ; les mots à dire sont entre guillemets.",
            [
                (
                    "Faite, en cours, passée",
                    {
                        "lines": [
                            {"title": "Vous présenter", "say": "Bonjour, je vous appelle de la mairie."},
                            {"title": "La chaleur", "say": "Avez-vous de l’eau fraîche ?", "state": "current"},
                            {"title": "Le quotidien", "state": "skipped"},
                        ]
                    },
                )
            ],
        ),
        Component(
            "timeline",
            "Journal",
            "Le plus récent d’abord pour les agents.",
            [
                (
                    "Entrées, trou, réservé",
                    {
                        "entries": [
                            {"at": AT, "text": "A répondu : tout va bien.", "by": "Karim", "channel": "téléphone"},
                            {"state": "gap", "text": "Aucun appel pendant 12 jours"},
                            {"at": AT, "state": "sealed", "by": "Service social", "channel": ""},
                        ]
                    },
                )
            ],
        ),
        Component(
            "explanation",
            "Pourquoi ?",
            "Élément details : s’ouvre à Entrée ou Espace.",
            [
                (
                    "Fermée",
                    {"summary": "Pourquoi cette personne ?", "reasons": ["à moins de 500 m", "libre le matin"]},
                ),
                (
                    "Ouverte, avec sa règle",
                    {
                        "summary": "Pourquoi ce refus ?",
                        "reasons": ["trois sollicitations cette semaine"],
                        "rule": "Règle 12",
                        "href": "#explanation",
                        "open": True,
                    },
                ),
            ],
        ),
        Component(
            "ballot",
            "Bulletin de vote",
            "Rien n’est coché d’avance ; le tirage au hasard est dit.",
            [
                ("Pas ouvert", {"question": "Relever le plafond ?", "state": "closed", "text": "Ouvre lundi à 9 h."}),
                (
                    "Ouvert",
                    {
                        "question": "Relever le plafond à 40 places ?",
                        "state": "open",
                        "name": "vote",
                        "action": "#ballot",
                        "choices": [
                            {"value": "no", "label": "Non"},
                            {"value": "blank", "label": "Vote blanc"},
                            {"value": "yes", "label": "Oui"},
                        ],
                    },
                ),
                ("A voté", {"question": "Relever le plafond ?", "state": "voted", "text": "Vous avez voté à 10 h."}),
            ],
        ),
        Component(
            "sheet",
            "Feuille à imprimer",
            "A4, 12 points, 16 en grands caractères ; une feuille par page.",
            [
                (
                    "Formulaire",
                    {
                        "title": "J’ai besoin d’aide",
                        "reference": "K7M2",
                        "text": "Rapportez cette feuille à l’accueil, ou lisez-la au téléphone.",
                        "blanks": ["Ce qu’il me faut", "Où"],
                    },
                ),
                ("Grands caractères", {"title": "Votre rendez-vous", "text": "Nadia vous appelle.", "large": True}),
            ],
        ),
    ]


def figures() -> list[Component]:
    job = {"most": 3000, "refresh": "#progress"}
    bars = [("Lundi", 12), ("Mardi", 30), ("Mercredi", 21)]
    drawn = [
        {"label": label, "value": n, "width": n * 11, "y": i * 32, "text_y": i * 32 + 17, "value_x": 98 + n * 11}
        for i, (label, n) in enumerate(bars)
    ]
    shades = ["c0", "c1", "c2", "c3", "c4", "secret", "nodata"]
    legend = ["0 à 2 %", "2 à 4 %", "4 à 6 %", "6 à 8 %", "8 % et plus", "secret", "pas de donnée"]
    areas = [
        {"name": f"Secteur {i + 1}", "path": f"M{i * 40 + 1} 1h38v58h-38z", "shade": shade, "value": legend[i]}
        for i, shade in enumerate(shades)
    ]
    return [
        Component(
            "figure",
            "Chiffre",
            "Nombre, unité, date et source ; masqué ou absent, il dit pourquoi.",
            [
                (
                    "Valeur",
                    {
                        "value": "1 240",
                        "unit": "appels",
                        "label": "cette semaine",
                        "since": "+ 84",
                        "meta": "au 12 juillet",
                    },
                ),
                ("Masqué", {"state": "masked", "label": "refus par commune", "why": "Moins de 5 personnes."}),
                ("Absent", {"state": "none", "label": "visites", "why": "Le service n’a rien envoyé."}),
                ("En retard", {"value": "38", "label": "besoins ouverts", "state": "late", "meta": "au 9 juillet"}),
            ],
        ),
        Component(
            "progress",
            "Travail long",
            "Élément progress nommé ; on peut quitter la page et revenir.",
            [
                (
                    "En attente",
                    {
                        **job,
                        "id": "p0",
                        "label": "Import en attente",
                        "state": "waiting",
                        "text": "Il commence dans la minute.",
                    },
                ),
                (
                    "En cours",
                    {
                        **job,
                        "id": "p1",
                        "label": "Lecture des lignes",
                        "value": 1200,
                        "state": "running",
                        "text": "1 200 lignes sur 3 000.",
                    },
                ),
                (
                    "Fini",
                    {
                        **job,
                        "id": "p2",
                        "label": "Import fini",
                        "value": 3000,
                        "state": "done",
                        "text": "2 988 lignes gardées, 12 à revoir.",
                    },
                ),
                (
                    "Échoué",
                    {
                        **job,
                        "id": "p3",
                        "label": "Import arrêté",
                        "value": 1830,
                        "state": "failed",
                        "text": "Ligne 1 831 : date illisible. Les précédentes sont gardées.",
                    },
                ),
            ],
        ),
        Component(
            "chart",
            "Graphique",
            "Le titre dit le constat ; le tableau suit toujours.",
            [
                (
                    "Barres",
                    {
                        "id": "chart",
                        "title": "Mardi, le double de lundi",
                        "unit": "Appels par jour",
                        "source": "Exemple inventé.",
                        "bars": drawn,
                        "height": 96,
                    },
                )
            ],
        ),
        Component(
            "map",
            "Carte géographique",
            "Le titre dit le constat ; les aires ne sont pas des arrêts du clavier ; le tableau suit.",
            [
                (
                    "Cinq classes, secret, sans donnée",
                    {
                        "id": "map",
                        "title": "L’ouest attend moins que l’est",
                        "text": "Sept secteurs rangés d’ouest en est.",
                        "box": "0 0 280 60",
                        "areas": areas,
                        "legend": [{"shade": s, "label": w} for s, w in zip(shades, legend, strict=True)],
                        "source": "Exemple inventé.",
                    },
                )
            ],
        ),
    ]
