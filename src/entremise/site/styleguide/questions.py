"""Questions and lists."""

from __future__ import annotations

from django.utils.datastructures import MultiValueDict

from entremise.site.styleguide.parts import Component, ExampleForm, FilterForm, PlaceForm, page_of


def questions() -> list[Component]:
    wrong = ExampleForm({"wrong-slot": "9", "wrong-code": "K7M2"}, MultiValueDict(), prefix="wrong")
    plain = ExampleForm(prefix="plain", initial={"channel": "phone", "kinds": ["appel"], "code": "K7M2 P4QX"})
    place, found = PlaceForm(prefix="place"), PlaceForm({"found-place": "saint-martin"}, prefix="found")
    nowhere, offline = PlaceForm({"no-place": "zzz"}, prefix="no"), PlaceForm(prefix="offline")
    choices = [
        {"value": "38185", "label": "Saint-Martin-d’Hères (38400)", "checked": True},
        {"value": "38421", "label": "Saint-Martin-le-Vinoux (38950)"},
    ]
    return [
        Component(
            "error_summary",
            "Résumé des erreurs",
            "Prend le focus au retour de la page (sauf ici) ; chaque lien mène à son champ, dans l’ordre.",
            [("Plusieurs erreurs", {"form": wrong, "quiet": True})],
        ),
        Component(
            "form",
            "Formulaire",
            "{{ form }} dessine tous les champs ; requis est la règle, « (facultatif) » est dit.",
            [("Vide et rempli", {"fields": [(f, []) for f in plain], "hidden_fields": []})],
        ),
        Component(
            "field",
            "Champ",
            "Intitulé, aide, erreur, saisie. aria-describedby nomme l’aide et l’erreur ; aria-invalid si faux.",
            [(str(f.label), {"field": f}) for f in wrong if f.errors],
        ),
        Component(
            "known",
            "Réponse déjà connue",
            "Montrée, pas redemandée. Le lien dit ce qu’il modifie.",
            [
                (
                    "Avec sa source",
                    {
                        "label": "la commune",
                        "value": "Grenoble",
                        "source": "au téléphone, le 3 juin",
                        "href": "#known",
                    },
                )
            ],
        ),
        Component(
            "place",
            "Commune et adresse",
            "Un champ, puis des choix trouvés par notre serveur. Marche sans JavaScript.",
            [
                ("Vide", {"field": place["place"]}),
                ("Plusieurs", {"field": found["place"], "found": choices, "name": "found-code"}),
                ("Aucun", {"field": nowhere["place"], "state": "none"}),
                ("Recherche arrêtée", {"field": offline["place"], "state": "offline"}),
            ],
        ),
        Component(
            "check_answers",
            "Vérifier ses réponses",
            "Une liste de définitions ; chaque « Modifier » nomme sa question.",
            [
                (
                    "Trois réponses",
                    {
                        "answers": [
                            {"label": "Ce qu’il vous faut", "value": "Faire des courses", "href": "#check_answers"},
                            {"label": "Votre commune", "value": "Grenoble", "href": "#check_answers"},
                            {"label": "Précisions", "value": "", "href": "#check_answers"},
                        ]
                    },
                )
            ],
        ),
    ]


def lists() -> list[Component]:
    columns = [
        {"label": "Besoin", "sort": "?tri=besoin", "sorted": ""},
        {"label": "Commune", "sort": "", "sorted": ""},
        {"label": "Âge", "sort": "?tri=-age", "sorted": "descending"},
        {"label": "Offres proches", "number": True, "sort": "", "sorted": ""},
    ]
    rows = [
        {"key": "1", "href": "#table", "chosen": True, "cells": ["Courses", "Grenoble", "3 jours", _number("12")]},
        {"key": "2", "href": "#table", "cells": ["Trajet à l’hôpital", "Fontaine", "2 jours", _number("5")]},
        {"key": "3", "href": "#table", "cells": ["Appel de compagnie", "Échirolles", "1 jour", _number("1 240")]},
    ]
    people = [{"label": f"Besoin {code}", "href": "#list_detail"} for code in ("K7M2", "P4QX", "R9TZ")]
    chosen = [{**people[0], "current": True}, *people[1:]]
    active = [{"label": "Ouverts", "href": "#filters"}, {"label": "Grenoble", "href": "#filters"}]
    return [
        Component(
            "search",
            "Recherche",
            "Repère « search », formulaire GET, champ nommé.",
            [
                (
                    "Vide",
                    {
                        "action": "#search",
                        "label": "Nom, téléphone ou rue",
                        "name": "q",
                        "value": "",
                        "id": "search-q",
                    },
                )
            ],
        ),
        Component(
            "filters",
            "Filtres",
            "Formulaire GET ; chaque filtre actif est un lien qui le retire.",
            [
                ("Aucun", {"action": "#filters", "filter_form": FilterForm(prefix="f0")}),
                (
                    "Actifs",
                    {
                        "action": "#filters",
                        "filter_form": FilterForm(prefix="f1"),
                        "active": active,
                        "clear": "#filters",
                    },
                ),
            ],
        ),
        Component(
            "table",
            "Tableau",
            "Légende avec le compte, tri par liens et aria-sort ; défile seul dans une région atteignable au clavier.",
            [
                ("Triée", {"id": "t1", "caption": "3 besoins ouverts", "columns": columns, "rows": rows}),
                (
                    "À cocher",
                    {
                        "id": "t2",
                        "caption": "3 besoins, 1 choisi",
                        "columns": columns,
                        "rows": rows,
                        "choose": "choisi",
                    },
                ),
            ],
        ),
        Component(
            "pages",
            "Pages",
            "Un menu nommé « Pages » ; chaque lien dit « Page 2 ».",
            [(label, {"page": page_of(n)}) for label, n in (("Première", 1), ("Au milieu", 5), ("Dernière", 10))],
        ),
        Component(
            "list_detail",
            "Liste et détail",
            "Deux colonnes au large, l’une sous l’autre ailleurs ; la ligne ouverte porte aria-current.",
            [
                ("Rien de choisi", {"title": "Besoins, exemple sans choix", "rows": people}),
                (
                    "Choisi, changé entre-temps",
                    {
                        "title": "Besoins, exemple choisi",
                        "rows": chosen,
                        "detail": "components/_example.html",
                        "changed": "Karim a modifié ce besoin à 10 h 02. Vous voyez la nouvelle version.",
                    },
                ),
            ],
        ),
        Component(
            "empty",
            "Liste vide",
            "Dit pourquoi, et l’étape utile qui suit.",
            [
                (
                    "Aucun résultat",
                    {
                        "title": "Aucun besoin ouvert près de vous",
                        "text": "Les douze besoins du quartier sont pourvus.",
                        "href": "#empty",
                        "label": "Voir toute la ville",
                    },
                ),
                ("Tout est fait", {"title": "La file est vide", "text": "Trois fiches sont à rappeler demain."}),
            ],
        ),
        Component(
            "missing",
            "Ce qui manque",
            "Montré aux seules personnes qui administrent.",
            [("Deux manques", {"missing": ["hébergeur", "date de l’audit"]})],
        ),
    ]


def _number(text: str) -> dict[str, object]:
    return {"number": True, "text": text}
