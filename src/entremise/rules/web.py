"""The rule reader, for everybody; the explorer, for those who watch over the rules. Neither shows a person."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed
from entremise.kernel.http import Request
from entremise.rules import policies, queries
from entremise.rules.engine import Compiled, Note, exploring, form as grammar
from entremise.rules.engine.vocabulary import PURPOSES, ROLES, typographic
from entremise.rules.forms import Explore


@lru_cache(maxsize=512)
def _note(note: Note) -> Note:
    return Note(note.id, typographic(note.article), typographic(note.title), typographic(note.text))


@login_not_required
@require_safe
def reader(request: Request) -> HttpResponse:
    """What the rules allow, what no vote can allow, the points a vote may move."""
    rule_set = queries.active()
    rules = []
    for form in queries.forms(rule_set) if rule_set else ():
        lines = [(line.heading, typographic(line.joint.join(line.items))) for line in grammar.lines(form)]
        rules.append({"id": form.id, "title": typographic(form.title), "lines": lines})
    context = {
        "rule_set": rule_set,
        "rules": rules,
        "prohibitions": [_note(n) for n in queries.prohibitions(rule_set)] if rule_set else [],
        "rights": [_note(n) for n in queries.rights(rule_set)] if rule_set else [],
        "points": queries.settings(),
        "explorer": policies.can_explore(request.actor),
    }
    return render(request, "rules/reader.html", context)


@lru_cache(maxsize=64)
def _explored(rules: Compiled, category: str, action: str, day: str) -> list[exploring.Cell]:
    return exploring.who_could(rules, category, action, now=clock.now())


@require_safe
def explorer(request: Request) -> HttpResponse:
    """« Qui pourrait lire ce champ, et pourquoi ? »: every role and purpose, decided by the engine."""
    if not policies.can_explore(request.actor):
        raise NotAllowed("Cette page est réservée au délégué à la protection des données, au responsable et à "
                         "l’administrateur. La liste des règles, elle, est publique.")  # fmt: skip
    form = Explore(request.GET or {"category": "phone", "action": "read"})
    roles = []
    if form.is_valid():
        cells = _explored(queries.compiled(), form.cleaned_data["category"], form.cleaned_data["action"],
                          clock.today().isoformat())  # fmt: skip
        for role, some in groupby(cells, key=lambda cell: cell.role):
            ways = [
                {
                    "purpose": typographic(PURPOSES[c.purpose]),
                    "notes": [_note(n) for n in c.notes],
                    "approved": c.approved,
                }
                for c in some
            ]
            roles.append({"role": typographic(ROLES[role]).capitalize(), "ways": ways})
    seen = {entry["role"] for entry in roles}
    nobody = [said for said in (typographic(r).capitalize() for r in ROLES.values()) if said not in seen]
    return render(request, "rules/explorer.html", {"form": form, "roles": roles, "nobody": nobody})
