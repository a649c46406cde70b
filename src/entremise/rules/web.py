"""The rule reader, for everybody; the explorer, for those who watch over the rules. Neither shows a person."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from entremise.kernel import clock
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.http import Request
from entremise.rules import policies, queries, usecases
from entremise.rules.engine import Compiled, Note, RegisterFacts, exploring, form as grammar, linked
from entremise.rules.engine.vocabulary import PURPOSES, ROLES, typographic
from entremise.rules.forms import Explore
from entremise.rules.registry import registers as registered


@lru_cache(maxsize=512)
def _note(note: Note) -> Note:
    return Note(note.id, typographic(note.article), typographic(note.title), typographic(note.text))


@login_not_required
@require_safe
def reader(request: Request) -> HttpResponse:
    """What the rules allow, and what no vote can allow."""
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
        "explorer": policies.can_explore(request.actor),
        "soon": queries.lapses_soon(rule_set, clock.now()),
        "prolongs": bool(rule_set and rule_set.provisional and request.actor.has("controller")),
    }
    return render(request, "rules/reader.html", context)


ROOMS = {
    "mutualaid": "Entraide",
    "outreach": "Veille",
    "referrals": "Orientation",
    "registers": "Registres",
    "vault": "Coffre",
    "people": "Droits des personnes",
    "rules": "Règles",
}


@login_not_required
@require_safe
def settings(request: Request) -> HttpResponse:
    """The points a vote may move, room by room, with their value in force and their bounds."""
    rooms: dict[str, list[queries.Setting]] = {}
    for one in queries.settings():
        code = one.point.key.partition(".")[0]
        rooms.setdefault(ROOMS.get(code, code), []).append(one)
    return render(request, "rules/settings.html", {"rooms": sorted(rooms.items())})


@require_POST
def prolong(request: Request) -> HttpResponse:
    """The provisional rules for 180 days more, signed by the controller."""
    row = usecases.prolong_rules(request.actor)
    messages.success(request, f"Le règlement provisoire est prolongé : il devient le n° {row.number}.")
    return redirect("rules:reader")


@login_not_required
@require_safe
def in_force(request: Request) -> HttpResponse:
    """The rules in force as data that other territories and tools read: JSON-LD, in the words of DPV."""
    rule_set = queries.active()
    if rule_set is None:
        raise NotFound("Aucun règlement n’est installé.")
    address = request.build_absolute_uri(reverse("rules:reader"))
    said = linked.document(queries.forms(rule_set), address=address, number=rule_set.number,
                           sha256=rule_set.fingerprint, provisional=rule_set.provisional)  # fmt: skip
    return JsonResponse(said, content_type="application/ld+json",
                        json_dumps_params={"ensure_ascii": False, "indent": 1})  # fmt: skip


@lru_cache(maxsize=64)
def _explored(
    rules: Compiled, category: str, action: str, day: str, register: RegisterFacts | None
) -> list[exploring.Cell]:
    return exploring.who_could(rules, category, action, now=clock.now(), register=register)


@require_safe
def explorer(request: Request) -> HttpResponse:
    """« Qui pourrait lire ce champ, et pourquoi ? »: every role and purpose, decided by the engine."""
    if not policies.can_explore(request.actor):
        raise NotAllowed("Cette page est réservée au délégué à la protection des données, au responsable et à "
                         "l’administrateur. La liste des règles, elle, est publique.")  # fmt: skip
    shapes = {shape.code: shape for shape in registered()}
    asked = request.GET.dict() or {"category": "phone", "action": "read"}
    shape = shapes.get(asked.get("register", ""))
    field = shape.fields.get(asked.get("field", "")) if shape else None
    if field is not None:  # a link from the page of a register: the field says its category
        asked["category"] = field[1]
    form = Explore(list(shapes.values()), asked)
    roles = []
    if form.is_valid():
        cells = _explored(queries.compiled(), form.cleaned_data["category"], form.cleaned_data["action"],
                          clock.today().isoformat(), shape.facts if shape else None)  # fmt: skip
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
    context = {"form": form, "roles": roles, "nobody": nobody, "shape": shape, "field": field[0] if field else ""}
    return render(request, "rules/explorer.html", context)
