"""What persons are told of calls: the size of a text, messages, letters, STOP; the page that everybody may read."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from entremise.kernel import clock
from entremise.kernel.errors import NotFound
from entremise.kernel.http import Request, tell
from entremise.outreach import policies, usecases
from entremise.outreach.engine import defaults, hours as engine, sms
from entremise.outreach.forms import campaigns as forms
from entremise.outreach.models import CallCampaign
from entremise.outreach.queries import campaigns as queries
from entremise.territories.queries import theme


def size(text: str, shown: str) -> dict[str, Any]:
    """What the text makes once its places are filled, and what it would make in plain signs."""
    full = defaults.filled(text, house=theme().name, number=shown or "04 00 00 00 00")
    found = sms.size(full)
    plain = sms.size(sms.plain(full))
    return {
        "said": sms.said(found), "found": found, "text": full,
        "plain": sms.plain(text) if found.strange and plain.segments < found.segments else "",
        "cheaper": plain.segments,
    }  # fmt: skip


@require_POST
def sms_size(request: Request) -> HttpResponse:
    """The size of a text while it is typed. Nothing is kept."""
    policies.require_supervisor(request.actor)
    found = size(request.POST.get("announcement_text", "")[:600], request.POST.get("shown_number", "")[:20])
    return render(request, "outreach/_sms_size.html", {"size": found})


@require_safe
def announcement(request: Request, public_id: str) -> HttpResponse:
    """Where the announcement of a campaign is: messages, letters, STOP."""
    policies.require_supervisor(request.actor)
    return _announcement(request, queries.campaign(public_id))


def _announcement(request: Request, row: CallCampaign, wrong: Any = None, status: int = 200) -> HttpResponse:
    counts = queries.announced(row)
    context = {
        "row": row, "counts": counts, "size": size(row.announcement_text, row.shown_number),
        "posted_form": forms.PostedForm(initial={"posted_on": clock.today()}, auto_id="posted_%s"),
        "stop_form": forms.StopForm(auto_id="stop_%s"),
        "wrong": wrong,
    }  # fmt: skip
    if wrong is not None:
        context["stop_form" if isinstance(wrong, forms.StopForm) else "posted_form"] = wrong
    return render(request, "outreach/campaign_announce.html", context, status=status)


@require_POST
@never_cache
def announcement_deed(request: Request, public_id: str, deed: str) -> HttpResponse:
    """Print the letters, say that they left, note a STOP."""
    policies.require_supervisor(request.actor)
    row = queries.campaign(public_id)
    form: Any = None
    try:
        if deed == "imprimer":
            made = usecases.print_announcements(request.actor, campaign=row, large="grand" in request.POST)
            if made.content:
                answer = HttpResponse(made.content, content_type="application/pdf")
                answer["Content-Disposition"] = f'attachment; filename="annonces-{row.public_id}.pdf"'
                return answer
            messages.warning(
                request, "Aucune de ces personnes n’a d’adresse lisible : elles seront appelées sans lettre."
            )
        elif deed in ("postees", "stop"):
            form = forms.PostedForm(request.POST, auto_id="posted_%s") if deed == "postees" else forms.StopForm(
                request.POST, auto_id="stop_%s"
            )  # fmt: skip
            if not form.is_valid():
                return _announcement(request, row, form, 422)
            if deed == "postees":
                count = usecases.post_announcements(request.actor, campaign=row, **form.cleaned_data)
                messages.success(request, f"{count} lettres sont parties : les appels suivront.")
            else:
                count = usecases.receive_stop(request.actor, **form.cleaned_data)
                messages.success(
                    request, f"Plus aucun SMS n’ira à ce numéro. {count} fiches attendent votre décision."
                )
        else:
            raise NotFound("Cette action n’existe pas.")
    except usecases.AnnouncementImpossible as error:
        if form is None:
            messages.error(request, error.message)
            return redirect("outreach:announcement", public_id)
        tell(form, error)
        return _announcement(request, row, form, 422)
    return redirect("outreach:announcement", public_id)


@login_not_required
@require_safe
def campaign_public(request: Request, public_id: str) -> HttpResponse:
    """What everybody may read of a campaign that opened: who calls, from which number, when, how to refuse."""
    row = queries.campaign(public_id)
    if row.state == "draft" or row.opened_at is None:
        raise NotFound("Cette campagne n’existe pas.")
    now = clock.now()
    context = {
        "row": row, "house": theme(), "open_now": queries.is_open_now(row, now),
        "week": [(forms.DAYS[day], engine.said(ranges)) for day, ranges in engine.week(row.hours) if ranges],
    }  # fmt: skip
    return render(request, "outreach/campaign_public.html", context)
