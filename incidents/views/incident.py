"""The incident page and its parts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.actors import Actor
from accounts.permissions import require
from core import live
from core.errors import Invalid, Missing
from core.web import htmx
from core.web.doors import actor_of, signed_in
from incidents import permissions
from incidents.forms.timeline import NoteForm
from incidents.queries.access import incident_seen_by
from incidents.queries.details import changes_near, signals_near
from incidents.queries.page import SHOWS, IncidentPage, alerts_of, incident_page, log_of, priorities_for

MOST_FRAMES = 500


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
def incident(request: HttpRequest, number: int) -> HttpResponse:
    """The whole page for responders, the summary for stakeholders (S36)."""
    page = incident_page(actor_of(request), number)
    crumbs = [("Incidents", "/incidents/"), (str(page.incident), "")]
    if page.audience != "responders":
        return render(request, "incidents/summary.html", {**_parts(request, page), "crumbs": crumbs})
    show = request.GET.get("show", "all")
    before = _number(request, "before")
    context = {
        **_parts(request, page),
        "log": log_of(page, before=before, show=show if show in SHOWS else "all"),
        "show": show if show in SHOWS else "all",
        "before": before,
        "note": NoteForm() if page.may_note else None,
        "crumbs": crumbs,
    }
    return render(request, "incidents/incident.html", context)


@signed_in
@require_safe
def regions(request: HttpRequest, number: int) -> HttpResponse:
    """Header and panels, which a live page draws anew when a panel frame comes."""
    page = incident_page(actor_of(request), number)
    template = "incidents/_regions.html" if page.audience == "responders" else "incidents/_summary.html"
    return render(request, template, _parts(request, page))


@signed_in
@require_safe
def triage(request: HttpRequest, number: int) -> HttpResponse:
    """What was altered around the start, and signals that open nothing (DET-12, TRI-08)."""
    actor: Actor = actor_of(request)
    found = incident_seen_by(actor, number)
    require(actor, permissions.INCIDENT_SEE_ALL, found)
    crumbs = [("Incidents", "/incidents/"), (str(found), f"/incidents/{found.number}/"), ("Around the start", "")]
    near = {"changes": changes_near(actor, found), "signals": signals_near(actor, found)}
    context = {"incident": found, **near, "crumbs": crumbs}
    return htmx.render_part(request, "incidents/triage.html", "incidents/_triage.html", context)


@signed_in
@require_safe
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
