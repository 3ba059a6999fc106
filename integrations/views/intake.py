"""A service's intake: its keys, heartbeats and last events, and a test event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from accounts.actors import Actor
from accounts.permissions import can, require
from core import clock
from core.web.doors import actor_of, done, signed_in
from core.web.forms import sent
from integrations import permissions
from integrations.commands import inbound
from integrations.forms import HeartbeatForm, KeyForm, TestEventForm
from integrations.queries.keys import KeyHealth, heartbeats_of, key_health, keys_of
from integrations.queries.log import inbound_log
from integrations.queries.reach import reach_of
from integrations.snippets import samples
from oncall.models import Service
from oncall.queries.directory import head_of
from oncall.queries.services import service_seen_by

TAB = "intake"
LAST = 10
JUDGED = timedelta(minutes=5)  # what has waited longer waits for an operator: no page asks on for it
NONE = KeyHealth()


def crumbs_of(service: Service, *more: tuple[str, str]) -> Sequence[tuple[str, str]]:
    """The way to a part of a service's intake."""
    own = f"/services/{service.pk}/"
    return [("Services", "/services/"), (service.name, own), ("Intake", f"{own}intake/" if more else ""), *more]


@signed_in
@require_safe
def intake(request: HttpRequest, pk: int) -> HttpResponse:
    """How monitoring reaches the service, and what came."""
    return page(request, service_seen_by(actor_of(request), pk))


def page(
    request: HttpRequest,
    service: Service,
    *,
    key: KeyForm | None = None,
    heartbeat: HeartbeatForm | None = None,
    event: TestEventForm | None = None,
) -> HttpResponse:
    """The page with its three forms, one of which may come back with what was wrong."""
    actor: Actor = actor_of(request)
    found = keys_of(actor, service)
    health, now = key_health(service), clock.now()
    may_test = can(actor, permissions.EVENT_TEST, service) and service.archived_at is None
    wanted = request.GET.get("severity", "")  # the first steps ask for one that pages
    forms = (key, heartbeat, event)
    rows = list(inbound_log(actor, service)[:LAST])
    context = {
        "head": head_of(actor, service),
        "keys": [(each, health.get(each.pk, NONE), each.opens_at(now)) for each in found],
        "heartbeats": heartbeats_of(actor, service),
        "rows": rows,
        "is_waiting": any(row.outcome == "accepted" and now - row.received_at < JUDGED for row in rows),
        "samples": samples(),
        "key_form": key or KeyForm(auto_id="key_%s"),
        "heartbeat_form": heartbeat
        or HeartbeatForm(auto_id="heartbeat_%s", initial={"interval_seconds": 300, "grace_seconds": 60}),
        "event_form": event or TestEventForm(auto_id="event_%s", initial={"severity": wanted}),
        "reach": reach_of(actor, service) if may_test and wanted == "critical" else None,
        "may_keys": can(actor, permissions.KEY_EDIT, service) and service.archived_at is None,
        "may_heartbeats": can(actor, permissions.HEARTBEAT_EDIT, service) and service.archived_at is None,
        "may_test": may_test,
        "tab": TAB,
        "crumbs": crumbs_of(service),
    }
    status = max([form.status for form in forms if form is not None], default=200)
    return render(request, "integrations/intake.html", context, status=status)


@signed_in
@require_POST
def test_event(request: HttpRequest, pk: int) -> HttpResponse:
    """Send an event as a tool would; it takes the whole road."""
    actor: Actor = actor_of(request)
    service = service_seen_by(actor, pk)
    require(actor, permissions.EVENT_TEST, service)
    form = TestEventForm(request.POST, auto_id="event_%s")
    made = sent(
        form,
        lambda: inbound.send_test(
            actor, service, summary=form.cleaned_data["summary"], severity=form.cleaned_data["severity"]
        ),
    )
    if made is None:
        return page(request, service, event=form)
    return done(
        request, f"/services/{pk}/intake/", "The test event is on its way; it stands below with what became of it."
    )
