"""What webhooks and their log look like in JSON; rules stand in the commands."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import Line
from integrations.kinds import PING, WEBHOOK_KINDS
from integrations.models import OutboundWebhook, WebhookDelivery

DELIVERY_STATES = ("waiting", "sent", "failed", "skipped")
DELIVERED_KINDS = (PING, *WEBHOOK_KINDS)


class WebhookShape(serializers.ModelSerializer[OutboundWebhook]):
    """A webhook without its secret, which nobody can read again."""

    team = serializers.IntegerField(source="team_id", allow_null=True)
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=list(WEBHOOK_KINDS)))
    services = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=["active", "paused"])

    class Meta:
        model = OutboundWebhook
        fields = [
            *("id", "name", "team", "url", "kinds", "services", "state", "state_since", "paused_reason"),
            *("paused_by_itself", "failing_since", "old_secret_until", "created_at", "version"),
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_services(self, row: OutboundWebhook) -> list[int]:
        """The services that it is narrowed to; empty for all that it may hear of."""
        return sorted(each.pk for each in row.services.all())


class IssuedWebhookShape(WebhookShape):
    """A webhook whose secret was just made, with it for this once."""

    secret = serializers.CharField(read_only=True)

    class Meta(WebhookShape.Meta):
        fields = [*WebhookShape.Meta.fields, "secret"]
        read_only_fields = fields


class WebhookInput(serializers.Serializer[Any]):
    """A webhook to be made; without a team it is the whole organisation's."""

    name = Line(max_length=80)
    url = Line(max_length=500)
    team = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**31 - 1)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=list(WEBHOOK_KINDS)), min_length=1, max_length=40
    )
    services = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**31 - 1), required=False, max_length=500
    )


class WebhookSecretInput(serializers.Serializer[Any]):
    """How long messages are signed with the old secret too."""

    grace_hours = serializers.IntegerField(min_value=0, max_value=720, default=24)


class WebhookResumeInput(serializers.Serializer[Any]):
    """Whether what came during the pause is sent."""

    send_waiting = serializers.BooleanField(default=True)


class WebhookReplayInput(serializers.Serializer[Any]):
    """From when on events are sent again."""

    since = serializers.DateTimeField()


class WebhookReplayedShape(serializers.Serializer[Any]):
    """How many events are sent again."""

    events = serializers.IntegerField()


class WebhookAttemptShape(serializers.Serializer[Any]):
    """One attempt: a status class such as `5xx`, or a word for no answer, and a time bucket."""

    at = serializers.DateTimeField()
    outcome = serializers.CharField()
    took = serializers.CharField()


class WebhookDeliveryShape(serializers.ModelSerializer[WebhookDelivery]):
    """One event for a webhook."""

    id = serializers.UUIDField(source="event")
    kind = serializers.ChoiceField(choices=DELIVERED_KINDS)
    incident = serializers.IntegerField(source="number", allow_null=True)
    state = serializers.ChoiceField(choices=DELIVERY_STATES)
    attempts = WebhookAttemptShape(many=True)
    advice = serializers.CharField(help_text="What to do about the last attempt; empty where it was taken.")

    class Meta:
        model = WebhookDelivery
        fields = [
            *("id", "kind", "incident", "state", "detail", "advice", "attempts", "tries"),
            *("next_try_at", "sent_at", "created_at"),
        ]
        read_only_fields = fields


class WebhookDeliveryDetailShape(WebhookDeliveryShape):
    """One event with its text as it is sent."""

    body = serializers.SerializerMethodField()

    class Meta(WebhookDeliveryShape.Meta):
        fields = [*WebhookDeliveryShape.Meta.fields, "body"]
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_body(self, row: WebhookDelivery) -> Any:
        """The JSON that is sent; nothing where it was left out as private."""
        return json.loads(row.body) if row.body else None
