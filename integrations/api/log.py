"""The inbound log over the API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import filters
from core.api.base import ApiView, ListView, SignedIn
from integrations.api import shapes
from integrations.models.inbound import OUTCOMES
from integrations.queries.log import inbound_event, inbound_log
from oncall.queries.services import service_seen_by


class InboundLog(ListView):
    """What came in for a service."""

    permission_classes = [SignedIn]
    orderings = {"newest": ("-pk",), "oldest": ("pk",)}
    filters = {
        "outcome": filters.choice("outcome", OUTCOMES, "What became of the event."),
        "key": filters.number("key_id", "The id of the integration key."),
        "dedup_key": filters.exact("dedup_key", "The deduplication key."),
        "since": filters.moment("received_at__gte", "Received at or after this time."),
    }

    @extend_schema(operation_id="services_inbound", responses=shapes.InboundShape(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """List what came in for a service in the last 30 days."""
        return self.page(inbound_log(self.actor, service_seen_by(self.actor, pk)), shapes.InboundShape)


class Inbound(ApiView):
    """One event that came in."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="inbound_see", responses=shapes.InboundDetailShape)
    def get(self, request: Request, pk: int) -> Response:
        """See an event with the body of its request, secrets masked."""
        return Response(shapes.InboundDetailShape(inbound_event(self.actor, pk)).data)
