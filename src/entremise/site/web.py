"""The pages that belong to no context: home, duties of a public site, style guide, refusals."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language as django_set_language

from entremise.kernel import ids, navigation
from entremise.kernel.errors import NotAllowed
from entremise.kernel.http import Request
from entremise.site import errors, styleguide, usecases
from entremise.site.appearance import look
from entremise.site.forms import AccessReportForm
from entremise.site.models import AccessReport
from entremise.territories.queries import theme

YEAR = "public, max-age=31536000, immutable"


def _address(name: str, otherwise: str) -> str:
    """Doors of the home lead to pages of another context; the path is the same whether it is served here or not."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return otherwise


@login_not_required
@require_safe
def home(request: Request) -> HttpResponse:
    figures = [(figure.count(), figure) for figure in navigation.figures()]
    return render(
        request,
        "home.html",
        {
            "need_address": _address("mutualaid:need_new", "/entraide/demander/"),
            "offer_address": _address("mutualaid:offer_new", "/aider/"),
            "figures": [{"value": n, "words": figure.words(n)} for n, figure in figures],
        },
    )


@login_not_required
@require_safe
def style_guide(request: Request) -> HttpResponse:
    return render(request, "styleguide.html", styleguide.context(request))


@login_not_required
@require_safe
def page(request: Request, template: str) -> HttpResponse:
    return render(request, template)


@login_not_required
@require_safe
def accessibility(request: Request) -> HttpResponse:
    return render(request, "accessibility.html", {"missing_shown": request.actor.has("administrator")})


@login_not_required
@require_safe
def theme_sheet(request: Request) -> HttpResponse:
    """The colours of the territory, tokens only, after the main sheet (interface reference § 15)."""
    return HttpResponse(theme().css(), content_type="text/css", headers={"Cache-Control": YEAR})


@login_not_required
@require_safe
def logo(request: Request) -> HttpResponse:
    """The territory's logo as an image: inside an `<img>` a browser runs no script of it. Hashed in its address."""
    answer = HttpResponse(look().logo_svg, content_type="image/svg+xml")
    answer["Cache-Control"] = YEAR
    answer["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return answer


@login_not_required
@require_http_methods(["GET", "POST"])
def report_access(request: Request) -> HttpResponse:
    if request.method == "GET":
        form = AccessReportForm(initial={"page": request.GET.get("page", "")[:200], "key": ids.new()})
        return render(request, "report_access.html", {"form": form})
    form = AccessReportForm(request.POST)
    if not form.is_valid():
        return render(request, "report_access.html", {"form": form}, status=422)
    answers = form.cleaned_data
    try:
        report = usecases.report_access_problem(
            request.actor,
            obstacle=answers["obstacle"],
            page=answers["page"],
            key=answers["key"],
            is_program=bool(answers["website"]),
        )
    except usecases.TooManyReports as error:
        return render(request, "429.html", {"message": error.message}, status=429)
    return render(request, "report_access_done.html", {"report": report})


@require_safe
def access_reports(request: Request) -> HttpResponse:
    if not request.actor.has("administrator"):
        raise NotAllowed(_("Cette page est réservée aux personnes qui administrent le site."))
    page = Paginator(AccessReport.objects.all(), 25).get_page(request.GET.get("page"))
    return render(request, "access_reports.html", {"page": page})


@require_POST
def close_access_report(request: Request, public_id: str) -> HttpResponse:
    usecases.close_access_report(request.actor, public_id=public_id)
    messages.success(request, _("Signalement réglé. La page corrigée sera relue à la prochaine vérification."))
    return redirect("access_reports")


@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    return django_set_language(request)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Said by allauth when somebody tries too many passwords or codes."""
    return render(request, "429.html", status=429)


def server_error(request: HttpRequest) -> HttpResponse:
    return HttpResponse(errors.standing_page("500"), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was opened long ago, or in another tab, or cookies are refused: say it, and what to do."""
    return render(request, "403_csrf.html", {"debug_reason": reason if settings.DEBUG else ""}, status=403)
