from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, errors

from entremise import __version__
from entremise.kernel.errors import DomainError, NotAllowed, NotFound

api = NinjaAPI(title="Entremise", version=__version__, urls_namespace="api")


def problem(request: HttpRequest, status: int, code: str, message: str, **fields: list[str]) -> HttpResponse:
    return api.create_response(request, {"code": code, "message": message, "fields": fields}, status=status)


@api.exception_handler(DomainError)
def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    status = 403 if isinstance(error, NotAllowed) else 404 if isinstance(error, NotFound) else 409
    return problem(request, status, error.code, error.message)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problem(request, 422, "invalid", "Des réponses sont à corriger.", **error.message_dict)


@api.exception_handler(errors.ValidationError)
def malformed(request: HttpRequest, error: errors.ValidationError) -> HttpResponse:
    fields = {".".join(map(str, e["loc"])): [e["msg"]] for e in error.errors}
    return problem(request, 422, "malformed", "La demande est mal formée.", **fields)


@api.exception_handler(errors.AuthenticationError)
def unknown(request: HttpRequest, error: errors.AuthenticationError) -> HttpResponse:
    return problem(request, 401, "not_identified", "Identifiez-vous.")


@api.exception_handler(errors.HttpError)
def other(request: HttpRequest, error: errors.HttpError) -> HttpResponse:
    return problem(request, error.status_code, "refused", str(error))


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(request, 404, "not_found", "Introuvable.")
