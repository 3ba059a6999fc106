"""Partial or page: what htmx asks for, and what we tell it in headers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def wants_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a fragment; a boosted link or a restored history entry wants the page."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def render_part(
    request: HttpRequest,
    page: str,
    part: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Render `part` for htmx and `page` for everybody else; caches must tell the two apart."""
    response = render(request, part if wants_partial(request) else page, dict(context or {}), status=status)
    response["Vary"] = ", ".join(filter(None, [response.get("Vary", ""), "HX-Request"]))
    return response


def redirect(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser to a path of ours after a POST: a header for htmx, 303 for a plain form."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponse(status=303, headers={"Location": url})


def trigger(response: HttpResponse, event: str, detail: Mapping[str, Any] | None = None) -> HttpResponse:
    """Ask htmx to fire a browser event, beside those that the response already names."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    events[event] = dict(detail or {})
    response["HX-Trigger"] = json.dumps(events)
    return response


def toast(response: HttpResponse, text: str, *, undo: str = "") -> HttpResponse:
    """Show a short sentence after the swap; `undo` is the path of a POST that takes the step back."""
    return trigger(response, "portal:toast", {"text": text, "undo": undo})
