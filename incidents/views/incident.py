"""The incident page and its parts."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.actors import Actor
from accounts.permissions import require
from core import live
from core.errors import Invalid, Missing
from core.web import htmx
from core.web.doors import actor_of, signed_in
from core.web.zone import in_chosen_zone
from incidents import permissions
from incidents.forms.timeline import NoteForm
from incidents.kinds import panels
from incidents.queries.access import incident_seen_by
from incidents.queries.changes import changes_near
from incidents.queries.composing import commands_for
from incidents.queries.details import signals_near
from incidents.queries.log import NAMES, log_of
from incidents.queries.page import IncidentPage, alerts_of, incident_page, priorities_for

MOST_FRAMES = 500
YEAR = 365 * 24 * 3600


def _parts(request: HttpRequest, page: IncidentPage) -> dict[str, Any]:
    """What the header and the panels need."""
    return {
        "page": page,
        "incident": page.incident,
        "asked": page.asks(actor_of(request).user),
        "alerts": alerts_of(page),
        "priorities": priorities_for(page) if page.may_rank else [],
    }


def _number(request: HttpRequest, name: str) -> int | None:
    """A whole number of the address; raises Invalid for anything else."""
    text = request.GET.get(name, "")
    if text and not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Invalid("This address cannot be read.", fields={name: ["Must be a whole number."]})
    return int(text) if text else None


@signed_in
@require_safe
@in_chosen_zone
def incident(request: HttpRequest, number: int) -> HttpResponse:
    """The whole page for responders, the summary for stakeholders (S36)."""
    actor: Actor = actor_of(request)
    page = incident_page(actor, number, counted=True)
    crumbs = [("Incidents", "/incidents/"), (str(page.incident), "")]
    if page.audience != "responders":
        return render(request, "incidents/summary.html", {**_parts(request, page), "crumbs": crumbs})
    show = request.GET.get("show", "all")
    show = show if show in NAMES else "all"
    before = _number(request, "before")
    context = {
        **_parts(request, page),
        "log": log_of(page, before=before, show=show),
        "show": show,
        "filters": _filters(page),
        "before": before,
        "is_utc": timezone.get_current_timezone() == UTC,
        "note": NoteForm() if page.may_note else None,
        "commands": commands_for(page.may, page.allowed) if page.may_note else [],
        "side": [(panel.key, panel.title, panel.render(actor, page.incident)) for panel in panels("side")],
        "crumbs": crumbs,
    }
    return _with_zone(request, render(request, "incidents/incident.html", context))


def _with_zone(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """This browser shows UTC, or the viewer's own zone, until another is chosen: forms are read in it as well."""
    zone = request.GET.get("zone")
    if zone in ("utc", "own"):
        safe = settings.SESSION_COOKIE_SECURE
        response.set_cookie("zone", zone, YEAR, path="/incidents/", secure=safe, httponly=True, samesite="Lax")
    return response


def _filters(page: IncidentPage) -> list[tuple[str, str, int]]:
    """Key, name and figure of each filter."""
    return [(key, name, page.counts.get(key, 0)) for key, name in NAMES.items()]


@signed_in
@require_safe
@in_chosen_zone
def regions(request: HttpRequest, number: int) -> HttpResponse:
    """Header and panels, which a live page draws anew when a panel frame comes."""
    page = incident_page(actor_of(request), number)
    template = "incidents/_regions.html" if page.audience == "responders" else "incidents/_summary.html"
    return render(request, template, _parts(request, page))


@signed_in
@require_safe
@in_chosen_zone
def triage(request: HttpRequest, number: int) -> HttpResponse:
    """Signals that open nothing (DET-12); on a page of its own also what was altered around the start (TRI-08)."""
    actor: Actor = actor_of(request)
    found = incident_seen_by(actor, number)
    require(actor, permissions.INCIDENT_SEE_ALL, found)
    crumbs = [("Incidents", "/incidents/"), (str(found), f"/incidents/{found.number}/"), ("Around the start", "")]
    context: dict[str, Any] = {"incident": found, "signals": signals_near(actor, found), "crumbs": crumbs}
    if not htmx.wants_partial(request):
        context["changes"] = changes_near(actor, found)
    return htmx.render_part(request, "incidents/triage.html", "incidents/_triage.html", context)


@signed_in
@require_safe
@in_chosen_zone
def feed(request: HttpRequest, number: int) -> HttpResponse:
    """The frames after `?since=`, as the socket would send them: for browsers behind a proxy without sockets."""
    actor: Actor = actor_of(request)
    subject = incident_seen_by(actor, number).subject
    family = live.topic_of(subject)
    audience = family[0].may_see(actor, family[1]) if family else None
    if family is None or audience is None:
        raise Missing("There is no such incident.")
    entries = live.since(subject, _number(request, "since") or 0, MOST_FRAMES)
    frames = [{"seq": f.seq, "kind": f.kind, "html": f.html} for f in family[0].render(family[1], entries, audience)]
    return JsonResponse({"frames": frames, "more": len(entries) == MOST_FRAMES})
