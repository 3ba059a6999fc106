"""The delivery log."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import filters
from core.api.base import ApiView, ListView, SignedIn
from notifications.api import shapes
from notifications.queries.log import deliveries_seen_by, delivery_seen_by
from notifications.states import STATES


class Deliveries(ListView):
    """Messages that the actor may look at."""

    permission_classes = [SignedIn]
    filters = {
        "state": filters.choice("state", STATES, "Where the message stands."),
        "purpose": filters.exact("purpose", "Why it was sent.", limit=30),
        "purpose_key": filters.exact("purpose_key", "What it is about.", limit=120),
        "provider": filters.exact("provider", "Who carries it.", limit=30),
        "user": filters.number("user_id", "To whom."),
        "since": filters.moment("created_at__gte", "Made at this time or later."),
    }

    @extend_schema(operation_id="deliveries_list", responses=shapes.DeliveryShape(many=True))
    def get(self, request: Request) -> Response:
        """List messages with their attempts: one's own, a manager's team's, an administrator's all."""
        return self.page(deliveries_seen_by(self.actor), shapes.DeliveryShape)


class Delivery(ApiView):
    """One message."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="deliveries_see", responses=shapes.DeliveryShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a message with its attempts."""
        return Response(shapes.DeliveryShape(delivery_seen_by(self.actor, pk)).data)
