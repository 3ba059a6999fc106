"""The one mapper from refusals to pages and htmx notices; no exception's text ever leaves (A96)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseNotAllowed
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import render_to_string
from django.utils.html import escape

from core import spans
from core.errors import Forbidden, PortalError, TooMany
from core.web import access, held
from core.web.above import page_above

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
# What goes on all the same: whoever reads this may have been woken a minute ago (design 10).
WORKS = {
    429: "Paging goes on, and the link in a message still answers a page.",
    500: "Paging goes on: it does not depend on this page.",
    502: "Paging goes on by every other way.",
    503: "Nothing that was saved is lost: pages that wait are sent as soon as the database answers.",
}
OWN = {400, 409, 413, 415, 429}  # a person's own slip is mended by what the sentence says: no number beside the text
BARE = {500, 503}  # whatever broke may be what the shell needs: database, session, a template (F48)
PLAIN = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title} · Watchbill</title>'
    "<h1>{title}</h1><p>{detail}</p><p>{hint}</p><p>{number}</p></html>"
)
Fields = dict[str, list[str]]
Lacking = tuple[Any, Any]  # the right that is missing, a row of the table of rights or its name, and the thing
_granting: list[Callable[[Any, Lacking], Iterable[str]]] = []


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a page says of a refusal: what happened, what still works, what to do, under which number."""

    status: int
    title: str
    detail: str
    hint: str
    number: str
    fields: Fields
    retry_after: int | None = None
    back: str = ""
    lacking: Lacking | None = None

    @property
    def works(self) -> str:
        """What still works, in a sentence."""
        return WORKS.get(self.status, "")

    @property
    def again(self) -> str:
        """When it makes sense to try again, in words, unless the hint says so already."""
        if self.retry_after is None or self.hint.startswith("Try again in"):
            return ""
        return spans.about(self.retry_after)


def granted_by(names: Callable[[Any, Lacking], Iterable[str]]) -> None:
    """Say who may do what an actor was refused; called once by `portal`, since only rooms know people."""
    _granting[:] = [names]


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
    title: str = "",
    back: str = "",
    lacking: Lacking | None = None,
) -> HttpResponse:
    """One refusal in the asker's form: problem+json under /api/, a notice for htmx, else a page."""
    title = title or TITLES.get(status, "Error")
    said = Refusal(status, title, detail, hint, request_id(request), fields or {}, retry_after, back, lacking)
    if request.path.startswith("/api/"):
        response = _problem(request, said, code)
    elif request.headers.get("HX-Request") == "true":
        told = _once(replace(said, number="") if status in OWN else said)
        response = HttpResponse(_render("errors/_notice.html", told), status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#messages", "innerHTML show:top"
    else:
        response = HttpResponse(_page(request, _once(said)), status=status)
    response["Cache-Control"] = "no-store, private"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _once(said: Refusal) -> Refusal:
    """Without a sentence that the title has said already."""
    return replace(said, detail="") if said.detail == f"{said.title}." else said


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
        back=page_above(request.path) if error.status == 409 and request.method == "POST" else "",
        lacking=error.lacking if isinstance(error, Forbidden) else None,
    )


def database_away(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After while the database is locked or gone (F20-F22)."""
    detail = "The database does not answer. Nothing of this request has been saved."
    return answer(request, 503, detail, code="unavailable", hint="Try again in a few seconds.", retry_after=5)


def is_database_away(error: BaseException | None) -> bool:
    """Whether an exception says that the database cannot be reached or written now."""
    return isinstance(error, (OperationalError, InterfaceError))


def _problem(request: HttpRequest, said: Refusal, code: str) -> HttpResponse:
    body = {
        "type": "about:blank",
        "title": TITLES.get(said.status, "Error"),
        "status": said.status,
        "code": code,
        "detail": said.detail,
        "hint": said.hint,
        "fields": said.fields,
        "request_id": request_id(request),
    }
    return HttpResponse(json.dumps(body), status=said.status, content_type="application/problem+json")


def _page(request: HttpRequest, said: Refusal) -> str:
    """Inside the shell for people whose session is whole, as long as what the shell needs can be read."""
    if _is_signed_in(request) and said.status not in BARE:
        try:
            if access.held_up(request):  # half signed in: the shell's figures and names are not for this session yet
                return _render("errors/error.html", said)
            who: list[str] = []
            if _granting and said.lacking is not None:
                who = list(_granting[0](request.actor, said.lacking))  # type: ignore[attr-defined]
            context = {"layout": "base.html", "said": said, "granting": who, "crumbs": [(said.title, "")]}
            return render_to_string("errors/error.html", context, request)
        except (DatabaseError, InterfaceError, TemplateDoesNotExist, TemplateSyntaxError, ValueError, OSError):
            pass  # the bare page says the same
    return _render("errors/error.html", said)


def _render(template: str, said: Refusal) -> str:
    """Without context processors: the page must come also when the database or the session is broken (F48)."""
    try:
        return render_to_string(template, {"layout": "base_bare.html", "said": said})
    except (TemplateDoesNotExist, TemplateSyntaxError, ValueError, OSError):
        words = (said.title, said.detail, said.hint, said.number)
        title, detail, hint, number = (escape(word) for word in words)
        return PLAIN.format(title=title, detail=detail, hint=hint, number=number)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, or 413 where a form is larger than we take."""
    if isinstance(exception, RequestDataTooBig):
        hint = "Nothing was saved. Shorten the text or take fewer things at once, then send it again."
        return answer(request, 413, "The request is larger than this page takes.", code="too_big", hint=hint)
    return answer(request, 400, "The request cannot be read.", code="invalid", hint="Go back and try again.")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403 in general words."""
    return answer(request, 403, "You may not see or do this.", code="forbidden")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: no such thing and "you may not know of it" read the same."""
    return answer(request, 404, "There is nothing here, or nothing that you may see.", code="not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    """500 with the number that the log knows, or 503 when the database is away."""
    if is_database_away(sys.exc_info()[1]):
        return database_away(request)
    hint = "Try again; if it stays, tell an administrator the number."
    return answer(request, 500, "This page could not be made.", code="internal", hint=hint)


def expired_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its valid token: stale page, signed out elsewhere, or sent by another site (A23)."""
    is_script = request.headers.get("HX-Request") == "true"
    signed_in = _is_signed_in(request)
    if is_script and not signed_in:
        return HttpResponse(status=401)  # as every door answers a script without a session: the page offers to sign in
    detail = "This form has expired, so nothing was saved."
    found = held.read(request) if signed_in and not is_script and held.is_ours(request) else None
    if found is not None:
        return held.offer(request, found, f"{detail} Here it is again, with all that you typed.", status=403)
    hint = "Reload the page: what you typed is kept there. Then send it again."
    if not is_script:
        hint = f"Go back. {hint}" if signed_in else f"Sign in again, then go back. {hint}"
    back = page_above(request.path) if signed_in else ""
    title = "This form has expired"
    return answer(request, 403, detail, code="form_expired", hint=hint, title=title, back=back)


def only_forms(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The page of a bare 405: whoever opens the address of a form is led to the page that it stands on."""
    if not isinstance(response, HttpResponseNotAllowed) or "text/html" not in request.headers.get("Accept", ""):
        return response
    detail = "Nothing is shown here and nothing was changed: a form of another page is sent to this address."
    hint, title = "Go back to the page of the form.", ""
    back = page_above(request.path) if _is_signed_in(request) else ""
    if "GET" in response["Allow"]:
        title, detail, hint = "This address takes no form", "What was sent here has changed nothing.", ""
        back = back and request.path
    found = answer(request, 405, detail, code="method_not_allowed", hint="" if back else hint, title=title, back=back)
    found["Allow"] = response["Allow"]
    return found


def _is_signed_in(request: HttpRequest) -> bool:
    return getattr(getattr(request, "actor", None), "user", None) is not None
