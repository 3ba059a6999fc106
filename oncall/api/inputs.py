"""What clients send to make or change things of the room; rules stand in the commands."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.api.fields import Line, LocalMinute, TimeZone
from oncall.commands.policies import MOST_LEVELS, MOST_MINUTES, MOST_REPEATS, MOST_TARGETS
from oncall.commands.services import URGENCIES
from oncall.engine.rotation import UNITS

LARGEST = 2**63 - 1


def id_field(**options: Any) -> serializers.IntegerField:
    """The number of a row."""
    return serializers.IntegerField(min_value=1, max_value=LARGEST, **options)


def id_list(most: int, **options: Any) -> serializers.ListField:
    """Several numbers of rows."""
    return serializers.ListField(child=id_field(), max_length=most, **options)


class ServiceInput(serializers.Serializer[Any]):
    """A service to be made or changed; `policy: null` leaves it to the team's managers."""

    name = Line(max_length=120)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    team = id_field()
    policy = id_field(required=False, allow_null=True)
    urgency = serializers.ChoiceField(choices=URGENCIES, required=False)
    ack_timeout_minutes = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=10080)
    reopen_window_minutes = serializers.IntegerField(required=False, min_value=0, max_value=43200)
    quiet_resolve_seconds = serializers.IntegerField(required=False, min_value=0, max_value=86400)
    customer_facing = serializers.BooleanField(required=False)
    needs = id_list(200, required=False)
    example = {"name": "Checkout", "team": 1, "policy": 1, "urgency": "priority"}


class LevelInput(serializers.Serializer[Any]):
    """A level: whom to page, and for how many minutes to wait."""

    timeout_minutes = serializers.IntegerField(min_value=1, max_value=MOST_MINUTES, default=5)
    users = id_list(MOST_TARGETS, default=list)
    schedules = id_list(MOST_TARGETS, default=list)
    example = {"timeout_minutes": 5, "users": [2]}


class PolicyInput(serializers.Serializer[Any]):
    """A policy to be made or changed, as one document."""

    name = Line(max_length=120)
    team = id_field()
    repeats = serializers.IntegerField(min_value=0, max_value=MOST_REPEATS, required=False)
    fallback = id_field(required=False, allow_null=True)
    levels = LevelInput(many=True)
    exact = {"levels": {"minItems": 1, "maxItems": MOST_LEVELS}}
    example = {
        "name": "Payments on call",
        "team": 1,
        "levels": [{"timeout_minutes": 5, "schedules": [1]}, {"timeout_minutes": 10, "users": [2]}],
    }


class ScheduleInput(serializers.Serializer[Any]):
    """A schedule to be made or changed; `anchor` is a local time in `time_zone`: the first hand-off."""

    name = Line(max_length=120)
    team = id_field()
    time_zone = TimeZone(max_length=64, required=False)
    anchor = LocalMinute(max_length=16)
    unit = serializers.ChoiceField(choices=UNITS, required=False)
    length = serializers.IntegerField(min_value=1, max_value=366, required=False)
    members = id_list(100)
    example = {
        "name": "Payments primary",
        "team": 1,
        "time_zone": "Europe/Berlin",
        "anchor": "2026-01-05T09:00",
        "unit": "week",
        "length": 1,
        "members": [2, 3],
    }


class RuleInput(serializers.Serializer[Any]):
    """A rule to be added."""

    urgency = serializers.ChoiceField(choices=("high", "low"), default="high")
    delay_minutes = serializers.IntegerField(min_value=0, max_value=120, default=0)
    method = id_field()
    example = {"urgency": "high", "delay_minutes": 5, "method": 1}


class DeclinedInput(serializers.Serializer[Any]):
    """Why somebody has declined."""

    reason = serializers.CharField(max_length=200)
    example = {"reason": "On a train without a connection"}


class DeclineInput(serializers.Serializer[Any]):
    """Why somebody declines."""

    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    example = {"reason": "On a train without a connection"}
