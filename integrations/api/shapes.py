"""What keys, heartbeats and the inbound log look like in JSON; rules stand in the commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import Line
from incidents.kinds import SEVERITIES
from integrations.kinds import adapters
from integrations.models import Heartbeat, InboundEvent, IntegrationKey
from integrations.queries.keys import KeyHealth
from integrations.queries.log import body_of


class KeyHealthShape(serializers.Serializer[KeyHealth]):
    """What a key has brought in the last 24 hours."""

    events = serializers.IntegerField()
    refused = serializers.IntegerField()
    unknown = serializers.IntegerField(help_text="Resolves and acknowledgements of keys that nobody knows.")
    last_event_at = serializers.DateTimeField(allow_null=True)


class KeyShape(serializers.ModelSerializer[IntegrationKey]):
    """An integration key without its text, which nobody can read again."""

    service = serializers.IntegerField(source="service_id")
    paths = serializers.DictField(child=serializers.JSONField())
    health = serializers.SerializerMethodField()

    class Meta:
        model = IntegrationKey
        fields = [
            "id",
            "service",
            "kind",
            "name",
            "prefix",
            "paths",
            "created_at",
            "valid_until",
            "revoked_at",
            "last_used_at",
            "health",
            "version",
        ]
        read_only_fields = fields

    @extend_schema_field(KeyHealthShape)
    def get_health(self, key: IntegrationKey) -> Any:
        """The last 24 hours of this key."""
        known: Mapping[int, KeyHealth] = getattr(self.context.get("view"), "health", {})
        return KeyHealthShape(known.get(key.pk, KeyHealth(last_event_at=key.last_used_at))).data


class IssuedKeyShape(KeyShape):
    """A key just made, with its text for this once."""

    key = serializers.CharField(read_only=True)

    class Meta(KeyShape.Meta):
        fields = [*KeyShape.Meta.fields, "key"]
        read_only_fields = fields


class KeyInput(serializers.Serializer[Any]):
    """A key to be made; `paths` are for generic JSON."""

    kind = serializers.ChoiceField(choices=[known.id for known in adapters()], default="events")
    name = Line(max_length=80, required=False, allow_blank=True)
    paths = serializers.DictField(child=serializers.JSONField(), required=False)
    example = {"kind": "alertmanager", "name": "production"}


class KeyEdit(serializers.Serializer[Any]):
    """What can be changed of a key."""

    name = Line(max_length=80, required=False, allow_blank=True)
    paths = serializers.DictField(child=serializers.JSONField(), required=False)
    example = {"name": "production"}


class RotateInput(serializers.Serializer[Any]):
    """How long the old key is still accepted."""

    grace_hours = serializers.IntegerField(min_value=0, max_value=720, default=24)
    example = {"grace_hours": 24}


class HeartbeatShape(serializers.ModelSerializer[Heartbeat]):
    """A heartbeat without the text of its key."""

    service = serializers.IntegerField(source="service_id")

    class Meta:
        model = Heartbeat
        fields = [
            "id",
            "service",
            "name",
            "prefix",
            "interval_seconds",
            "grace_seconds",
            "state",
            "last_ping_at",
            "due_at",
            "version",
        ]
        read_only_fields = fields


class IssuedHeartbeatShape(HeartbeatShape):
    """A heartbeat just made, with its key and address for this once."""

    key = serializers.CharField(read_only=True)
    url = serializers.CharField(read_only=True)

    class Meta(HeartbeatShape.Meta):
        fields = [*HeartbeatShape.Meta.fields, "key", "url"]
        read_only_fields = fields


class HeartbeatEdit(serializers.Serializer[Any]):
    """What can be changed of a heartbeat, in seconds."""

    name = Line(max_length=120, required=False)
    interval_seconds = serializers.IntegerField(min_value=5, max_value=2_592_000, required=False)
    grace_seconds = serializers.IntegerField(min_value=0, max_value=604_800, required=False)
    example: ClassVar[dict[str, Any]] = {"interval_seconds": 3600, "grace_seconds": 300}


class HeartbeatInput(HeartbeatEdit):
    """A heartbeat to be made."""

    name = Line(max_length=120)
    example = {"name": "Nightly backup", "interval_seconds": 86400, "grace_seconds": 3600}


class InboundShape(serializers.ModelSerializer[InboundEvent]):
    """One line of the inbound log."""

    service = serializers.IntegerField(source="service_id")
    key = serializers.IntegerField(source="key_id", allow_null=True)
    marks = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = InboundEvent
        fields = [
            "id",
            "service",
            "key",
            "received_at",
            "request",
            "tool",
            "action",
            "dedup_key",
            "outcome",
            "detail",
            "marks",
        ]
        read_only_fields = fields


class InboundDetailShape(InboundShape):
    """One event with the body of its request, secrets masked."""

    body = serializers.SerializerMethodField()

    class Meta(InboundShape.Meta):
        fields = [*InboundShape.Meta.fields, "body"]
        read_only_fields = fields

    def get_body(self, row: InboundEvent) -> str:
        """The body as it came, secrets masked."""
        return body_of(row)


class TestEventInput(serializers.Serializer[Any]):
    """A test event; the severity `info` pages nobody where the rules are the usual ones."""

    summary = serializers.CharField(max_length=1024, required=False, allow_blank=True)
    severity = serializers.ChoiceField(choices=SEVERITIES, default="info")
    example = {"summary": "Only a test", "severity": "info"}


class TestEventShape(serializers.Serializer[Any]):
    """What became of a test event."""

    outcome = serializers.CharField()
    alert = serializers.IntegerField(source="alert_id", allow_null=True)
