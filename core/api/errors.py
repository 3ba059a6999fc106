"""Every refusal of the API as problem+json: code, detail, fields and the number that the log knows (A96)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelError
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions as drf
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from core.errors import Forbidden, Invalid, Missing, PortalError, Stale, TooMany, Unreachable
from core.web import errors as web

MEDIA_TYPE = "application/problem+json"
NOWHERE = "There is nothing here, or nothing that you may see."
log = structlog.get_logger("portal.api")

Fields = dict[str, list[str]]


def problem(error: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's exception handler; an error nobody foresaw is logged and told in general words."""
    request = context["request"]
    headers: dict[str, str] = {}
    if isinstance(error, drf.APIException):
        status, body = error.status_code, _of_framework(error, headers)
    elif isinstance(error, (OperationalError, InterfaceError)):
        status, body = 503, _body("unavailable", "The database does not answer. Nothing has been saved.")
        headers["Retry-After"] = "5"
    else:
        known = _known(error)
        if known is None:
            log.error("api.broken", exc_info=error)
            got_request_exception.send(sender=type(context.get("view")), request=request)
            status, body = 500, _body("internal", "This could not be done. Tell an administrator the number.")
        else:
            status, body = known.status, _of_ours(known, headers)
    body |= {"type": "about:blank", "title": web.TITLES.get(status, "Error"), "status": status}
    body["request_id"] = web.request_id(request)
    # The view may render YAML or HTML; its refusals are JSON all the same.
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), MEDIA_TYPE
    return Response(body, status=status, headers=headers, content_type=MEDIA_TYPE)


@contextmanager
def placed(places: Mapping[str, str]) -> Iterator[None]:
    """Name the fields of a refusal as the body has them, where the command knows them by other names."""
    try:
        yield
    except Invalid as error:
        error.fields = {places.get(name, name): said for name, said in error.fields.items()}
        raise


def _known(error: Exception) -> PortalError | None:
    """Ours as it is, Django's as the one of ours that it means."""
    if isinstance(error, PortalError):
        return error
    if isinstance(error, Http404):
        return Missing(NOWHERE)
    if isinstance(error, PermissionDenied):
        return Forbidden("You may not do this.")
    if isinstance(error, RequestDataTooBig):
        large = Invalid("The body is too large.", code="too_big")
        large.status = 413
        return large
    if isinstance(error, ModelError):
        return Invalid("Some values cannot be used.", fields=_model_fields(error))
    if isinstance(error, SuspiciousOperation):
        return Invalid("The request cannot be read.")
    return None


def _of_ours(error: PortalError, headers: dict[str, str]) -> dict[str, Any]:
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    # Whether a port was closed or silent is not for the one who gave us the address (A75).
    code = Unreachable.code if isinstance(error, Unreachable) else error.code
    body = _body(code, error.detail, hint=error.hint, fields=error.fields)
    return body | {"version": error.version} if isinstance(error, Stale) else body


def _of_framework(error: drf.APIException, headers: dict[str, str]) -> dict[str, Any]:
    if isinstance(error, drf.ValidationError):
        return _body("invalid", "Some values cannot be used.", fields=flat(error.detail))
    scheme = getattr(error, "auth_header", None)
    if scheme:
        headers["WWW-Authenticate"] = scheme
    codes = {401: "unauthenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}
    code = codes.get(error.status_code) or str(getattr(error, "default_code", "error"))
    detail = error.detail if isinstance(error.detail, str) else error.default_detail
    return _body(code, str(detail))


def _body(code: str, detail: str, *, hint: str = "", fields: Fields | None = None) -> dict[str, Any]:
    return {"code": code, "detail": detail, "hint": hint, "fields": fields or {}}


def _model_fields(error: ModelError) -> Fields:
    if hasattr(error, "error_dict"):
        return {field: list(sentences) for field, sentences in error.message_dict.items()}
    return {"body": list(error.messages)}


def flat(detail: object, place: str = "") -> Fields:
    """A serializer's nested complaints as place -> sentences, the place with dots (`levels.0.targets`)."""
    if isinstance(detail, Mapping):
        pairs: list[tuple[str, object]] = [
            ("" if key == "non_field_errors" else str(key), detail[key]) for key in detail
        ]
    elif isinstance(detail, list) and any(isinstance(each, (Mapping, list)) for each in detail):
        pairs = [(str(number), each) for number, each in enumerate(detail) if each]
    else:
        sentences = detail if isinstance(detail, list) else [detail]
        return {place or "body": [str(each) for each in sentences]}
    found: Fields = {}
    for name, inner in pairs:
        below = ".".join(part for part in (place, name) if part)
        for where, sentences in flat(inner, below).items():
            found.setdefault(where, []).extend(sentences)
    return found


@csrf_exempt
def unknown_path(request: HttpRequest, **_: object) -> HttpResponse:
    """404 for an address of the API that does not exist: never a redirect, which event senders do not follow."""
    hint = "" if request.path.endswith("/") else "Addresses of the API end with a slash."
    return web.answer(request, 404, NOWHERE, code="not_found", hint=hint)
