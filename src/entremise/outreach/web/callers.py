"""The team that calls, for its mentors and supervisors: who enters, whom one follows, what one reads with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entremise.accounts.queries import colleagues
from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.kernel.http import Request
from entremise.mutualaid.engine.masks import LANGUAGES
from entremise.outreach import policies, rules, usecases
from entremise.outreach.engine import path as engine
from entremise.outreach.forms import callers as forms
from entremise.outreach.models import DISPOSITIONS, CallerProfile
from entremise.outreach.models.callers import LEVELS
from entremise.outreach.queries import callers as queries, modules
from entremise.outreach.queries.unsigned import missing_rights
from entremise.outreach.usecases.callers import advising, mentoring, resting
from entremise.outreach.web.path import attempt, filled, marks_of
from entremise.referrals import usecases as referrals
from entremise.referrals.models import NEEDS, URGENCIES, Difficulty
from entremise.rules.queries import number_of


@require_safe
@never_cache
def callers(request: Request) -> HttpResponse:
    """The mentor's desk and the supervisor's team: by name, never by a figure."""
    user = policies.require_mentor(request.actor)
    supervisor = request.actor.has("supervisor")
    team = queries.callers() if supervisor else queries.mentees(user)
    mine = queries.mentees(user)
    context = {
        "supervisor": supervisor,
        "asked": queries.callers(("asked",)) if supervisor else [],
        "rows": [(one, one.get_kind_display(), LEVELS[one.level], _ready(one)) for one in team],
        "mine": len(mine),
        "most": number_of(rules.MENTEES),
        "debriefs": queries.debriefs_to_hold(team),
        "reports": queries.to_review(mine or team),
        "advices": queries.advices() if supervisor else [],
        "advice_form": forms.AdviceForm(),
        "now": clock.now(),
    }
    return render(request, "outreach/callers.html", context)


def _ready(row: CallerProfile) -> str:
    level = queries.proposed(row)
    return f"prêt pour le niveau {level}" if level else ""


def _caller(request: Request, public_id: str) -> CallerProfile:
    """The profile, for who may see it; for others it does not exist."""
    row = queries.profile(public_id)
    policies.require_mentor(request.actor)
    if not policies.guides(request.actor, row) and not (
        request.actor.has("supervisor") and row.user_id == request.actor.user_id
    ):
        raise NotFound("Cette personne n’est pas inscrite au parcours d’appel, ou un autre référent la suit.")
    return row


def _page(request: Request, row: CallerProfile, wrong: Form | None = None) -> HttpResponse:
    now = clock.now()
    level = row.held_level or row.level
    following = level + 1 if level < engine.TOP else None
    counts, asked = queries.counts_of(row), queries.marks()
    steps = engine.steps(following, counts, asked, modules.titles()) if following else []
    context = {
        "row": row,
        "level_label": LEVELS[row.level],
        "languages": [LANGUAGES.get(code, code) for code in row.languages],
        "pause_reason": queries.PAUSE_REASONS.get(row.pause_reason, ""),
        "facts": queries.caller_facts(row.user_id, None, now),
        "following": following,
        "steps": steps,
        "reached": bool(following) and all(step.done for step in steps) and row.held_level is None,
        "may_promote": following is not None and (following < engine.TOP or request.actor.has("supervisor")),
        "rights": missing_rights(row, now),
        "supervisor": request.actor.has("supervisor"),
        "guides": policies.guides(request.actor, row),
        "agreement": forms.AgreementForm(initial={"on": clock.today()}),
        "mentor": forms.MentorForm(mentors=colleagues("mentor"), initial={"mentor": row.mentor_id}),
        "demote": forms.DemoteForm(below=level) if level > 1 else None,
        "listening": forms.ListeningForm(),
        "changes": row.changes.select_related("decided_by")[:8],
        "listenings": [(one, marks_of(one.marks)) for one in row.listenings.select_related("mentor")[:3]],
        "reviews": row.reviews.select_related("mentor", "attempt")[:5],
        "reports": queries.to_review([row]),
        "debriefs": row.debriefs.filter(held_at=None, declined_at=None),
        "pausing": row.paused_until is not None and row.paused_until > now,
        "forms": [(one, [NEEDS.get(code, code) for code in one.needs], URGENCIES[one.urgency])
                  for one in _forms_to_judge(row)] if request.actor.has("supervisor") else [],
        "wrong": wrong,
    }  # fmt: skip
    if wrong is not None:
        names = {forms.AgreementForm: "agreement", forms.MentorForm: "mentor", forms.DemoteForm: "demote",
                 forms.ListeningForm: "listening"}  # fmt: skip
        context[names[type(wrong)]] = wrong
    return render(request, "outreach/caller_page.html", context, status=422 if wrong is not None else 200)


def _forms_to_judge(row: CallerProfile) -> list[Difficulty]:
    return list(Difficulty.objects.filter(author=row.user_id, origin_kind="call", complete=None)[:10])


@require_safe
@never_cache
def caller_page(request: Request, public_id: str) -> HttpResponse:
    return _page(request, _caller(request, public_id))


@require_POST
def caller_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    row, actor = _caller(request, public_id), request.actor
    level = row.held_level or row.level
    said: dict[str, tuple[Callable[[], Form], Callable[[dict[str, Any]], object], str]] = {
        "accord": (
            lambda: forms.AgreementForm(request.POST),
            lambda said: usecases.note_agreement(actor, caller=row, **said),
            "L’accord est noté, avec votre nom et la date.",
        ),
        "referent": (
            lambda: forms.MentorForm(request.POST, mentors=colleagues("mentor")),
            lambda said: usecases.assign_mentor(actor, caller=row, **said),
            "Le référent d’appel est changé.",
        ),
        "baisser": (
            lambda: forms.DemoteForm(request.POST, below=level),
            lambda said: usecases.demote_caller(actor, caller=row, **said),
            "Le niveau est changé, dès le prochain appel. La personne lit le motif.",
        ),
        "ecoute": (
            lambda: forms.ListeningForm(request.POST),
            lambda said: usecases.note_listening(actor, caller=row, note=said.pop("note"), marks=said),
            "La note d’écoute est enregistrée.",
        ),
    }
    plain: dict[str, tuple[Callable[[], object], str]] = {
        "accepter": (lambda: usecases.accept_caller(actor, caller=row), "Inscription acceptée."),
        "ecoutee": (lambda: usecases.validate_listening(actor, caller=row), "L’écoute est validée."),
        "monter": (
            lambda: usecases.promote_caller(actor, caller=row, to=_number(request.POST.get("niveau", ""))),
            "Le niveau est ouvert, dès le prochain appel.",
        ),
        "pause": (lambda: usecases.pause_caller(actor, caller=row), "Cette personne est en pause."),
        "reprendre": (lambda: usecases.resume_caller(actor, caller=row), "La pause est finie."),
        "retirer": (lambda: usecases.leave_path(actor, caller=row), "Cette personne ne fait plus partie de l’équipe."),
    }
    if deed in said:
        make, do, done = said[deed]
        form = make()
        if not filled(request, form, do, done):
            return _page(request, row, form)
    elif deed in plain:
        attempt(request, *plain[deed])
    else:
        raise NotFound("Cette action n’existe pas.")
    return redirect("outreach:callers") if deed == "retirer" else redirect("outreach:caller_page", row.public_id)


def _number(word: str) -> int:
    return int(word) if word in {"1", "2", "3", "4"} else 0


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_variables()
def caller_report(request: Request, public_id: str) -> HttpResponse:
    """One report to read with its caller. The answers open at a button: reading them is written in the journal."""
    policies.require_mentor(request.actor)
    found, row = mentoring.report(request.actor, public_id)
    form = forms.ReviewForm(request.POST if request.POST.get("relire") else None)
    if filled(
        request,
        form,
        lambda said: usecases.review_report(request.actor, attempt=public_id, **said),
        "Votre retour est enregistré : l’appelant le lit à sa prochaine permanence.",
    ):
        return redirect("outreach:callers")
    context = {
        "row": row,
        "attempt": found,
        "disposition": DISPOSITIONS[found.disposition],
        "form": form,
        "review": queries.review_of(found),
        "needs": queries.needs_of(found),
    }
    status = 422 if form.errors else 200
    if request.method == "POST":  # the button, or a review to correct: what was read stays on screen
        try:
            context["opened"] = usecases.open_report(request.actor, attempt=public_id)
        except DomainError as error:
            if isinstance(error, NotAllowed | NotFound):
                raise
            context["closed"] = error.message
    return render(request, "outreach/caller_report.html", context, status=status)


@require_http_methods(["GET", "POST"])
def caller_debrief(request: Request, public_id: str) -> HttpResponse:
    """A mentor notes that the talk took place."""
    debrief = resting.debrief_of(public_id)
    policies.require_guide(request.actor, debrief.caller)
    form = forms.HoldForm(request.POST or None)
    deed = usecases.hold_debrief
    post = request.method == "POST"
    if post and filled(request, form, lambda said: deed(request.actor, debrief=debrief, **said), "Débriefing noté."):
        return redirect("outreach:callers")
    context = {
        "form": form,
        "title": f"Débriefing avec {debrief.caller.user.label}",
        "button": "Le débriefing a eu lieu",
        "lead": f"{debrief.get_cause_display().capitalize()}. Ce que la personne dit reste entre vous : n’écrivez que "
        "ce qui a été convenu.",
    }
    return render(request, "outreach/path_form.html", context, status=422 if form.errors else 200)


@require_POST
def caller_advice(request: Request, public_id: str, deed: str) -> HttpResponse:
    """A supervisor decides of a suggestion on the complexity of calls."""
    if deed not in ("retenir", "ecarter"):
        raise NotFound("Cette action n’existe pas.")
    policies.require_supervisor(request.actor)
    advice = advising.advice_of(public_id)
    reason = request.POST.get("reason", "")
    attempt(
        request,
        lambda: usecases.decide_complexity(request.actor, advice=advice, accept=deed == "retenir", reason=reason),
        "C’est décidé : le changement vaut pour toutes les campagnes." if deed == "retenir" else "Avis écarté.",
    )
    return redirect("outreach:callers")


@require_POST
def caller_form(request: Request, public_id: str, deed: str) -> HttpResponse:
    """A supervisor says whether a difficulty form is complete, where no referrer does yet."""
    policies.require_supervisor(request.actor)
    row = Difficulty.objects.select_related("author").filter(public_id=public_id).first()
    profile = queries.profile_of(row.author_id) if row is not None and row.author_id else None
    if row is None or profile is None or deed not in ("complete", "incomplete"):
        raise NotFound("Cette fiche n’existe pas.")
    difficulty = row
    attempt(
        request,
        lambda: referrals.judge_difficulty(request.actor, difficulty=difficulty, complete=deed == "complete"),
        "La fiche est relue.",
    )
    return redirect("outreach:caller_page", profile.public_id)
