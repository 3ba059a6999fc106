"""The list of incidents, and declaring one by hand."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import Actor
from accounts.permissions import require
from accounts.queries import teams_seen_by
from core.web.doors import actor_of, done, signed_in
from core.web.forms import sent
from incidents import permissions
from incidents.commands import opening
from incidents.forms.incidents import DeclareForm
from incidents.queries.listing import incidents_found
from incidents.queries.priorities import priorities
from oncall.queries.services import services_seen_by

STATUS_WORDS = (
    ("open", "Open"),
    ("triggered", "Triggered"),
    ("acknowledged", "Acknowledged"),
    ("identified", "Identified"),
    ("mitigated", "Mitigated"),
    ("snoozed", "Snoozed"),
    ("resolved", "Resolved"),
    ("closed", "Closed"),
    ("cancelled", "Cancelled"),
    ("merged", "Merged"),
    ("all", "All"),
)
CHIPS = (
    ("Open", "status=open"),
    ("Waiting for an answer", "status=triggered"),
    ("Major", "status=open&major=true"),
    ("Resolved", "status=resolved"),
    ("All", "status=all"),
)
KNOWN = ("status", "priority", "major", "service", "team", "text")


@signed_in
@require_safe
def incidents(request: HttpRequest) -> HttpResponse:
    """Open incidents unless asked otherwise, newest first, 50 a page."""
    actor: Actor = actor_of(request)
    given = request.GET.dict()
    query = request.GET.copy()
    query.pop("before", None)
    found = incidents_found(actor, given)
    older = query.copy()
    if found.older is not None:
        older["before"] = str(found.older)
    context = {
        "found": found,
        "older": older.urlencode() if found.older is not None else "",
        "given": {"status": "open", **{name: given[name] for name in KNOWN if given.get(name)}},
        "is_first": not given.get("before"),
        "is_plain": not any(given.get(name) for name in KNOWN),
        "chips": [(name, path, _same(path, given)) for name, path in CHIPS],
        "statuses": STATUS_WORDS,
        "priorities": priorities(actor),
        "services": services_seen_by(actor).select_related(None).prefetch_related(None).only("pk", "name"),
        "teams": teams_seen_by(actor),
        "crumbs": [("Incidents", "")],
    }
    return render(request, "incidents/list.html", context)


def _same(path: str, given: dict[str, str]) -> bool:
    """Whether a chip's filters are the ones in force."""
    wanted = dict(part.split("=") for part in path.split("&"))
    present = {name: given[name] for name in KNOWN if given.get(name)}
    return wanted == {"status": "open", **present}


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
