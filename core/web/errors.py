"""The one mapper from refusals to pages and htmx notices; no exception's text ever leaves (A96)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.html import escape

from core.errors import PortalError, TooMany

TITLES = {
    400: "That cannot be used",
    403: "You may not do this",
    404: "Not found",
    405: "This address only takes forms",
    409: "This has changed in the meantime",
    413: "That is too big",
    429: "Too many tries",
    500: "Something broke on our side",
    502: "Another system did not answer",
    503: "Not available for a moment",
}
PLAIN = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title} · Watchbill</title>'
    "<h1>{title}</h1><p>{detail}</p><p>{hint}</p><p>{number}</p></html>"
)
Fields = dict[str, list[str]]


def request_id(request: HttpRequest) -> str:
    """The number under which the log knows this request; empty outside the middleware."""
    return str(getattr(request, "request_id", ""))


def answer(
    request: HttpRequest,
    status: int,
    detail: str,
    *,
    code: str = "error",
    hint: str = "",
    fields: Fields | None = None,
    retry_after: int | None = None,
) -> HttpResponse:
    """One refusal in the asker's form: problem+json under /api/, a notice for htmx, else a page."""
    if request.path.startswith("/api/"):
        response = _problem(request, status, detail, code, fields or {})
    elif request.headers.get("HX-Request") == "true":
        response = HttpResponse(_render("errors/_notice.html", request, status, detail, hint, fields), status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#messages", "innerHTML show:top"
    else:
        response = HttpResponse(_render("errors/error.html", request, status, detail, hint, fields), status=status)
    response["Cache-Control"] = "no-store, private"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def refusal(request: HttpRequest, error: PortalError) -> HttpResponse:
    """The page or notice of a PortalError, with its own status, sentence, hint and fields."""
    return answer(
        request,
        error.status,
        error.detail,
        code=error.code,
        hint=error.hint,
        fields=error.fields,
        retry_after=error.retry_after if isinstance(error, TooMany) else None,
    )


def database_away(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After while the database is locked or gone (F20-F22)."""
    detail = "The database does not answer. Nothing of this request has been saved."
    return answer(request, 503, detail, code="unavailable", hint="Try again in a few seconds.", retry_after=5)


def is_database_away(error: BaseException | None) -> bool:
    """Whether an exception says that the database cannot be reached or written now."""
    return isinstance(error, (OperationalError, InterfaceError))


def _problem(request: HttpRequest, status: int, detail: str, code: str, fields: Fields) -> HttpResponse:
    body = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        "fields": fields,
        "request_id": request_id(request),
    }
    return HttpResponse(json.dumps(body), status=status, content_type="application/problem+json")


def _render(template: str, request: HttpRequest, status: int, detail: str, hint: str, fields: Fields | None) -> str:
    """Without context processors: the page must come also when the database or the session is broken (F48)."""
    title = TITLES.get(status, "Error")
    number = request_id(request)
    context = {"title": title, "detail": detail, "hint": hint, "fields": fields or {}, "number": number}
    try:
        return render_to_string(template, context)
    except (TemplateDoesNotExist, TemplateSyntaxError, ValueError, OSError):
        return PLAIN.format(title=escape(title), detail=escape(detail), hint=escape(hint), number=escape(number))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, or 413 where a form is larger than we take."""
    if isinstance(exception, RequestDataTooBig):
        return answer(request, 413, "The request is larger than this page takes.", code="too_big")
    return answer(request, 400, "The request cannot be read.", code="invalid", hint="Go back and try again.")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403 in general words."""
    return answer(request, 403, "You may not see or do this.", code="forbidden", hint="Ask a manager of the team.")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: no such thing and "you may not know of it" read the same."""
    return answer(request, 404, "There is nothing here, or nothing that you may see.", code="not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    """500 with the number that the log knows, or 503 when the database is away."""
    if is_database_away(sys.exc_info()[1]):
        return database_away(request)
    detail = "This page could not be made. Paging goes on: it does not depend on this page."
    return answer(
        request, 500, detail, code="internal", hint="Try again; if it stays, tell an administrator the number."
    )


def expired_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its valid token: stale page, signed out elsewhere, or sent by another site (A23)."""
    is_script = request.headers.get("HX-Request") == "true"
    if is_script and not _is_signed_in(request):
        return HttpResponse(status=401)  # as every door answers a script without a session: the page offers to sign in
    detail = "This form has expired, so nothing was saved."
    hint = "Reload the page: what you typed is kept there. Then send it again."
    return answer(request, 403, detail, code="form_expired", hint=hint if is_script else f"Go back. {hint}")


def only_forms(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The page of a bare 405: whoever opens the address of a form is led to the page that it stands on."""
    if not isinstance(response, HttpResponseNotAllowed) or "text/html" not in request.headers.get("Accept", ""):
        return response
    detail = "Nothing is shown here and nothing was changed: a form of another page is sent to this address."
    back = page_above(request.path)
    if _is_signed_in(request):
        context = {"title": TITLES[405], "detail": detail, "back": back}
        found = render(request, "errors/only_forms.html", context, status=405)
    else:
        found = answer(request, 405, detail, code="method_not_allowed", hint="Go back to the page of the form.")
    found["Allow"] = response["Allow"]
    return found


def page_above(path: str) -> str:
    """The nearest address above this one that a browser can open; the board where there is none."""
    parts = path.strip("/").split("/")
    for end in range(len(parts) - 1, 0, -1):
        above = "/" + "/".join(parts[:end]) + "/"
        try:
            found = resolve(above)
        except Resolver404:
            continue
        if "GET" in (_methods(found.func) or ["GET"]):
            return above
    return "/now/"


def _methods(view: Callable[..., Any] | None) -> list[str] | None:
    """What `require_http_methods` lets through; it keeps that nowhere but in its closure."""
    while view is not None:
        names = getattr(getattr(view, "__code__", None), "co_freevars", ())
        cells = dict(zip(names, getattr(view, "__closure__", None) or (), strict=True))
        if "request_method_list" in cells:
            return list(cells["request_method_list"].cell_contents)
        view = getattr(view, "__wrapped__", None)
    return None


def _is_signed_in(request: HttpRequest) -> bool:
    return getattr(getattr(request, "actor", None), "user", None) is not None
