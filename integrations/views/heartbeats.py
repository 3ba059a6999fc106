"""Pages of heartbeats: their address is on the page that follows their making, once (DET-13)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import Actor
from accounts.permissions import require
from core.errors import Missing
from core.web.doors import Question, actor_of, confirm, done, signed_in
from core.web.forms import sent
from integrations import permissions, snippets
from integrations.commands import heartbeats
from integrations.forms import HeartbeatForm
from integrations.models import Heartbeat
from integrations.queries.keys import heartbeat_seen_by
from integrations.views.intake import crumbs_of, page
from integrations.views.shown import lead_on, show, take
from oncall.queries.services import service_seen_by


@signed_in
@require_POST
def create(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a heartbeat of the service."""
    actor: Actor = actor_of(request)
    service = service_seen_by(actor, pk)
    require(actor, permissions.HEARTBEAT_EDIT, service)
    form = HeartbeatForm(request.POST, auto_id="heartbeat_%s")
    made = sent(form, lambda: heartbeats.create(actor, service, **form.values()))
    if made is None:
        return page(request, service, heartbeat=form)
    row, raw = made
    path = f"/services/{pk}/heartbeats/{row.pk}/shown/"
    return lead_on(request, path, raw, "Nothing is expected before the first sign of life.")


@never_cache
@signed_in
@require_safe
def shown(request: HttpRequest, service_pk: int, pk: int) -> HttpResponse:
    """The one page that shows a heartbeat's address, to the person who has just made it."""
    actor: Actor = actor_of(request)
    row = _own(actor, service_pk, pk)
    require(actor, permissions.HEARTBEAT_EDIT, row)
    secret = take(request)
    pasted = snippets.heartbeat(secret.raw) if secret.raw else []
    back, crumbs = f"/services/{row.service_id}/intake/", crumbs_of(row.service, (row.name, ""))
    return show(request, f"The address of {row.name}", secret, pasted, back=back, crumbs=crumbs)


def _own(actor: Actor, service_pk: int, pk: int) -> Heartbeat:
    """A heartbeat of this very service; Missing for another's (A58)."""
    row = heartbeat_seen_by(actor, pk)
    if row.service_id != service_pk:
        raise Missing("There is no such heartbeat.")
    return row


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, service_pk: int, pk: int) -> HttpResponse:
    """Change a heartbeat's name and times."""
    actor: Actor = actor_of(request)
    row = _own(actor, service_pk, pk)
    require(actor, permissions.HEARTBEAT_EDIT, row)
    names = ("name", "interval_seconds", "grace_seconds", "version")
    stored = {name: getattr(row, name) for name in names}
    form = HeartbeatForm(request.POST or None, initial=stored)
    back = f"/services/{row.service_id}/intake/"
    if request.method == "POST":
        made = sent(
            form,
            lambda: heartbeats.edit(actor, row, version=form.seen(), **form.values()),
            lambda: (row.version, stored),
        )
        if made is not None:
            return done(request, back, f"{made.name} was changed.")
    context = {
        "form": form,
        "title": f"Edit {row.name}",
        "back": back,
        "crumbs": crumbs_of(row.service, (row.name, "")),
    }
    return render(request, "ui/edit.html", context, status=form.status)


@signed_in
@require_POST
def switch(request: HttpRequest, service_pk: int, pk: int, verb: str) -> HttpResponse:
    """Pause or resume a heartbeat; either can be taken back by the other."""
    actor: Actor = actor_of(request)
    row = _own(actor, service_pk, pk)
    if verb not in ("pause", "resume"):
        raise Missing("There is nothing of this name to do.")
    made = (heartbeats.pause if verb == "pause" else heartbeats.resume)(actor, row)
    said = (
        "is paused: nothing is expected of it"
        if verb == "pause"
        else "is expected again, from its next sign of life on"
    )
    return done(request, f"/services/{made.service_id}/intake/", f"{made.name} {said}.")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, service_pk: int, pk: int) -> HttpResponse:
    """Ask, then remove a heartbeat."""
    actor: Actor = actor_of(request)
    row = _own(actor, service_pk, pk)
    require(actor, permissions.HEARTBEAT_EDIT, row)
    back = f"/services/{row.service_id}/intake/"

    def act() -> str:
        heartbeats.delete(actor, row)
        return f"{row.name} was removed."

    question = Question(
        f"Remove the heartbeat {row.name}?",
        ["Its silence opens no incident any more; its address answers no more.", "An open alert of it is resolved."],
        "Remove it",
        back,
        crumbs_of(row.service, (row.name, "")),
    )
    return confirm(request, question, act, back)
