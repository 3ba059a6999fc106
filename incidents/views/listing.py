"""The list of incidents, and declaring one by hand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import Actor
from accounts.permissions import can, require
from core.errors import Invalid
from core.web.doors import actor_of, done, signed_in
from core.web.forms import sent
from incidents import permissions
from incidents.commands import opening
from incidents.forms.incidents import DeclareForm
from incidents.queries.listing import Asked, Found, incidents_found
from incidents.queries.search import Names
from incidents.views import listing_parts as parts


@signed_in
@require_safe
def incidents(request: HttpRequest) -> HttpResponse:
    """Open incidents unless asked otherwise, newest first, 50 a page; a query that cannot be read is answered 400."""
    actor: Actor = actor_of(request)
    names = Names(actor)
    text, refusal, asked, found = request.GET.get("q", ""), "", Asked(()), Found([], "", "", 0)
    try:
        text = parts.text_of(request, names)
        asked = parts.asked_of(request, text)
        found = incidents_found(names, asked)
    except Invalid as error:
        refusal = error.detail
    views, view = parts.views_of(actor, text)
    context: dict[str, Any] = {
        "text": text,
        "refusal": refusal,
        "found": found,
        "asked": asked,
        "older": parts.address(text, asked.sort, before=found.older) if found.older else "",
        "newer": parts.address(text, asked.sort, after=found.newer) if found.newer else "",
        "views": views,
        "view": view if view is not None and can(actor, permissions.VIEW_EDIT, view) else None,
        "menus": parts.menus_of(names, asked.query, asked.sort),
        "sorts": parts.sorts_of(asked.query, asked.sort),
        "may_act": actor.user is not None and actor.user.role != "stakeholder",
        "is_plain": text == parts.USUAL,
        "crumbs": [("Incidents", "")],
    }
    return render(request, "incidents/list.html", context, status=400 if refusal else 200)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: HttpRequest) -> HttpResponse:
    """Two fields make an incident with an owner and a page (DET-02)."""
    actor: Actor = actor_of(request)
    require(actor, permissions.INCIDENT_DECLARE)
    form = DeclareForm(request.POST or None, actor=actor, initial={"service": request.GET.get("service", "")})
    if request.method == "POST":
        made = sent(form, lambda: opening.declare(actor, **form.values()))
        if made is not None:
            said = f"{made} is open. The people on call are being paged."
            return done(request, f"/incidents/{made.number}/", said)
    context = {"form": form, "crumbs": [("Incidents", "/incidents/"), ("New", "")]}
    return render(request, "incidents/declare.html", context, status=form.status)
