"""Now: what waits for the viewer, and the answers to it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from accounts.actors import Actor
from core import live
from core.errors import Conflict, Missing
from core.web.doors import actor_of, done, signed_in
from incidents.kinds import board_panels
from incidents.queries.now import SCOPES, is_staff, now_of
from oncall.commands import pages
from oncall.queries.escalations import page_seen_by

SCOPE = "now_scope"  # what the person chose last, kept with the session


def _context(request: HttpRequest) -> dict[str, Any]:
    actor: Actor = actor_of(request)
    wanted = request.GET.get("scope") or request.session.get(SCOPE, "")
    return {
        "now": now_of(actor, wanted),
        "staff": is_staff(actor),
        "panels": board_panels(actor),
        "crumbs": [("Now", "")],
    }


def _whole(request: HttpRequest) -> dict[str, Any]:
    """The page and the number of the newest frame that it holds: read first, so that nothing is missed."""
    actor: Actor = actor_of(request)
    seq = live.last_seq(f"now:{actor.user.pk}") if actor.user is not None else 0
    return {"seq": seq, **_context(request)}


@signed_in
@require_safe
def now(request: HttpRequest) -> HttpResponse:
    """The board; its title states the finding. `?scope=` mine or all is remembered."""
    wanted = request.GET.get("scope")
    if wanted in SCOPES and request.session.get(SCOPE) != wanted:
        request.session[SCOPE] = wanted
    return render(request, "incidents/now.html", _whole(request))


@signed_in
@require_safe
def regions(request: HttpRequest) -> HttpResponse:
    """The parts of the board that a live page draws anew."""
    return render(request, "incidents/_now.html", _context(request))


@signed_in
@require_POST
def answer(request: HttpRequest, pk: int, wanted: str) -> HttpResponse:
    """Accept or decline a page of one's own; works without scripts."""
    if wanted not in ("accept", "decline"):
        raise Missing("There is no such answer.")
    actor: Actor = actor_of(request)
    page = page_seen_by(actor, pk)
    try:
        said = (pages.accept if wanted == "accept" else pages.decline)(actor, page, via="web")
    except Conflict as conflict:
        return render(request, "incidents/now.html", {**_whole(request), "conflict": conflict}, status=409)
    number = page.subject.partition(":")[2]
    undo = f"/incidents/{number}/undo-acknowledge/" if said.startswith("You have acknowledged") else ""
    return done(request, f"/incidents/{number}/" if wanted == "accept" else "/now/", said, undo=undo)
