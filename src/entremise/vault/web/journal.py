"""The access journal for the delegate: browser, one line with its proof, witnesses, verification on demand."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import get_current_timezone
from django.views.decorators.http import require_POST, require_safe

from entremise.kernel.http import Request
from entremise.vault import queries, registry, usecases
from entremise.vault.usecases import browsing, trails


def _choices(words: dict[str, str]) -> list[tuple[str, str]]:
    return [("", "Toutes"), *((code, label) for code, label in sorted(words.items(), key=lambda pair: pair[1]))]


class JournalFilter(forms.Form):
    """Period, purpose, register, decision, deed, number. No agent: nobody is watched here."""

    du = forms.DateField(label="Depuis le", required=False, widget=forms.DateInput({"type": "date"}))
    au = forms.DateField(label="Jusqu’au", required=False, widget=forms.DateInput({"type": "date"}))
    finalite = forms.ChoiceField(label="Finalité", required=False, choices=_choices(dict(registry.PURPOSES)))
    registre = forms.ChoiceField(label="Registre", required=False)
    decision = forms.ChoiceField(label="Décision", required=False, choices=_choices(trails.VERDICTS))
    geste = forms.ChoiceField(label="Geste", required=False, choices=_choices(browsing.ALL_ACTIONS))
    ligne = forms.IntegerField(label="Numéro de ligne", required=False, min_value=1, max_value=2**62)
    avant = forms.IntegerField(required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput)

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        rows = {row.code: row.label for row in queries.registers()}
        self.fields["registre"].choices = [("", "Tous"), *rows.items()]  # type: ignore[attr-defined]

    @property
    def sought(self) -> browsing.Sought:
        """What was asked; a field that makes no sense asks for nothing."""
        said = self.cleaned_data
        zone = get_current_timezone()
        since = datetime.combine(said["du"], time(), zone) if said.get("du") else None
        until = datetime.combine(said["au"] + timedelta(days=1), time(), zone) if said.get("au") else None
        return browsing.Sought(
            since, until, said.get("finalite") or "", said.get("registre") or "", said.get("decision") or "",
            said.get("geste") or "", said.get("ligne"), said.get("avant"),
        )  # fmt: skip


@require_safe
def journal(request: Request) -> HttpResponse:
    form = JournalFilter(request.GET)
    form.is_valid()
    page = usecases.browse_journal(request.actor, sought=form.sought)
    query = request.GET.copy()
    query.pop("avant", None)
    context = {
        "filter": form,
        "page": page,
        "counts": [
            (name, [found.get(code, 0) for code in trails.VERDICTS], total) for name, found, total in page.counts
        ],
        "query": f"{query.urlencode()}&" if query else "",
        "watch": usecases.watch(),
        "verdicts": trails.VERDICTS,
        "last": browsing.last_verification(),
    }
    return render(request, "vault/journal.html", context)


@require_safe
def journal_line(request: Request, number: int) -> HttpResponse:
    return render(request, "vault/journal_line.html", {"whole": usecases.read_line(request.actor, number=number)})


@require_safe
def journal_proof(request: Request, number: int) -> HttpResponse:
    proof = usecases.prove_line(request.actor, number=number)
    text = json.dumps(proof, ensure_ascii=False, indent=1) + "\n"
    answer = HttpResponse(text, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="preuve-ligne-{number}.json"'
    return answer


@require_POST
def verify(request: Request) -> HttpResponse:
    row = usecases.ask_verification(request.actor)
    return redirect("vault:verification", row.pk)


@require_safe
def verification(request: Request, pk: int) -> HttpResponse:
    row = browsing.verification(request.actor, pk=pk)
    template = "vault/_verification.html" if request.htmx else "vault/verification.html"
    return render(request, template, {"verification": row})
