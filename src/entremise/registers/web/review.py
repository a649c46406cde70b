"""Reading doubtful pairs: the queue, one pair a page, what it was once answered. Never a weight before the answer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from entremise.kernel import clock
from entremise.kernel.errors import DomainError, NotFound
from entremise.kernel.http import Request, tell
from entremise.registers import policies, usecases
from entremise.registers.engine import explain
from entremise.registers.engine.reading import WIDE, bars
from entremise.registers.forms.review import AnswerForm, SeparationForm
from entremise.registers.models import Decision, LinkageModel, Pair, Reading
from entremise.registers.queries import proof, review as queries
from entremise.registers.usecases.review.grants import grants, require_grant
from entremise.registers.usecases.review.opening import OpenPair, names_for, open_pair
from entremise.registers.usecases.review.refusals import ContradictoryDecisions
from entremise.registers.usecases.review.thresholds import lacking, said

NOTHING_LEFT = "La file est vide : rien n’attend votre lecture. Merci."
DONE = {
    "accept": "C’est noté : une seule personne. Les deux fiches sont réunies.",
    "refuse": "C’est noté : deux personnes. Aucun rapprochement ne les réunira.",
    "doubt": "C’est noté. La question sera posée au prochain appel.",
    "pass_on": "C’est noté. Une autre personne lira aussi cette paire, puis la décision sera prise.",
    "wait": "C’est noté. La paire passe à une autre personne.",
}
BARRED = ("contradictory_decisions", "cannot_link")
"""Refusals of grouping that earlier decisions explain: they are shown before the answer."""
AFTER = {"same": "même personne", "different": "deux personnes", "unsure": "je ne sais pas"}


@require_safe
def review(request: Request) -> HttpResponse:
    """The queue as a keeper looks at it in the morning: how much, why, who reads, what is missing."""
    me = policies.require_reader(request.actor)
    now = clock.now()
    live = grants(now)
    model = proof.current_model()
    agreed, found = proof.agreement(), proof.evidence(model)
    progress = queries.progress(set(live), now)
    asked_by = {grant.requester for grant in live.values()}
    context = {
        "progress": progress,
        "short": bool(progress.second) and queries.second_readers(asked_by) < 2,
        "grants": list(live.values()),
        "agreement": agreed,
        "kappa": said(agreed.kappa),
        "floor": said(agreed.floor),
        "model": model,
        "evidence": found,
        "lacking": lacking(found),
        "target": f"{found.target * 100:.1f}\u00a0%".replace(".", ","),
        "keeper": request.actor.has("keeper"),
        "last": _last(me),
        "minimum": proof.AGREEMENT_FROM,
    }
    return render(request, "registers/review.html", context)


@require_POST
def review_next(request: Request) -> HttpResponse:
    pair = usecases.claim_pair(request.actor)
    if pair is None:
        messages.info(request, NOTHING_LEFT)
        return redirect("registers:review")
    return redirect("registers:pair_page", pair.pk)


@require_safe
def pair_page(request: Request, pk: int) -> HttpResponse:
    return _page(request, _pair(request, pk))


def _pair(request: Request, pk: int) -> Pair:
    policies.require_keeper(request.actor)
    found = Pair.objects.select_related("run__model").filter(pk=pk).first()
    if found is None:
        raise NotFound("Cette paire n’existe pas, ou n’est plus gardée.")
    return found


@sensitive_variables()
def _page(
    request: Request,
    pair: Pair,
    *,
    wrong: AnswerForm | None = None,
    separation: SeparationForm | None = None,
    triangle: tuple[Decision, ...] = (),
) -> HttpResponse:
    """To be read by whoever holds it; else to be taken; else decided, with what made it a question."""
    actor, now = request.actor, clock.now()
    me, grant = policies.require_keeper(actor), require_grant(pair.request, now)
    form = wrong or AnswerForm(guarded=bool(pair.guards))
    form.fields["reason"].required = bool(pair.guards)  # said by the label; the use case decides
    readable = pair.state in queries.READABLE
    mine = bool(readable and pair.claimed_by_id == me and pair.lease_until and pair.lease_until > now)
    alone = pair.state == "auto" and not pair.control and not pair.run.counts.get("suspended")
    waits = readable and not alone  # a control pair looks like the others
    opened: OpenPair | None = None
    if mine or (not readable and "voir" in request.GET):
        opened = open_pair(actor, pair=pair, grant=grant, household="foyer" in request.GET)
    context: dict[str, Any] = {
        "pair": pair,
        "mine": mine,
        "readable": readable,
        "waits": waits,
        "opened": opened,
        "names": opened.names if opened else names_for(actor, (pair.left_register, pair.right_register)),
        "grant": grant,
        "held": readable and queries.held_by_other(pair, me, now),
        "form": form,
        "wrong": wrong or separation,
        "attention": _attention(pair),
        "last": _last(me, but=pair),
        "triangle": _triangle(pair, triangle),
    }
    if mine:
        if not triangle and pair.refusal in BARRED and (ends := queries.ends_of(pair, grant.registers)) is not None:
            context["triangle"] = _triangle(pair, tuple(queries.contradiction(pair, "same", ends)))
        context |= {
            "sentence": queries.sentence(pair),
            "household": len(queries.neighbours(pair)),
            "household_shown": "foyer" in request.GET,
        }
    elif not waits:
        context |= _explained(pair, me)
        context["separation"] = separation or SeparationForm()
    template = "registers/pair_read.html" if mine else "registers/pair_page.html"
    return render(request, template, context, status=422 if wrong or separation or triangle else 200)


def _attention(pair: Pair) -> str:
    """The guards, in words, before anything else."""
    return ", ".join(explain.GUARDS[one] for one in pair.guards)


def _explained(pair: Pair, me: int) -> dict[str, Any]:
    """Once answered: the weight in words and bars, who said what, what was done."""
    drawn, zero, height = bars(explain.waterfall(queries.model_of(pair), queries.compared(pair)))
    readings = list(pair.readings.order_by("at", "pk"))
    decision = Decision.objects.filter(left=pair.left, right=pair.right).exclude(state="revoked").first()
    names = queries.labels([one.reader for one in readings])
    live = [one for one in readings if one.undone_at is None]
    mine = live[-1] if live and live[-1].reader == me and live[-1].at > clock.now() - queries.TAKE_BACK else None
    return {
        "sentence": queries.sentence(pair),
        "bars": drawn,
        "zero": zero,
        "height": height,
        "wide": WIDE,
        "weight": drawn[-1].said,
        "verdict": _verdict(pair, drawn[-1].said),
        "readings": [(one, names.get(one.reader, "compte fermé")) for one in readings],
        "decision": decision,
        "reason": Decision.REASONS.get(decision.reason, "") if decision else "",
        "undo": mine,
        "may_separate": pair.state in ("accepted", "auto"),
    }


def _verdict(pair: Pair, weight: str) -> str:
    """Why the total made it a question, in words."""
    high = pair.run.high
    if high is None:
        return ""
    if pair.guards and pair.weight >= high:
        return f"Le total, {weight}, suffirait ({_figure(high)}), mais un avertissement demande toujours une personne."
    if pair.refusal and pair.weight >= high:
        return f"Le total, {weight}, suffirait ({_figure(high)}), mais la réunion elle-même demande une personne."
    if pair.weight >= high:
        return f"Le total, {weight}, dépasse le seuil automatique, {_figure(high)}."
    return f"Le total, {weight}, n’atteint pas le seuil automatique, {_figure(high)} : une personne lit."


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:g}".replace(".", ",")


def _last(me: int, but: Pair | None = None) -> tuple[Reading, str] | None:
    """The answer just given, and its words, to be taken back from the next page."""
    found = queries.last_reading(me, clock.now())
    if found is None or (but is not None and found.pair_id == but.pk):
        return None
    return found, AFTER[found.answer]


def _triangle(pair: Pair, decisions: tuple[Decision, ...]) -> list[dict[str, Any]]:
    """The decisions in the way, their records called by letters: A and B are those of the page."""
    if not decisions:
        return []
    letters = {pair.left: "A", pair.right: "B"}
    for one in decisions:
        for end in (one.left, one.right):
            letters.setdefault(end, chr(ord("A") + len(letters)))
    names = queries.labels([n for one in decisions for n in (one.author, one.second_reader) if n])
    pairs = queries.pairs_of(decisions)
    return [
        {
            "decision": one,
            "one": letters[one.left],
            "other": letters[one.right],
            "by": " et ".join(names.get(n, "compte fermé") for n in (one.author, one.second_reader) if n),
            "pair": pairs.get(one.pk),
        }
        for one in decisions
    ]


@require_POST
def pair_claim(request: Request, pk: int) -> HttpResponse:
    usecases.claim_pair(request.actor, pair=_pair(request, pk))
    return redirect("registers:pair_page", pk)


@require_POST
def pair_leave(request: Request, pk: int) -> HttpResponse:
    usecases.release_pair(request.actor, pair=_pair(request, pk))
    messages.info(request, "La paire est rendue à la file : une autre personne pourra la lire.")
    return redirect("registers:review")


@require_POST
@sensitive_variables()
def pair_answer(request: Request, pk: int) -> HttpResponse:
    """Record the answer, then show the next pair at once."""
    pair = _pair(request, pk)
    form = AnswerForm(request.POST, guarded=bool(pair.guards))
    token = request.POST.get("token", "")
    if not form.is_valid():
        return _page(request, pair, wrong=form)
    try:
        done = usecases.decide_pair(
            request.actor,
            pair=pair,
            answer=request.POST.get("answer", ""),
            reason=form.cleaned_data["reason"],
            token=int(token) if token.isdigit() else -1,
        )
    except ContradictoryDecisions as error:
        form.add_error(None, error.message)
        return _page(request, _pair(request, pk), wrong=form, triangle=error.decisions)
    except ValidationError as error:
        tell(form, error)
        return _page(request, _pair(request, pk), wrong=form)
    except DomainError as error:
        if error.code not in ("pair_already_decided", "pair_not_held", "second_reader_required"):
            raise
        messages.warning(request, error.message)
        return redirect("registers:pair_page", pk)
    messages.success(request, DONE[done.deed])
    return review_next(request)


@require_POST
def reading_undo(request: Request, pk: int) -> HttpResponse:
    """Take the last answer back, and hold its pair again."""
    me = policies.require_keeper(request.actor)
    reading = Reading.objects.select_related("pair").filter(pk=pk, reader=me).first()
    if reading is None:
        raise NotFound("Cette réponse n’est pas la vôtre.")
    pair = usecases.undo_reading(request.actor, reading=reading)
    messages.success(request, "Votre réponse est annulée. Relisez la paire.")
    if pair.state in queries.READABLE:
        usecases.claim_pair(request.actor, pair=pair)
    return redirect("registers:pair_page", pair.pk)


@require_POST
def pair_separate(request: Request, pk: int) -> HttpResponse:
    pair = _pair(request, pk)
    form = SeparationForm(request.POST)
    if form.is_valid():
        usecases.ask_separation(request.actor, pair=pair, reason=form.cleaned_data["reason"])
        messages.success(
            request, "C’est demandé. Une autre personne lira la paire ; si elle est d’accord, les fiches se séparent."
        )
        return redirect("registers:pair_page", pk)
    return _page(request, pair, separation=form)


@require_safe
@sensitive_variables()
def pair_sources(request: Request, pk: int) -> HttpResponse:
    """« D’où vient cette information ? »: the person that both records are, field by field, with each source."""
    pair = _pair(request, pk)
    grant = require_grant(pair.request, clock.now())
    ends = queries.ends_of(pair, grant.registers)
    if ends is None or not ends.together:
        raise NotFound("Ces deux fiches ne sont pas réunies : chacune garde ce qu’elle dit.")
    view = usecases.person_view(
        request.actor,
        person=ends.left.person,
        purpose=queries.PURPOSE,
        motive=f"Provenance d’une fiche réunie, demande {grant.request}",
        registers=grant.registers,
    )
    return render(request, "registers/pair_sources.html", {"pair": pair, "view": view})


@require_POST
def thresholds_set(request: Request, version: int) -> HttpResponse:
    model = LinkageModel.objects.filter(version=version).first()
    if model is None:
        raise NotFound("Ce modèle n’existe pas.")
    try:
        found = usecases.set_thresholds(request.actor, model=model)
    except usecases.NotProven as error:
        messages.warning(request, error.message)
    else:
        messages.success(
            request, f"Seuils réglés sur {found.read} relectures : automatique à partir de {_figure(found.high)}."
        )
    return redirect("registers:review")
