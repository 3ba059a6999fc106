"""What a webhook was sent: one event with its attempts, the test, and sending again."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import Actor
from accounts.permissions import require
from core import clock
from core.web.doors import actor_of, done, signed_in
from core.web.forms import sent
from integrations import permissions
from integrations.commands import webhook_log
from integrations.forms import ReplayForm
from integrations.queries.webhooks import body_in_lines, delivery_seen_by, webhook_seen_by
from integrations.views.webhooks import HOME


@signed_in
@require_safe
def delivery(request: HttpRequest, pk: int, event: uuid.UUID) -> HttpResponse:
    """One event: its text as it is sent, and every attempt by its status class and time (A75)."""
    actor: Actor = actor_of(request)
    webhook = webhook_seen_by(actor, pk)
    row = delivery_seen_by(actor, webhook, event)
    context = {
        "webhook": webhook,
        "row": row,
        "body": body_in_lines(row),
        "attempts": [{**each, "at": parse_datetime(each["at"])} for each in reversed(row.attempts)],
        "crumbs": [HOME, (webhook.name, f"/webhooks/{pk}/"), ("Event", "")],
    }
    return render(request, "integrations/webhooks/delivery.html", context)


@signed_in
@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test now; its line of the log says what it met."""
    actor: Actor = actor_of(request)
    webhook_log.ping(actor, webhook_seen_by(actor, pk))
    return done(request, f"/webhooks/{pk}/", "A test is on its way; the log shows what it met.")


@signed_in
@require_POST
def replay(request: HttpRequest, pk: int, event: uuid.UUID) -> HttpResponse:
    """Send one event again."""
    actor: Actor = actor_of(request)
    row = delivery_seen_by(actor, webhook_seen_by(actor, pk), event)
    webhook_log.replay(actor, row)
    return done(request, f"/webhooks/{pk}/deliveries/{event}/", "It is sent again, with the same id.")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def replay_failed(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask how far back, then send again what was given up or left out."""
    actor: Actor = actor_of(request)
    row = webhook_seen_by(actor, pk)
    require(actor, permissions.WEBHOOK_EDIT, row)
    form = ReplayForm(request.POST or None, initial={"since": "24"})
    if request.method == "POST":
        count = sent(form, lambda: webhook_log.replay_failed(actor, row, since=clock.now() - form.span()))
        if count is not None:
            events = "1 event is" if count == 1 else f"{count} events are"
            return done(request, f"/webhooks/{pk}/", f"{events if count else 'Nothing is'} sent again.")
    context = {
        "form": form,
        "title": f"Replay events of {row.name}",
        "button": "Send them again",
        "back": f"/webhooks/{pk}/",
        "crumbs": [HOME, (row.name, f"/webhooks/{pk}/"), ("Replay", "")],
    }
    return render(request, "ui/edit.html", context, status=form.status)
