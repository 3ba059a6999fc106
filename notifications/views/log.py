"""The delivery log: what was sent to whom, with every attempt."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.actors import Actor
from core.web.doors import actor_of, part_of, signed_in
from notifications.queries.log import deliveries_seen_by, delivery_seen_by, words_for
from notifications.states import STATES

WORDS = {
    "queued": "Waiting",
    "sent": "Sent",
    "confirmed": "Arrived",
    "failed": "Failed",
    "withdrawn": "Taken back",
    "bundled": "In a digest",
}


@signed_in
@require_safe
def deliveries(request: HttpRequest) -> HttpResponse:
    """One's own messages, the team's for managers, all for administrators; newest first."""
    actor: Actor = actor_of(request)
    rows = deliveries_seen_by(actor).select_related("bundled_into")
    state = request.GET.get("state", "")
    if state in STATES:
        rows = rows.filter(state=state)
    if request.GET.get("mine") == "1":
        rows = rows.filter(user=actor.user)
    part = part_of(request, rows)
    context = {
        "part": part,
        "older": part.older,
        "state": state,
        "mine": request.GET.get("mine") == "1",
        "states": WORDS.items(),
        "crumbs": [("Delivery log", "")],
    }
    return render(request, "notifications/log/list.html", context)


@never_cache
@signed_in
@require_safe
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """One message with every attempt; its words for the person alone to whom it went."""
    actor: Actor = actor_of(request)
    shown = delivery_seen_by(actor, pk)
    context = {
        "delivery": shown,
        "message": words_for(actor, shown),
        "crumbs": [("Delivery log", "/deliveries/"), (f"Message {shown.pk}", "")],
    }
    return render(request, "notifications/log/detail.html", context)
