"""Heartbeats over the API; pings come through the hot door."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.base import ApiView, ListView, SignedIn
from core.links import absolute
from integrations.api import shapes
from integrations.commands import heartbeats
from integrations.queries.keys import heartbeat_seen_by, heartbeats_of
from oncall.queries.services import service_seen_by


class Heartbeats(ListView):
    """The heartbeats of a service."""

    permission_classes = [SignedIn]
    repeatable = False  # a kept answer would hold the key (A98)
    orderings = {"oldest": ("pk",)}

    @extend_schema(operation_id="services_heartbeats", responses=shapes.HeartbeatShape(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """List a service's heartbeats."""
        return self.page(heartbeats_of(self.actor, service_seen_by(self.actor, pk)), shapes.HeartbeatShape)

    @extend_schema(
        operation_id="services_heartbeats_create",
        request=shapes.HeartbeatInput,
        responses={201: shapes.IssuedHeartbeatShape},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Create a heartbeat; the text of its key is shown this once."""
        service = service_seen_by(self.actor, pk)
        made, raw = heartbeats.create(self.actor, service, **self.parse(shapes.HeartbeatInput))
        shown = {**shapes.HeartbeatShape(made).data, "key": raw, "url": absolute(f"/heartbeats/{raw}")}
        return Response(shown, status=status.HTTP_201_CREATED)


class Heartbeat(ApiView):
    """One heartbeat."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="heartbeats_see", responses=shapes.HeartbeatShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a heartbeat."""
        return Response(shapes.HeartbeatShape(heartbeat_seen_by(self.actor, pk)).data)

    @extend_schema(operation_id="heartbeats_edit", request=shapes.HeartbeatEdit, responses=shapes.HeartbeatShape)
    def patch(self, request: Request, pk: int) -> Response:
        """Change a heartbeat's name or times."""
        values = self.parse(shapes.HeartbeatEdit, partial=True)
        row = heartbeats.edit(self.actor, heartbeat_seen_by(self.actor, pk), version=self.version(), **values)
        return Response(shapes.HeartbeatShape(row).data)

    @extend_schema(operation_id="heartbeats_delete", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Remove a heartbeat; an open alert of it is resolved."""
        heartbeats.delete(self.actor, heartbeat_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class PauseHeartbeat(ApiView):
    """A heartbeat that is not expected for a while."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="heartbeats_pause", request=None, responses=shapes.HeartbeatShape)
    def post(self, request: Request, pk: int) -> Response:
        """Expect nothing until it is resumed."""
        return Response(shapes.HeartbeatShape(heartbeats.pause(self.actor, heartbeat_seen_by(self.actor, pk))).data)


class ResumeHeartbeat(ApiView):
    """A heartbeat that is expected again."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="heartbeats_resume", request=None, responses=shapes.HeartbeatShape)
    def post(self, request: Request, pk: int) -> Response:
        """Expect signs of life again, from the next ping on."""
        return Response(shapes.HeartbeatShape(heartbeats.resume(self.actor, heartbeat_seen_by(self.actor, pk))).data)
