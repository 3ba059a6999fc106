"""Outgoing webhooks over the API: the secret is in the answers to making and rotating alone (A45, A98)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.queries import team_seen_by
from core.api.base import ApiView, ListView, SignedIn
from core.api.filters import choice, search
from core.errors import Invalid
from integrations.api import webhook_shapes as shapes
from integrations.commands import webhook_log, webhooks
from integrations.models import OutboundWebhook, WebhookDelivery
from integrations.queries.webhooks import deliveries_of, delivery_seen_by, webhook_seen_by, webhooks_of
from notifications.providers.carrier import look_up
from oncall.queries.services import services_seen_by


def _resolved(actor: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Numbers replaced by the things that the actor may see; the address looked up here, before the command (A69)."""
    if given.get("team") is not None:
        given["team"] = team_seen_by(actor, given["team"])
    if "services" in given:
        wanted = set(given["services"])
        found = list(services_seen_by(actor, archived=True).filter(pk__in=wanted))
        if len(found) != len(wanted):
            raise Invalid("There is no such service.", fields={"services": ["There is no such service."]})
        given["services"] = found
    if "url" in given:
        look_up(given["url"], field="url")
    return given


def _issued(actor: Any, row: OutboundWebhook, raw: str) -> Response:
    shown = shapes.WebhookShape(webhook_seen_by(actor, row.pk)).data
    return Response({**shown, "secret": raw}, status=status.HTTP_201_CREATED)


class Webhooks(ListView):
    """The webhooks that one may define."""

    permission_classes = [SignedIn]
    repeatable = False  # a kept answer would hold the secret (A98)
    refusals = {404}
    orderings = {"name": ("name", "pk"), "newest": ("-pk",)}
    filters = {"state": choice("state", ["active", "paused"], "Addresses in this state."), "q": search("name")}

    @extend_schema(operation_id="webhooks_list", responses=shapes.WebhookShape(many=True))
    def get(self, request: Request) -> Response:
        """List webhooks."""
        return self.page(webhooks_of(self.actor), shapes.WebhookShape)

    @extend_schema(
        operation_id="webhooks_create", request=shapes.WebhookInput, responses={201: shapes.IssuedWebhookShape}
    )
    def post(self, request: Request) -> Response:
        """Create a webhook; its secret is shown this once."""
        given = _resolved(self.actor, self.parse(shapes.WebhookInput))
        return _issued(self.actor, *webhooks.create(self.actor, given.pop("team", None), **given))


class Webhook(ApiView):
    """One webhook."""

    permission_classes = [SignedIn]
    versioned = True
    refusals = {404}

    @extend_schema(operation_id="webhooks_see", responses=shapes.WebhookShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a webhook, without its secret."""
        return Response(shapes.WebhookShape(webhook_seen_by(self.actor, pk)).data)

    @extend_schema(operation_id="webhooks_edit", request=shapes.WebhookInput, responses=shapes.WebhookShape)
    def patch(self, request: Request, pk: int) -> Response:
        """Change a webhook; what waits goes to its new address."""
        row = webhook_seen_by(self.actor, pk)
        given = _resolved(self.actor, self.parse(shapes.WebhookInput, partial=True))
        webhooks.edit(self.actor, row, version=self.version(), keep_team="team" not in given, **given)
        return Response(shapes.WebhookShape(webhook_seen_by(self.actor, pk)).data)

    @extend_schema(operation_id="webhooks_delete", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Remove a webhook with its log."""
        webhooks.delete(self.actor, webhook_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RotateWebhook(ApiView):
    """A new secret."""

    permission_classes = [SignedIn]
    repeatable = False  # a kept answer would hold the secret (A98)

    @extend_schema(
        operation_id="webhooks_rotate", request=shapes.WebhookSecretInput, responses={201: shapes.IssuedWebhookShape}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Make a new secret; the old one signs as well until the grace is over."""
        grace = timedelta(hours=self.parse(shapes.WebhookSecretInput)["grace_hours"])
        return _issued(self.actor, *webhooks.rotate(self.actor, webhook_seen_by(self.actor, pk), grace=grace))


class PauseWebhook(ApiView):
    """A webhook that is sent nothing for a while."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="webhooks_pause", request=None, responses=shapes.WebhookShape)
    def post(self, request: Request, pk: int) -> Response:
        """Send nothing until it is resumed; events wait in its log."""
        webhooks.pause(self.actor, webhook_seen_by(self.actor, pk))
        return Response(shapes.WebhookShape(webhook_seen_by(self.actor, pk)).data)


class ResumeWebhook(ApiView):
    """A webhook that is sent to again."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="webhooks_resume", request=shapes.WebhookResumeInput, responses=shapes.WebhookShape)
    def post(self, request: Request, pk: int) -> Response:
        """Send again, with or without what has waited."""
        given = self.parse(shapes.WebhookResumeInput)
        webhooks.resume(self.actor, webhook_seen_by(self.actor, pk), **given)
        return Response(shapes.WebhookShape(webhook_seen_by(self.actor, pk)).data)


class TestWebhook(ApiView):
    """Trying out a receiver."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="webhooks_test", request=None, responses={202: shapes.WebhookDeliveryShape})
    def post(self, request: Request, pk: int) -> Response:
        """Send a `ping`, once, also by a paused webhook; its delivery says what it met."""
        row = webhook_seen_by(self.actor, pk)
        return _told(self.actor, row, webhook_log.ping(self.actor, row))


class ReplayFailed(ApiView):
    """What was not taken."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="webhooks_replay", request=shapes.WebhookReplayInput, responses={202: shapes.WebhookReplayedShape}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Send every event again that was given up or left out since a time, with their own ids."""
        since = self.parse(shapes.WebhookReplayInput)["since"]
        events = webhook_log.replay_failed(self.actor, webhook_seen_by(self.actor, pk), since=since)
        return Response({"events": events}, status=status.HTTP_202_ACCEPTED)


class WebhookLog(ListView):
    """What a webhook was sent."""

    permission_classes = [SignedIn]
    orderings = {"newest": ("-pk",)}
    filters = {
        "state": choice("state", shapes.DELIVERY_STATES, "Deliveries in this state."),
        "kind": choice("kind", shapes.DELIVERED_KINDS, "Of these kinds."),
    }

    @extend_schema(operation_id="webhooks_deliveries", responses=shapes.WebhookDeliveryShape(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """List a webhook's deliveries of the last 30 days, without those about private incidents."""
        rows = deliveries_of(self.actor, webhook_seen_by(self.actor, pk)).defer("body")
        return self.page(rows, shapes.WebhookDeliveryShape)


class WebhookEvent(ApiView):
    """One event for a webhook."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="webhooks_delivery", responses=shapes.WebhookDeliveryDetailShape)
    def get(self, request: Request, pk: int, event: uuid.UUID) -> Response:
        """See one delivery with its text."""
        row = delivery_seen_by(self.actor, webhook_seen_by(self.actor, pk), event)
        return Response(shapes.WebhookDeliveryDetailShape(row).data)


class ReplayEvent(ApiView):
    """One event again."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="webhooks_delivery_replay", request=None, responses={202: shapes.WebhookDeliveryShape})
    def post(self, request: Request, pk: int, event: uuid.UUID) -> Response:
        """Send one event again, with the same id and a new signature."""
        webhook = webhook_seen_by(self.actor, pk)
        row = webhook_log.replay(self.actor, delivery_seen_by(self.actor, webhook, event))
        return _told(self.actor, webhook, row)


def _told(actor: Any, webhook: OutboundWebhook, row: WebhookDelivery) -> Response:
    shown = shapes.WebhookDeliveryShape(delivery_seen_by(actor, webhook, row.event)).data
    return Response(shown, status=status.HTTP_202_ACCEPTED)
