"""What services, policies, schedules, rules and pages look like in JSON; rules stand in the commands."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from oncall.models import EscalationPolicy, Level, NotificationRule, Page, Schedule, Service
from oncall.queries.coverage import warnings_of
from oncall.queries.on_call import on_call_now


class ServiceShape(serializers.ModelSerializer[Service]):
    """A service."""

    team = serializers.IntegerField(source="team_id")
    team_name = serializers.CharField(source="team.name")
    policy = serializers.IntegerField(source="policy_id", allow_null=True)
    needs = serializers.SerializerMethodField()

    class Meta:
        model = Service
        fields = [
            "id",
            "name",
            "description",
            "team",
            "team_name",
            "policy",
            "urgency",
            "ack_timeout_minutes",
            "reopen_window_minutes",
            "quiet_resolve_seconds",
            "customer_facing",
            "needs",
            "archived_at",
            "version",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_needs(self, service: Service) -> list[int]:
        """The services that it needs to work."""
        return sorted(row.needs_id for row in service.dependencies.all())


class LevelShape(serializers.ModelSerializer[Level]):
    """A level of a policy."""

    users = serializers.SerializerMethodField()
    schedules = serializers.SerializerMethodField()

    class Meta:
        model = Level
        fields = ["position", "timeout_minutes", "users", "schedules"]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_users(self, level: Level) -> list[int]:
        """People by number."""
        return [target.user_id for target in level.targets.all() if target.user_id is not None]

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_schedules(self, level: Level) -> list[int]:
        """Schedules by number."""
        return [target.schedule_id for target in level.targets.all() if target.schedule_id is not None]


class PolicyShape(serializers.ModelSerializer[EscalationPolicy]):
    """An escalation policy with its levels."""

    team = serializers.IntegerField(source="team_id")
    fallback = serializers.IntegerField(source="fallback_id", allow_null=True)
    levels = LevelShape(many=True)

    class Meta:
        model = EscalationPolicy
        fields = ["id", "name", "team", "repeats", "fallback", "levels", "version"]
        read_only_fields = fields


class OnePolicyShape(PolicyShape):
    """A policy, with what would be passed over if it were used now."""

    warnings = serializers.SerializerMethodField()

    class Meta(PolicyShape.Meta):
        fields = [*PolicyShape.Meta.fields, "warnings"]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_warnings(self, policy: EscalationPolicy) -> list[str]:
        """Sentences."""
        return warnings_of(policy)


class OnCallShape(serializers.Serializer[Schedule]):
    """Who is on call on a schedule now; `user` is null in a gap."""

    schedule = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    team = serializers.IntegerField(source="team_id")
    user = serializers.IntegerField(allow_null=True)
    user_name = serializers.CharField(allow_null=True)
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Schedule) -> dict[str, Any]:
        """Computed at the moment of asking."""
        found = on_call_now(instance)
        return {
            "schedule": instance.pk,
            "name": instance.name,
            "team": instance.team_id,
            "user": found and found.user.pk,
            "user_name": found and found.user.name,
            "since": found and found.since,
            "until": found and found.until,
        }


class ScheduleShape(serializers.ModelSerializer[Schedule]):
    """A schedule; `members` are people in the order of turns."""

    team = serializers.IntegerField(source="team_id")
    members = serializers.SerializerMethodField()

    class Meta:
        model = Schedule
        fields = ["id", "name", "team", "time_zone", "anchor", "unit", "length", "members", "version"]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_members(self, schedule: Schedule) -> list[int]:
        """People by number."""
        return [member.user_id for member in schedule.members.all()]


class ShiftShape(serializers.Serializer[Any]):
    """An unbroken time of one person; `until` is null where nobody else ever takes over."""

    user = serializers.IntegerField(source="person")
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)


class RuleShape(serializers.ModelSerializer[NotificationRule]):
    """When and by which address one wants to be told of a page."""

    method = serializers.IntegerField(source="method_id")
    provider = serializers.CharField(source="method.provider")

    class Meta:
        model = NotificationRule
        fields = ["id", "urgency", "delay_minutes", "method", "provider"]
        read_only_fields = fields


class PageShape(serializers.ModelSerializer[Page]):
    """A page that was sent to oneself; `subject` is a key such as `incident:42`."""

    open = serializers.SerializerMethodField()

    class Meta:
        model = Page
        fields = [
            "id",
            "subject",
            "level",
            "pass_number",
            "reason",
            "state",
            "open",
            "created_at",
            "handed_at",
            "answered_at",
            "answered_via",
        ]
        read_only_fields = fields

    def get_open(self, page: Page) -> bool:
        """Whether it still waits for an answer."""
        return page.is_open


class AnswerShape(serializers.Serializer[Any]):
    """What the answer did, as a sentence, and the page as it is now."""

    sentence = serializers.CharField()
    page = PageShape()


class HoleShape(serializers.Serializer[Any]):
    """Something that would leave a page unanswered."""

    thing = serializers.CharField()
    name = serializers.CharField()
    sentence = serializers.CharField()
