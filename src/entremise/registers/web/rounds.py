"""Campaigns of confirmation, letters of information, the review of the half-year."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotFound
from entremise.kernel.http import Request, tell
from entremise.people.engine import phone as phones
from entremise.people.models import Person
from entremise.registers import policies, queries, usecases
from entremise.registers.forms import life as forms
from entremise.registers.models import CheckLine, CheckRound, RegisterReview
from entremise.registers.web.enrolling import attached, say
from entremise.vault import registry, usecases as vault

PAGE = 25
TAGS = {"": "", "confirmed": "good", "moved": "warn", "deceased": "warn", "refuses": "warn", "no_answer": ""}
SHOWN = ("names", "phone", "address")


@require_http_methods(["GET", "POST"])
def rounds(request: Request, code: str) -> HttpResponse:
    """The campaigns of a register; start one; sign the review of the half-year."""
    row = queries.register_seen(request.actor, code)
    form = forms.RoundForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = usecases.start_check_round(request.actor, register=code, **form.cleaned_data)
            messages.success(request, f"La campagne est prête : {made.lines.count()} personnes.")
            return redirect("registers:round", made.public_id)
        except (DomainError, ValidationError) as error:
            tell(form, error)
    since = queries.half_a_year_ago()
    known = CheckRound.objects.filter(register=code).annotate(n=Count("lines"))
    left = dict(
        CheckLine.objects.filter(round__register=code, answer="")
        .values_list("round")
        .annotate(n=Count("pk"))
        .order_by()
    )
    context = {
        "row": row,
        "form": form,
        "rounds": [(one, left.get(one.pk, 0)) for one in known],
        "stale": len(queries.not_checked_since(code, since)),
        "reviews": list(RegisterReview.objects.filter(register=code).order_by("-due_on")[:4]),
        "due": RegisterReview.objects.filter(register=code, done_on=None).exists(),
        "keeper": request.actor.has("keeper"),
    }
    return render(request, "registers/rounds.html", context, status=422 if form.errors else 200)


@require_POST
def sign_review(request: Request, code: str) -> HttpResponse:
    try:
        usecases.sign_review(request.actor, register=code)
        messages.success(request, "La relecture est signée : la prochaine viendra dans six mois.")
    except (DomainError, ValidationError) as error:
        say(request, error)
    return redirect("registers:rounds", code)


@require_safe
def round_page(request: Request, public_id: str) -> HttpResponse:
    """Where a campaign stands, and its lines: references only, nobody is opened."""
    row = queries.check_round(request.actor, public_id)
    counts = dict(row.lines.values_list("answer").annotate(n=Count("pk")).order_by())
    total = sum(counts.values())
    said = request.GET.get("reference", "").strip()
    number = said.rpartition("-")[2]
    if number.isdigit() and row.lines.filter(rank=int(number)).exists():
        return redirect("registers:line", public_id, int(number))
    lines = row.lines.all()
    only = request.GET.get("reponse", "")
    if only in CheckLine.ANSWERS:
        lines = lines.filter(answer=only)
    page = Paginator(lines, PAGE).get_page(request.GET.get("page"))
    following = row.lines.filter(answer="").values_list("rank", flat=True).first()
    context = {
        "row": row,
        "register": queries.register_seen(request.actor, row.register),
        "bars": [queries.Bar(label[0].upper() + label[1:], counts.get(code, 0), total)
                 for code, label in [*CheckLine.ANSWERS.items(), ("", "à demander")]],
        "total": total,
        "left": counts.get("", 0),
        "unsent": row.lines.filter(answer="", sent_on=None).count(),
        "batch": usecases.BATCH,
        "page": page,
        "lines": [(one, TAGS[one.answer]) for one in page],
        "following": following,
        "said": said,
        "lost": bool(said),
        "keeper": request.actor.has("keeper") and row.closed_at is None,
    }  # fmt: skip
    return render(request, "registers/round.html", context)


@sensitive_variables()
@require_POST
def round_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    """`lettres`, `clore`."""
    row = queries.check_round(request.actor, public_id)
    try:
        if deed == "lettres":
            batch = usecases.print_checks(request.actor, check_round=row, large="grand" in request.POST)
            return attached(batch.content, "application/pdf", f"confirmations-{clock.today():%Y-%m-%d}.pdf")
        if deed != "clore":
            raise NotFound("Cette action n’existe pas.")
        usecases.close_check_round(request.actor, check_round=row)
        messages.success(request, "La campagne est close. Ce qui n’a pas de réponse reste comme avant.")
    except (DomainError, ValidationError) as error:
        say(request, error)
    return redirect("registers:round", public_id)


@never_cache
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def line(request: Request, public_id: str, rank: int) -> HttpResponse:
    """One person to confirm: name, number, address as the rules allow; five answers; then the next one."""
    policies.require_keeper(request.actor)
    row = queries.check_round(request.actor, public_id)
    one = row.lines.filter(rank=rank).first()
    if one is None:
        raise NotFound("Cette personne n’est pas dans cette campagne.")
    form = forms.AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            usecases.answer_check(request.actor, line=one, answer=form.cleaned_data["answer"])
            messages.success(request, AFTER[form.cleaned_data["answer"]])
            following = row.lines.filter(answer="", rank__gt=rank).first() or row.lines.filter(answer="").first()
            if following is not None and row.way == "call":
                return redirect("registers:line", public_id, following.rank)
            return redirect("registers:round", public_id)
        except (DomainError, ValidationError) as error:
            tell(form, error)
    opened: list[tuple[str, str, str]] = []
    if one.answer in ("", "no_answer"):
        opened = _opened(request, row, one)
    context = {"row": row, "one": one, "opened": opened, "form": form, "tag": TAGS[one.answer]}
    return render(request, "registers/line.html", context, status=422 if form.errors else 200)


AFTER = {
    "confirmed": "C’est noté : la fiche est à jour.",
    "moved": "C’est signalé : une autre personne doit confirmer le départ.",
    "deceased": "C’est signalé : une autre personne doit confirmer le décès.",
    "refuses": "La personne est retirée du registre : sa fiche ne sert plus.",
    "no_answer": "C’est noté : la personne reste à joindre.",
}


@sensitive_variables()
def _opened(request: Request, row: CheckRound, one: CheckLine) -> list[tuple[str, str, str]]:
    """(label, value, link to call) of what the rules let be read; each number of a person on its own line."""
    shape = registry.profile(row.register)
    fields = [f"{row.register}.{name}" for name in SHOWN if name in shape.fields]
    opening = vault.open(
        request.actor,
        person=one.person_id,
        fields=fields,
        purpose="registers.keep",
        motive=f"Confirmation {row.public_id}, ligne {one.rank}",
    )
    found = []
    for field in fields:
        name, value = field.partition(".")[2], opening.values.get(field, "")
        label = shape.labels[name].capitalize()
        if name == "phone" and value:
            found += [(label, phones.readable(number), f"tel:{number}") for number in value.split(" / ")]
        else:
            found.append((label, value or (opening.refused[field].reason if field in opening.refused else ""), ""))
    return found


@sensitive_variables()
@require_http_methods(["GET", "POST"])
def inform(request: Request, code: str) -> HttpResponse:
    """The persons of a re-used file who must be told of it, and the letters that tell them."""
    row = queries.register_seen(request.actor, code)
    if request.method == "POST":
        try:
            batch = usecases.print_information(request.actor, register=code, large="grand" in request.POST)
            return attached(batch.content, "application/pdf", f"informations-{clock.today():%Y-%m-%d}.pdf")
        except (DomainError, ValidationError) as error:
            say(request, error)
            return redirect("registers:inform", code)
    waiting = queries.never_told(code)
    first = Person.objects.filter(pk__in=waiting[:1]).values_list("created_at", flat=True).first()
    due = first + queries.TOLD if first else None
    context: dict[str, Any] = {
        "row": row,
        "waiting": len(waiting),
        "batch": min(len(waiting), usecases.BATCH),
        "due": due,
        "late": due is not None and due < clock.now(),
        "keeper": request.actor.has("keeper"),
    }
    return render(request, "registers/inform.html", context)
