"""The home of the registers, and one page that says how a register lives. Counts and dates: no value is opened."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from entremise.kernel import clock
from entremise.kernel.http import Request
from entremise.registers import queries
from entremise.rules.engine.vocabulary import typographic
from entremise.vault import queries as vault, registry

TAGS = {"open": "good", "suspended": "warn", "closed": "", "project": "", "shredded": "danger"}
ORDER = {"open": 0, "suspended": 1, "project": 2, "closed": 3, "shredded": 4}
ROOMS = (
    ("registers:import_list", "Fichiers reçus", "Importer un fichier, relire ses lignes refusées."),
    ("registers:linkage", "Rapprochements", "Retrouver la même personne dans deux fichiers."),
    ("registers:review", "Paires à relire", "Dire si deux fiches douteuses sont la même personne."),
    ("registers:decisions", "Décisions", "Ce qui a été réuni ou séparé, par qui, et comment l’annuler."),
    ("registers:cohort_list", "Repérages", "Qui appeler d’abord, et pourquoi, sans voir les fiches."),
    ("registers:reports", "Décès et départs", "Ce qui est signalé attend une seconde personne."),
)
"""The other rooms of the registers, shown once they are there."""


def rooms() -> list[tuple[str, str, str]]:
    found = []
    for name, label, text in ROOMS:
        try:
            found.append((reverse(name), label, text))
        except NoReverseMatch:
            continue
    return found


@require_safe
def home(request: Request) -> HttpResponse:
    """Every register the agent may see: state, size, what waits."""
    rows = queries.visible(request.actor)
    waits, states, now = queries.waiting([one.code for one in rows]), vault.states(), clock.now()
    cards: list[dict[str, Any]] = [
        {
            "row": one,
            "tag": TAGS.get(one.status, ""),
            "live": sum(n for status, n in states.get(one.code, {}).items() if status != "closed"),
            "active": states.get(one.code, {}).get("active", 0),
            "waits": waits[one.code],
            "near": one.status == "open" and one.expires_at - now < queries.NEAR,
        }
        for one in rows
    ]
    cards.sort(key=lambda card: (ORDER.get(card["row"].status, 9), card["row"].kind != "legal", card["row"].label))
    keeper = request.actor.has("keeper")
    context = {
        "cards": cards,
        "total": sum(card["live"] for card in cards),
        "late": sum(one.late for one in waits.values()),
        "letters": sum(one.letters for one in waits.values()),
        "reports": sum(one.reports for one in waits.values()),
        "pairs": queries.pairs_to_review(),
        "rooms": rooms() if keeper or request.actor.has("analyst") else [],
        "keeper": keeper,
        "watcher": request.actor.has("controller", "dpo"),
    }
    return render(request, "registers/home.html", context)


@require_safe
def register_page(request: Request, code: str) -> HttpResponse:
    """One register: what it holds, how fresh, who acts in it, what the law says of it."""
    row = queries.register_seen(request.actor, code)
    now = clock.now()
    board = queries.dashboard(row, now)
    shape = registry.profile(row.code)
    by_category: dict[str, list[str]] = {}
    for name in shape.fields:
        by_category.setdefault(shape.category(name), []).append(shape.labels.get(name, name))
    context: dict[str, Any] = {
        "row": row,
        "tag": TAGS.get(row.status, ""),
        "board": board,
        "waits": queries.waiting([row.code])[row.code],
        "near": row.status == "open" and row.expires_at - now < queries.NEAR,
        "days": max(0, (row.expires_at - now).days),
        "purposes": [
            {
                "label": registry.PURPOSES.get(purpose, purpose),
                "basis": registry.BASES.get(basis, basis),
                "crisis": purpose in row.crisis_purposes,
            }
            for purpose, basis in sorted(row.bases.items())
        ],
        "categories": [(typographic(registry.CATEGORIES[one]), some) for one, some in by_category.items()],
        "keeper": request.actor.has("keeper"),
        "watcher": request.actor.has("controller", "dpo"),
        "imports": {name: address for address, name, _ in rooms()}.get("Fichiers reçus", ""),
        "legal": row.kind == "legal",
        "service": row.kind == "service",
    }
    return render(request, "registers/register_page.html", context)
