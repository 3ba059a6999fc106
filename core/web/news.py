"""Keeps the sidebar's figures true: counted anew after each change, and drawn anew with each live region."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

from core import figures
from core.web import navigation

SAFE = {"GET", "HEAD", "OPTIONS"}
#: Says that its browser has changed something a moment ago: every process then counts anew for this person.
ACTED = "__Host-watchbill-acted" if settings.SESSION_COOKIE_SECURE else "watchbill-acted"
ACTED_SECONDS = 12  # longer than a figure lasts


def prepare(request: HttpRequest, actor: Any) -> None:
    """Before the page: whoever has changed something, maybe in another process, sees the figures of after that."""
    if getattr(actor, "user", None) is not None and request.method in SAFE and ACTED in request.COOKIES:
        figures.forget_person(actor.user.pk)


def with_figures(request: HttpRequest, actor: Any, response: HttpResponseBase) -> HttpResponseBase:
    """The answer itself; where a live page drew a region anew, with the sidebar's links behind it.

    What a person changes is counted at his or her next page in every process. Of what others change a live page hears
    within moments and asks for its regions; pages that are not live show figures of up to ten seconds ago.
    """
    signed_in = getattr(actor, "user", None) is not None
    if request.method not in SAFE:
        figures.forget()
        if signed_in:
            _mark(response)
    elif signed_in and _is_region(request, response):
        figures.forget("figures")
        response.write(render_to_string("ui/nav.html", {"navigation": navigation.Shell(actor, request.path)}))
    return response


def _mark(response: HttpResponseBase) -> None:
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(ACTED, "1", max_age=ACTED_SECONDS, secure=secure, httponly=True, samesite="Lax")


def _is_region(request: HttpRequest, response: HttpResponseBase) -> bool:
    said = response.headers.get("Content-Type", "")
    return (
        request.headers.get("X-Live") == "1"
        and isinstance(response, HttpResponse)
        and response.status_code == 200
        and said.startswith("text/html")
    )
