"""The triage panels of the incident page; each comes after the page, from an address of its own (TRI-05, 07, 08)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.actors import Actor
from accounts.permissions import can, require
from core.errors import Missing
from core.web import htmx
from core.web.doors import actor_of, signed_in
from incidents import permissions
from incidents.kinds import Panel, register_panel
from incidents.models import Incident
from incidents.queries.access import incident_seen_by
from incidents.queries.changes import changes_around
from incidents.queries.graph import around
from incidents.queries.related import related_to


@dataclass(frozen=True, slots=True)
class Late:
    """A panel of the side whose facts are read when it asks for them."""

    title: str
    position: int
    read: Callable[[Actor, Incident], Any]


LATE = {
    "changes": Late("Changes before the start", 70, changes_around),
    "related": Late("Here or everywhere?", 72, related_to),
    "graph": Late("Services around it", 74, around),
}


def register() -> None:
    """Put the panels into the slot at the page's side."""
    for key, late in LATE.items():
        register_panel(Panel(key, "side", late.title, partial(_promise, key), late.position))


def _promise(key: str, actor: Actor, incident: Incident) -> str:
    """The panel's place on the page, which asks for its facts at once; reads nothing."""
    if not can(actor, permissions.INCIDENT_SEE_ALL, incident):
        return ""
    context = {"key": key, "title": LATE[key].title, "incident": incident}
    return render_to_string("incidents/panels/late.html", context)


@signed_in
@require_safe
def part(request: HttpRequest, number: int, panel: str) -> HttpResponse:
    """One panel for a script, a page with it for everybody else."""
    actor: Actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    require(actor, permissions.INCIDENT_SEE_ALL, incident)
    if panel not in LATE:
        raise Missing("There is no such panel.")
    template = f"incidents/panels/{panel}.html"
    title = LATE[panel].title
    context: dict[str, Any] = {
        "incident": incident,
        "panel": LATE[panel].read(actor, incident),
        "may_note": can(actor, permissions.TIMELINE_NOTE, incident),
        "title": title,
        "template": template,
        "crumbs": [("Incidents", "/incidents/"), (str(incident), f"/incidents/{incident.number}/"), (title, "")],
    }
    # The page's UTC switch holds here too; what a form sends names its zone itself.
    chosen = UTC if request.COOKIES.get("zone") == "utc" else timezone.get_current_timezone()
    with timezone.override(chosen):
        return htmx.render_part(request, "incidents/panels/page.html", template, context)
