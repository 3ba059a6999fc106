"""What is known of an incident: a dialog, and a page of its own where there are no scripts (TRI-01, S51)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.permissions import require
from core.errors import Conflict
from core.web import htmx
from core.web.doors import actor_of, done, signed_in
from core.web.forms import sent
from incidents import permissions
from incidents.commands import describing
from incidents.forms.incidents import KnownForm
from incidents.models import Incident
from incidents.queries.access import incident_seen_by

TITLE = "What is known"
#: The dialog's words, as the shared template of the verbs takes them.
WORDS = {
    "title": TITLE,
    "button": "Save",
    "reach": "Stakeholders read the title and the impact. Cause and description stay with the team.",
}
KEPT = "What is stored now stands beside your words: press Save to replace it."


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def known(request: HttpRequest, number: int) -> HttpResponse:
    """Change what is known; a form that comes too late shows both texts."""
    actor: Actor = actor_of(request)
    incident = incident_seen_by(actor, number)
    require(actor, permissions.INCIDENT_DESCRIBE, incident)
    path = f"/incidents/{incident.number}/"
    form = KnownForm(request.POST if request.method == "POST" else None, actor=actor, incident=incident)
    made = None
    if request.method == "POST":
        made = sent(form, lambda: _written(actor, incident, form), lambda: _present(actor, number))
    if made is not None:
        return done(request, path, f"What is known of {incident} is saved.")
    context = {
        "incident": incident_seen_by(actor, number) if form.status == Conflict.status else incident,
        "verb": WORDS,
        "form": form,
        "possible": incident.status not in describing.FINAL,
        "crumbs": [("Incidents", "/incidents/"), (str(incident), path), (TITLE, "")],
    }
    response = htmx.render_part(request, "incidents/verb.html", "incidents/_verb.html", context, status=form.status)
    if form.status >= 400 and htmx.wants_partial(request):
        response["HX-Retarget"], response["HX-Reswap"] = "#sheet", "innerHTML"
    return response


def _written(actor: Actor, incident: Incident, form: KnownForm) -> Incident:
    """The changed incident; the form itself shows both texts of a conflict, each beside its field."""
    try:
        return describing.describe(actor, incident, version=form.seen(), **form.values())
    except Conflict as conflict:
        hint = KEPT if conflict.code == "stale" else conflict.hint
        raise Conflict(conflict.detail, code=conflict.code, hint=hint) from conflict


def _present(actor: Actor, number: int) -> tuple[int, Mapping[str, Any]]:
    """The version and the texts that are stored now."""
    fresh = incident_seen_by(actor, number)
    return fresh.version, {name: getattr(fresh, name) for name in describing.CLEAN}
