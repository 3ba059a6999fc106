"""Schedules, and who is on call."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.queries import team_seen_by
from core.api.base import ApiView, ListView, SignedIn
from core.api.filters import number, search
from oncall.api import inputs, shapes
from oncall.commands import schedules
from oncall.queries.on_call import upcoming
from oncall.queries.services import on_call_schedules, schedule_seen_by, schedules_seen_by


def _resolved(actor: Any, given: dict[str, Any]) -> dict[str, Any]:
    if "team" in given:
        given["team"] = team_seen_by(actor, given["team"])
    return given


class Schedules(ListView):
    """All schedules."""

    permission_classes = [SignedIn]
    refusals = {404}
    orderings = {"name": ("name", "pk"), "newest": ("-pk",)}
    filters = {"team": number("team_id", "Schedules of this team."), "q": search("name")}

    @extend_schema(operation_id="schedules_list", responses=shapes.ScheduleShape(many=True))
    def get(self, request: Request) -> Response:
        """List schedules."""
        return self.page(schedules_seen_by(self.actor), shapes.ScheduleShape)

    @extend_schema(operation_id="schedules_create", request=inputs.ScheduleInput, responses={201: shapes.ScheduleShape})
    def post(self, request: Request) -> Response:
        """Create a schedule."""
        given = _resolved(self.actor, self.parse(inputs.ScheduleInput))
        made = schedules.create(self.actor, given.pop("team"), **given)
        shown = shapes.ScheduleShape(schedule_seen_by(self.actor, made.pk))
        return Response(shown.data, status=status.HTTP_201_CREATED)


class Schedule(ApiView):
    """One schedule."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="schedules_see", responses=shapes.ScheduleShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a schedule."""
        return Response(shapes.ScheduleShape(schedule_seen_by(self.actor, pk)).data)

    @extend_schema(operation_id="schedules_edit", request=inputs.ScheduleInput, responses=shapes.ScheduleShape)
    def patch(self, request: Request, pk: int) -> Response:
        """Change a schedule."""
        given = _resolved(self.actor, self.parse(inputs.ScheduleInput, partial=True))
        schedules.edit(self.actor, schedule_seen_by(self.actor, pk), version=self.version(), **given)
        return Response(shapes.ScheduleShape(schedule_seen_by(self.actor, pk)).data)

    @extend_schema(operation_id="schedules_delete", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a schedule that no policy uses."""
        schedules.delete(self.actor, schedule_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Shifts(ApiView):
    """The coming shifts of one schedule."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="schedules_shifts", responses=shapes.ShiftShape(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """List who is on call in the next 28 days."""
        found = upcoming(schedule_seen_by(self.actor, pk))
        return Response(shapes.ShiftShape(found, many=True).data)


class OnCall(ListView):
    """Who is on call now, schedule by schedule."""

    permission_classes = [SignedIn]
    orderings = {"name": ("name", "pk")}
    filters = {"team": number("team_id", "Schedules of this team.")}

    @extend_schema(operation_id="on_call_list", responses=shapes.OnCallShape(many=True))
    def get(self, request: Request) -> Response:
        """List who is on call now."""
        return self.page(on_call_schedules(self.actor), shapes.OnCallShape)
