"""When something really was: correcting a milestone, with both values kept (S20)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.permissions import require
from core.errors import Conflict
from core.web.doors import actor_of, done, signed_in
from core.web.forms import sent
from core.web.zone import in_chosen_zone
from incidents import permissions
from incidents.commands import milestones
from incidents.forms.moments import local_text
from incidents.forms.timeline import MilestoneForm
from incidents.models import Incident, Milestone
from incidents.queries.access import incident_seen_by


def _told(row: Milestone) -> dict[str, Any]:
    """A milestone with its former times."""
    former = [{**edit, "at": datetime.fromisoformat(edit["at"])} for edit in row.edits]
    return {"kind": row.kind, "at": row.at, "former": former}


def _corrected(actor: Actor, incident: Incident, form: MilestoneForm) -> Milestone:
    """The corrected row; a form that came too late is told where both times stand."""
    try:
        return milestones.correct(actor, incident, **form.values())
    except Conflict as conflict:
        hint = "The present time stands beside it, yours is kept: press Use mine to save it."
        raise Conflict(conflict.detail, code=conflict.code, hint=hint) from conflict


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@in_chosen_zone
def milestone(request: HttpRequest, number: int) -> HttpResponse:
    """Correct when something was reached; both values are kept (S20)."""
    actor: Actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    require(actor, permissions.MILESTONE_EDIT, incident)
    path = f"/incidents/{incident.number}/"
    reached = {row.kind: row for row in incident.milestones.order_by("at", "pk")}
    times = {kind: row.at for kind, row in reached.items()}
    kind = request.GET.get("kind", "")
    initial = {"kind": kind, "at": local_text(reached[kind].at)} if kind in reached else {}
    form = MilestoneForm(request.POST if request.method == "POST" else None, initial=initial, reached=times)
    if request.method == "POST":
        made = sent(form, lambda: _corrected(actor, incident, form))
        if made is not None:
            return done(request, path, "The milestone was corrected. Both times are kept.")
        if form.status == Conflict.status:
            form.keep("seen", form.stamp)
    context = {
        "incident": incident,
        "form": form,
        "reached": [_told(row) for row in reached.values()],
        "crumbs": [("Incidents", "/incidents/"), (str(incident), path), ("Milestones", "")],
    }
    return render(request, "incidents/milestone.html", context, status=form.status)
