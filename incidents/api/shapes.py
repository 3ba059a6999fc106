"""What incidents, alerts and entries look like in JSON; rules stand in the commands."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from incidents.kinds import SEVERITIES
from incidents.models import Alert, ChangeEvent, EventRule, GroupingRule, Incident, Milestone, Priority
from incidents.models.incidents import STATUSES


class PriorityShape(serializers.ModelSerializer[Priority]):
    """One of P1 to P5."""

    class Meta:
        model = Priority
        fields = ["id", "rank", "name", "definition", "major", "pages", "urgency", "ack_timeout_minutes", "version"]
        read_only_fields = fields


class NamedShape(serializers.Serializer[Any]):
    """A thing by id and name."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()


class ShortPriorityShape(serializers.Serializer[Priority]):
    """A priority inside an incident."""

    id = serializers.IntegerField(source="pk")
    rank = serializers.IntegerField()
    name = serializers.CharField()


class IncidentShape(serializers.Serializer[Incident]):
    """An incident in a list: what stakeholders may read too (S36)."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    status = serializers.ChoiceField(choices=STATUSES)
    priority = ShortPriorityShape()
    service = NamedShape()
    is_major = serializers.BooleanField()
    urgency = serializers.ChoiceField(choices=["high", "low"])
    snoozed_until = serializers.DateTimeField(allow_null=True)
    status_since = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    alert_count = serializers.IntegerField()
    reopen_count = serializers.IntegerField()
    customer_impact = serializers.CharField()
    version = serializers.IntegerField()


class MilestoneShape(serializers.ModelSerializer[Milestone]):
    """When something was reached."""

    edits = serializers.JSONField()

    class Meta:
        model = Milestone
        fields = ["kind", "at", "recorded_at", "source", "edits"]
        read_only_fields = fields


class AlertShape(serializers.ModelSerializer[Alert]):
    """A condition that a tool reports."""

    severity = serializers.ChoiceField(choices=SEVERITIES)
    state = serializers.ChoiceField(choices=["open", "resolved"])
    details = serializers.JSONField()
    links = serializers.JSONField()
    marks = serializers.JSONField()

    class Meta:
        model = Alert
        fields = [
            *("id", "key", "state", "summary", "severity", "source", "component", "group", "kind", "tool", "details"),
            *("links", "marks", "count", "first_seen", "last_seen", "resolved_at"),
        ]
        read_only_fields = fields


class WaitingShape(serializers.Serializer[Any]):
    """Whom the escalation asks now, and what follows when."""

    people = NamedShape(many=True)
    level = serializers.IntegerField()
    pass_number = serializers.IntegerField()
    next_due = serializers.DateTimeField(allow_null=True)
    next_people = NamedShape(many=True)


class DetailShape(IncidentShape):
    """One incident; fields that a stakeholder may not read are empty."""

    description = serializers.CharField()
    resolution = serializers.CharField()
    resolution_code = serializers.CharField()
    suspected_cause = serializers.CharField()
    review_later = serializers.BooleanField()
    recurrence_of = serializers.IntegerField(source="recurrence_of.number", allow_null=True, default=None)
    assignees = NamedShape(many=True)
    milestones = MilestoneShape(many=True)
    phase = serializers.ChoiceField(choices=["detect", "diagnose", "resolve", "learn", "done"])
    waiting = WaitingShape(allow_null=True)
    event_count = serializers.IntegerField()
    allowed = serializers.ListField(child=serializers.CharField())
    last_seq = serializers.IntegerField()


class ChangeShape(serializers.ModelSerializer[ChangeEvent]):
    """Something that was altered."""

    service = NamedShape()
    kind = serializers.CharField()
    details = serializers.JSONField()
    links = serializers.JSONField()

    class Meta:
        model = ChangeEvent
        fields = ["id", "service", "summary", "source", "kind", "details", "links", "started_at", "received_at"]
        read_only_fields = fields


class EventRuleShape(serializers.ModelSerializer[EventRule]):
    """An event rule."""

    service = serializers.IntegerField(source="service_id", allow_null=True)
    priority = serializers.IntegerField(source="priority_id", allow_null=True)
    urgency = serializers.CharField()

    class Meta:
        model = EventRule
        fields = [
            *("id", "service", "name", "position", "enabled", "field", "operator", "value", "priority", "urgency"),
            *("informational", "version"),
        ]
        read_only_fields = fields


class GroupingShape(serializers.ModelSerializer[GroupingRule]):
    """How alerts of a service become incidents; `by` are the fields of the mode fields."""

    by = serializers.ListField(source="fields", child=serializers.CharField())
    mode = serializers.CharField()

    class Meta:
        model = GroupingRule
        fields = ["mode", "by", "window_minutes", "version"]
        read_only_fields = fields


class DecisionShape(serializers.Serializer[Any]):
    """What the rules say of an event; `rule` is null when its severity decided (DET-06)."""

    rule = serializers.IntegerField(allow_null=True)
    rule_name = serializers.CharField()
    priority = ShortPriorityShape()
    urgency = serializers.CharField()
    informational = serializers.BooleanField()


class NearChangeShape(serializers.Serializer[Any]):
    """A change and its distance from the start in seconds; positive is before it."""

    change = ChangeShape()
    seconds_before = serializers.FloatField()
