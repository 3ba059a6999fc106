"""The inbound log: what came in for one's services, and what became of it."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import Actor
from accounts.permissions import TEAM_CREATE, can, require
from core.web.doors import actor_of, part_of, signed_in
from core.web.forms import sent
from incidents.permissions import RULE_SEE
from integrations.forms import PayloadForm
from integrations.models.inbound import OUTCOMES
from integrations.queries.log import body_of, evaluation_of, inbound_event, inbound_of, services_with_log
from integrations.queries.trial import trial
from oncall.permissions import SERVICE_SEE
from oncall.queries.directory import head_of
from oncall.queries.services import service_seen_by

CHIPS = ("opened", "grouped", "counted", "resolved", "signal", "unknown", "refused", "flood")


@signed_in
@require_safe
def inbound(request: HttpRequest) -> HttpResponse:
    """What came in for the services whose log one may read, newest first."""
    actor: Actor = actor_of(request)
    require(actor, SERVICE_SEE)
    services = services_with_log(actor)
    chosen, outcome = request.GET.get("service", ""), request.GET.get("outcome", "")
    wanted = [each for each in services if str(each.pk) == chosen] if chosen else services
    rows = inbound_of(actor, wanted)
    if outcome in OUTCOMES:
        rows = rows.filter(outcome=outcome)
    part = part_of(request, rows.prefetch_related("service", "key"))
    context = {
        "part": part,
        "older": part.older,
        "services": services,
        "reads_all": can(actor, TEAM_CREATE),  # whoever keeps the process is of no team and needs none
        "chosen": chosen,
        "outcome": outcome,
        "outcomes": CHIPS,
        "crumbs": [("Inbound log", "")],
    }
    return render(request, "integrations/log/list.html", context)


@signed_in
@require_safe
def event(request: HttpRequest, pk: int) -> HttpResponse:
    """One event with the body of its request, secrets masked, and how it was taken."""
    actor: Actor = actor_of(request)
    row = inbound_event(actor, pk)
    context = {
        "row": row,
        "body": _pretty(body_of(row)),
        "evaluation": evaluation_of(actor, row),
        "crumbs": [("Inbound log", "/inbound/"), (f"Event {row.pk}", "")],
    }
    return render(request, "integrations/log/detail.html", context)


def _pretty(body: str) -> str:
    """JSON with its lines apart; anything else as it came."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def try_payload(request: HttpRequest, pk: int) -> HttpResponse:
    """The tester: which rule a pasted payload would meet; stores nothing (DET-06, TRI-06)."""
    actor: Actor = actor_of(request)
    service = service_seen_by(actor, pk)
    require(actor, RULE_SEE, service)
    form = PayloadForm(request.POST or None, initial={"kind": "alertmanager"})
    trials = None
    if request.method == "POST":

        def act() -> list[object]:
            return list(trial(actor, service, form.cleaned_data["kind"], form.cleaned_data["payload"]))

        trials = sent(form, act)
        if form.errors and "payload" not in form.errors and "kind" not in form.errors:
            form.fields["payload"].widget.attrs["autofocus"] = True
    context = {
        "head": head_of(actor, service),
        "form": form,
        "trials": trials,
        "tab": "try",
        "crumbs": [
            ("Services", "/services/"),
            (service.name, f"/services/{pk}/"),
            ("Try a payload", ""),
        ],
    }
    return render(request, "integrations/try.html", context, status=form.status)
