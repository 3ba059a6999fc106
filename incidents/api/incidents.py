"""Incidents: list, one, declare, alerts, changes near it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import Actor
from core.api.base import ApiView, ListView, SignedIn
from core.api.fields import CONTROL
from core.api.filters import LONGEST, Filter, choice, flag, moment, number
from core.errors import Invalid
from incidents.api import inputs, shapes
from incidents.commands import describing, opening
from incidents.models.incidents import STATUSES
from incidents.queries.access import incident_seen_by, incidents_seen_by
from incidents.queries.changes import changes_near
from incidents.queries.details import Detail, alerts_seen_by, incident_detail
from incidents.queries.priorities import priority_by_id
from incidents.queries.search import Names, narrowed, query_of
from oncall.queries.services import service_seen_by

WORDS = (
    "Words as in the list's search: team: service: priority: state: major: opened: resolved: owner: text:, "
    "a comma for or, - for not; anything else is looked for in the texts."
)
HIDDEN = ("description", "resolution", "resolution_code", "suspected_cause")


def shown(actor: Actor, incident_number: int) -> dict[str, Any]:
    """One incident as JSON for this actor; a stakeholder gets the summary (S36)."""
    detail = incident_detail(actor, incident_number)
    flat: Any = _flat(detail)
    data: dict[str, Any] = dict(shapes.DetailShape(flat).data)
    return data


def _flat(detail: Detail) -> dict[str, Any]:
    incident = detail.incident
    plain = {str(name): getattr(incident, str(name)) for name in shapes.IncidentShape().fields}
    full = detail.audience == "responders"
    return {
        **plain,
        **{name: getattr(incident, name) if full else "" for name in HIDDEN},
        "review_later": incident.review_later,
        "recurrence_of": incident.recurrence_of if full else None,
        "assignees": detail.assignees,
        "milestones": detail.milestones,
        "phase": detail.phase,
        "waiting": detail.waiting,
        "event_count": detail.event_count,
        "allowed": detail.allowed,
        "last_seq": detail.last_seq,
    }


def _readable(text: str) -> Q:
    """Nothing yet: what the words mean hangs on who asks."""
    try:
        query_of(text)
    except Invalid as error:
        raise ValueError(error.detail) from error
    return Q()


class Incidents(ListView):
    """All incidents that one may know of."""

    permission_classes = [SignedIn]
    refusals = {404}
    orderings = {"newest": ("-number",), "oldest": ("number",)}
    filters = {
        "status": choice("status", STATUSES, "In one of these states."),
        "priority": number("priority__rank", "Rank of the priority, 1 to 5."),
        "major": flag("is_major", "Major ones only, or all others (TRI-04)."),
        "service": number("service_id", "Of one of these services."),
        "team": number("service__team_id", "Of one of these teams."),
        "created_after": moment("created_at__gte", "Opened at this time or later."),
        "created_before": moment("created_at__lt", "Opened before this time."),
        "q": Filter(_readable, {"type": "string", "maxLength": LONGEST, "pattern": f"^[^{CONTROL}]*$"}, WORDS),
    }

    @extend_schema(operation_id="incidents_list", responses=shapes.IncidentShape(many=True))
    def get(self, request: Request) -> Response:
        """List incidents."""
        query = query_of(request.query_params.get("q", ""))
        return self.page(narrowed(Names(self.actor), incidents_seen_by(self.actor), query), shapes.IncidentShape)

    @extend_schema(operation_id="incidents_declare", request=inputs.DeclareInput, responses={201: shapes.DetailShape})
    def post(self, request: Request) -> Response:
        """Declare an incident."""
        given = self.parse(inputs.DeclareInput)
        given["service"] = service_seen_by(self.actor, given["service"])
        if "priority" in given:
            given["priority"] = priority_by_id(self.actor, given["priority"])
        made = opening.declare(self.actor, **given)
        return Response(shown(self.actor, made.number), status=status.HTTP_201_CREATED)


class OneIncident(ApiView):
    """One incident."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="incidents_see", responses=shapes.DetailShape)
    def get(self, request: Request, number: int) -> Response:
        """See an incident."""
        return Response(shown(self.actor, number))

    @extend_schema(operation_id="incidents_describe", request=inputs.KnownInput, responses=shapes.DetailShape)
    def patch(self, request: Request, number: int) -> Response:
        """Write what is known; a stale `version` is 409 with the stored and the sent text of each field."""
        given = self.parse(inputs.KnownInput)
        given.pop("version", None)
        incident = incident_seen_by(self.actor, number)
        describing.describe(self.actor, incident, version=self.version(), **given)
        return Response(shown(self.actor, number))


class Alerts(ListView):
    """The alerts of an incident."""

    permission_classes = [SignedIn]
    orderings = {"newest": ("-pk",), "oldest": ("pk",)}
    filters = {"state": choice("state", ["open", "resolved"], "Alerts in this state.")}

    @extend_schema(operation_id="incidents_alerts", responses=shapes.AlertShape(many=True))
    def get(self, request: Request, number: int) -> Response:
        """List an incident's alerts."""
        return self.page(alerts_seen_by(self.actor, incident_seen_by(self.actor, number)), shapes.AlertShape)


class NearChanges(ApiView):
    """What was altered around the start of an incident."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="incidents_changes", responses=shapes.NearChangeShape(many=True))
    def get(self, request: Request, number: int) -> Response:
        """List the changes nearest in time (TRI-08)."""
        found = changes_near(self.actor, incident_seen_by(self.actor, number))
        rows: Any = [{"change": near.change, "seconds_before": near.distance.total_seconds()} for near in found]
        return Response(shapes.NearChangeShape(rows, many=True).data)
