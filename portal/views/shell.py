"""Help, and the page of components for those who keep the process."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.errors import Missing
from core.web.doors import actor_of, signed_in
from portal.navigation import process
from portal.people import who_grants
from portal.samples import samples


@signed_in
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """What to do in the moments that matter, and whom to ask."""
    context = {"people": who_grants(actor_of(request)), "keeps": process(actor_of(request)), "crumbs": [("Help", "")]}
    return render(request, "help/help.html", context)


@signed_in
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every state; process owners and administrators, nobody else knows of it."""
    _only_process(request)
    return render(request, "styleguide/styleguide.html", {**samples(), "crumbs": [("Components", "")]})


@signed_in
@require_safe
def late(request: HttpRequest) -> HttpResponse:
    """What takes the place of the region that the page of components loads later."""
    _only_process(request)
    return render(request, "styleguide/_late.html")


def _only_process(request: HttpRequest) -> None:
    if not process(actor_of(request)):
        raise Missing("There is nothing here, or nothing that you may see.")
