"""The command palette's answers and the list of keys."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.web import finding, htmx, navigation
from core.web.doors import actor_of, signed_in
from core.web.keys import sections_for


@signed_in
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """What `?q=` finds for this viewer, as options of the palette's list; 400 for what is no question (A21)."""
    rows = finding.found(actor_of(request), request.GET.get("q", ""))
    return render(request, "ui/found.html", {"rows": rows})


@signed_in
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """Every key and what it does: a page for everybody, and the overlay's content for the script."""
    paths = [item.path for item in navigation.reachable(actor_of(request))]
    context: dict[str, Any] = {"sections": sections_for(paths), "crumbs": [("Keys", "")]}
    return htmx.render_part(request, "ui/keys.html", "ui/_keys.html", context)
