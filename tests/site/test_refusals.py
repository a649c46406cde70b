"""Refusals in plain words, with a number to call; the last two stand without a database."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import Client, override_settings
from django.urls import path

from entremise.kernel.errors import DomainError, NotAllowed, NotFound
from entremise.site import errors, urls


def refuse(kind):
    def view(request):
        raise kind

    view.login_required = False
    view.__module__ = "entremise.site.web"
    return view


class patterns:
    urlpatterns = [
        path("t/400/", refuse(SuspiciousOperation("x"))),
        path("t/403/", refuse(PermissionDenied())),
        path("t/refus/", refuse(NotAllowed("Réservé aux agents."))),
        path("t/absent/", refuse(NotFound("Ce besoin n’existe pas."))),
        path("t/409/", refuse(DomainError("Karim a accepté avant vous."))),
        path("t/500/", refuse(ValueError("x"))),
        *urls.urlpatterns,
    ]
    handler400, handler403, handler404, handler500 = (
        urls.handler400, urls.handler403, urls.handler404, urls.handler500,
    )  # fmt: skip


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=patterns)
@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/t/400/", 400, "Demande incomprise"),
        ("/t/403/", 403, "Vous n’avez pas accès à cette page"),
        ("/t/refus/", 403, "Réservé aux agents."),
        ("/t/absent/", 404, "Ce besoin n’existe pas."),
        ("/t/rien/", 404, "Page introuvable"),
        ("/t/409/", 409, "Karim a accepté avant vous."),
        ("/t/500/", 500, "Le site a rencontré une erreur"),
    ],
)
def test_a_refusal_says_what_and_whom_to_call(address, status, words):
    answer = Client(raise_request_exception=False).get(address)
    assert answer.status_code == status
    page = answer.content.decode()
    assert words in page
    assert "tel:+33199000000" in page
    assert "Traceback" not in page


@pytest.mark.django_db
def test_an_expired_form_says_what_to_do():
    answer = Client(enforce_csrf_checks=True).post("/signaler/", {"obstacle": "x"})
    assert answer.status_code == 403
    assert "Le formulaire a expiré" in answer.content.decode()


@pytest.mark.parametrize("name", errors.STANDING)
def test_a_standing_page_asks_no_database(name):
    page = errors.standing_page(name)
    assert "tel:15" in page
    assert "01 99 00 00 00" in page


@pytest.mark.django_db
def test_standing_pages_are_written_for_a_proxy(settings, tmp_path):
    settings.HOME = tmp_path
    for file in errors.write_standing_pages():
        assert "01 99 00 00 00" in file.read_text(encoding="utf-8")
    assert errors.standing_page("503") == (tmp_path / "errors" / "503.html").read_text(encoding="utf-8")
