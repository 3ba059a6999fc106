"""The same triage facts for programs: what stands around an incident, and which services (TRI-05, 07)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import require
from core.api.base import ApiView, SignedIn
from incidents import permissions
from incidents.api.shapes import IncidentShape
from incidents.queries.access import incident_seen_by
from incidents.queries.graph import around
from incidents.queries.related import related_to


class NearIncidentShape(IncidentShape):
    """An incident around another one, as lists show it; `resolution` is how it ended."""

    resolution = serializers.CharField()


class SideShape(serializers.Serializer[Any]):
    """The services one step away on one side."""

    all = serializers.IntegerField()
    unwell = serializers.IntegerField()


class RelatedShape(serializers.Serializer[Any]):
    """Local or global: `upstream` is open on what the service needs, `downstream` on what needs it."""

    is_local = serializers.BooleanField()
    sentences = serializers.ListField(child=serializers.CharField())
    needed = SideShape()
    needing = SideShape()
    upstream = NearIncidentShape(many=True)
    downstream = NearIncidentShape(many=True)
    meanwhile = NearIncidentShape(many=True)
    past = NearIncidentShape(many=True)


class PointShape(serializers.Serializer[Any]):
    """A service and how it stands as the asker may know; `note` names what is open on it."""

    id = serializers.IntegerField(source="key")
    name = serializers.CharField()
    health = serializers.ChoiceField(choices=["ok", "degraded", "partial", "outage"], source="tone")
    note = serializers.CharField()


class AroundShape(serializers.Serializer[Any]):
    """The incident's service with what needs it and what it needs, one step each way."""

    service = PointShape(source="middle")
    needed_by = PointShape(source="before", many=True)
    needs = PointShape(source="after", many=True)


class Related(ApiView):
    """What stands around an incident."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="incidents_related", responses=RelatedShape)
    def get(self, request: Request, number: int) -> Response:
        """See open incidents of services around it, what began with it, and how its service was mended before."""
        incident = incident_seen_by(self.actor, number)
        require(self.actor, permissions.INCIDENT_SEE_ALL, incident)
        found: Any = related_to(self.actor, incident)
        return Response(RelatedShape(found).data)


class Graph(ApiView):
    """The services around an incident's."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="incidents_graph", responses=AroundShape)
    def get(self, request: Request, number: int) -> Response:
        """See the services one step each way with their health."""
        incident = incident_seen_by(self.actor, number)
        require(self.actor, permissions.INCIDENT_SEE_ALL, incident)
        found: Any = around(self.actor, incident)
        return Response(AroundShape(found).data)
