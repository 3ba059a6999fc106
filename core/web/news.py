"""Keeps the sidebar's figures true: counted anew after each change, and drawn anew with each live region."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

from core import figures
from core.web import navigation

SAFE = {"GET", "HEAD", "OPTIONS"}


def with_figures(request: HttpRequest, actor: Any, response: HttpResponseBase) -> HttpResponseBase:
    """The answer itself; where a live page drew a region anew, with the sidebar's links behind it.

    What this process changes is counted at its next page. Of what others change a live page hears within moments
    and asks for its regions; pages that are not live show figures of up to ten seconds ago.
    """
    if request.method not in SAFE:
        figures.forget()
    elif getattr(actor, "user", None) is not None and _is_region(request, response):
        figures.forget("figures")
        response.write(render_to_string("ui/nav.html", {"navigation": navigation.Shell(actor, request.path)}))
    return response


def _is_region(request: HttpRequest, response: HttpResponseBase) -> bool:
    said = response.headers.get("Content-Type", "")
    return (
        request.headers.get("X-Live") == "1"
        and isinstance(response, HttpResponse)
        and response.status_code == 200
        and said.startswith("text/html")
    )
