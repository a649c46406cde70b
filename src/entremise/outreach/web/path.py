"""« Mon parcours »: where one is, what opens next, what was said, and the doors to come down or rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request, tell
from entremise.outreach import usecases
from entremise.outreach.engine import path as engine
from entremise.outreach.forms import callers as forms
from entremise.outreach.models import CallerProfile, Debrief
from entremise.outreach.models.callers import LEVELS
from entremise.outreach.queries import callers as queries, modules, shifts
from entremise.outreach.queries.unsigned import missing_rights
from entremise.outreach.usecases.callers.mentoring import MARKED, MARKS
from entremise.outreach.usecases.callers.resting import debrief_of

HELPED = 10


def own(request: Request) -> CallerProfile | None:
    """The visitor's own place on the path; None when they never signed up, or left."""
    row = queries.profile_of(request.actor.user_id) if request.actor.user_id is not None else None
    return None if row is None or row.state == "left" else row


def attempt(request: Request, deed: Callable[[], object], done: str) -> bool:
    """Do it and say so, or say why not; what is forbidden or hidden goes on to the error pages."""
    try:
        deed()
    except (DomainError, ValidationError) as error:
        if isinstance(error, NotAllowed | NotFound):
            raise
        messages.error(request, error.message if isinstance(error, DomainError) else " ".join(error.messages))
        return False
    messages.success(request, done)
    return True


def filled(request: Request, form: Form, deed: Callable[[dict[str, Any]], object], done: str) -> bool:
    """Whether a posted form was done; else its errors stand in it, with what was typed."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        deed(form.cleaned_data)
    except (DomainError, ValidationError) as error:
        tell(form, error)
        return False
    messages.success(request, done)
    return True


@require_safe
@never_cache
def path(request: Request) -> HttpResponse:
    row = own(request)
    if row is None:
        return redirect("outreach:path_sign_up")
    now = clock.now()
    counts, asked = queries.counts_of(row), queries.marks()
    level = row.held_level or row.level
    following = level + 1 if level < engine.TOP else None
    context = {
        "row": row,
        "levels": [
            {"label": f"{n}. {label}", "state": "current" if n == level else "done" if n < level else ""}
            for n, label in LEVELS.items()
        ],
        "facts": queries.caller_facts(row.user_id, None, now),
        "following": following,
        "steps": engine.steps(following, counts, asked, modules.titles()) if following else [],
        "decides": engine.DECIDES.get(following or 0, ""),
        "counts": counts,
        "modules": [
            (one, one.code in counts.modules, counts.quizzes.get(one.code), asked.quiz)
            for one in modules.modules().values()
        ],
        "open_modules": following or level,
        "reviews": row.reviews.select_related("mentor", "attempt")[:5],
        "listenings": [(one, marks_of(one.marks)) for one in row.listenings.select_related("mentor")[:3]],
        "new": queries.unread(row),
        "debriefs": row.debriefs.filter(held_at=None, declined_at=None),
        "helped": queries.helped(row, HELPED),
        "changes": row.changes.select_related("decided_by")[:5],
        "shifts": shifts.mine(row.user_id, now),
        "rights": missing_rights(row, now),
        "pausing": row.paused_until is not None and row.paused_until > now,
        "may_resume": row.pause_reason not in ("supervisor", "debrief"),
        "lower": range(level - 1, 0, -1),
    }
    return render(request, "outreach/path.html", context)


def marks_of(marks: dict[str, str]) -> list[tuple[str, str]]:
    """The marks of a listening note in words."""
    return [(label, MARKED.get(marks.get(code, ""), "")) for code, label in MARKS.items()]


@require_http_methods(["GET", "POST"])
def sign_up(request: Request) -> HttpResponse:
    if own(request) is not None:
        return redirect("outreach:path")
    form = forms.SignUpForm(request.POST or None)
    done = "Votre inscription est notée. Le superviseur l’accepte ; en attendant, commencez par la charte."
    if filled(request, form, lambda said: usecases.sign_up(request.actor, **said), done):
        return redirect("outreach:path")
    return render(request, "outreach/path_sign_up.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def availability(request: Request) -> HttpResponse:
    row = own(request)
    if row is None:
        return redirect("outreach:path_sign_up")
    names = ("languages", "available_from", "available_until", "share", "weekly_calls")
    form = forms.AvailabilityForm(request.POST or None, initial={name: getattr(row, name) for name in names})
    if filled(request, form, lambda said: usecases.change_availability(request.actor, **said), "C’est noté."):
        return redirect("outreach:path")
    context = {
        "form": form,
        "title": "Mes langues et mes disponibilités",
        "button": "Enregistrer",
        "lead": "Un agent réaffecté qui demande plus de temps que convenu attend de nouveau l’accord de sa hiérarchie."
        if row.kind == "reassigned"
        else "",
    }
    return render(request, "outreach/path_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def charter(request: Request) -> HttpResponse:
    row = own(request)
    if row is None:
        return redirect("outreach:path_sign_up")
    if request.method == "POST" and attempt(
        request, lambda: usecases.sign_charter(request.actor), "Charte et engagement de confidentialité signés."
    ):
        return redirect("outreach:path")
    return render(request, "outreach/path_charter.html", {"row": row})


@require_http_methods(["GET", "POST"])
def module(request: Request, code: str) -> HttpResponse:
    one, row = modules.module(code), own(request)
    if row is None:
        return redirect("outreach:path_sign_up")
    if request.method == "POST" and attempt(
        request, lambda: usecases.read_module(request.actor, module=code), "Module lu. Voici le quiz."
    ):
        return redirect("outreach:path_quiz", code)
    return render(
        request, "outreach/path_module.html", {"module": one, "read": code in queries.counts_of(row).modules}
    )


@require_http_methods(["GET", "POST"])
def quiz(request: Request, code: str) -> HttpResponse:
    one, row = modules.module(code), own(request)
    if row is None:
        return redirect("outreach:path_sign_up")
    if code not in queries.counts_of(row).modules:
        messages.error(request, "Lisez d’abord le module, puis dites « J’ai lu » : le quiz s’ouvre ensuite.")
        return redirect("outreach:path_module", code)
    form = forms.QuizForm(request.POST or None, module=one)
    context: dict[str, Any] = {"module": one, "form": form, "asked": queries.marks().quiz}
    if request.method == "POST" and form.is_valid():
        try:
            context["score"] = usecases.pass_quiz(request.actor, module=code, answers=form.answers())
        except (DomainError, ValidationError) as error:
            tell(form, error)
    return render(request, "outreach/path_quiz.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def wish(request: Request) -> HttpResponse:
    row = own(request)
    if row is None:
        return redirect("outreach:path_sign_up")
    form = forms.WishForm(request.POST or None, initial={"words": row.wishes_hardest})
    if filled(request, form, lambda said: usecases.wish_hardest(request.actor, **said), "C’est noté."):
        return redirect("outreach:path")
    context = {
        "form": form,
        "title": "Mon souhait pour le niveau 4",
        "button": "Enregistrer",
        "lead": "Le niveau 4, ce sont des personnes en détresse ou réticentes. Personne ne peut vous le demander : il "
        "s’ouvre par votre souhait écrit, puis l’accord du superviseur.",
    }
    return render(request, "outreach/path_form.html", context, status=422 if form.errors else 200)


def own_debrief(request: Request, public_id: str) -> Debrief:
    """NotFound for somebody else's: its existence says that they had a hard call."""
    row = debrief_of(public_id)
    if row.caller.user_id != request.actor.user_id:
        raise NotFound("Ce débriefing n’existe pas.")
    return row


@require_http_methods(["GET", "POST"])
def decline(request: Request, public_id: str) -> HttpResponse:
    debrief = own_debrief(request, public_id)
    form = forms.DeclineForm(request.POST or None)
    deed = usecases.decline_debrief
    if filled(request, form, lambda said: deed(request.actor, debrief=debrief, **said), "Votre refus est noté."):
        return redirect("outreach:path")
    context = {
        "form": form,
        "title": "Refuser ce débriefing",
        "button": "Je refuse, par écrit",
        "lead": "Parler après un appel dur aide, même quand on croit que non. C’est vous qui décidez. "
        "Après une urgence, la pause d’une demi-heure reste.",
    }
    return render(request, "outreach/path_form.html", context, status=422 if form.errors else 200)


@require_POST
def path_deed(request: Request, deed: str) -> HttpResponse:
    row, actor = own(request), request.actor
    if row is None:
        raise NotAllowed("Inscrivez-vous d’abord au parcours d’appel.")
    wanted = request.POST.get("niveau", "")
    to = int(wanted) if wanted in {"1", "2", "3"} else 0
    deeds: dict[str, tuple[Callable[[], object], str]] = {
        "baisser": (lambda: usecases.ask_down(actor, to=to), "C’est fait : vos prochains appels seront plus simples."),
        "pause": (lambda: usecases.pause_caller(actor, caller=row), "Vous êtes en pause. Reprenez quand vous voulez."),
        "reprendre": (lambda: usecases.resume_caller(actor, caller=row), "La pause est finie."),
        "parler": (lambda: usecases.ask_debrief(actor), "Votre référent d’appel est prévenu sur son bureau."),
        "lu": (lambda: usecases.read_feedback(actor), "C’est noté comme lu."),
        "quitter": (lambda: usecases.leave_path(actor, caller=row), "Vous avez quitté l’équipe d’appel. Merci."),
    }
    if deed not in deeds:
        raise NotFound("Cette action n’existe pas.")
    attempt(request, *deeds[deed])
    return redirect("outreach:home" if deed == "quitter" else "outreach:path")
