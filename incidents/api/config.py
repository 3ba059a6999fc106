"""Priorities, event rules with their tester, grouping, changes."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import Actor
from core.api.base import ApiView, ListView, SignedIn
from core.api.errors import placed
from core.api.filters import flag, number
from core.errors import Invalid
from incidents.api import inputs, shapes
from incidents.commands import changes, config
from incidents.queries.details import changes_of
from incidents.queries.priorities import priorities, priority_by_id, priority_of_rank
from incidents.queries.routing import grouping_of, rule_seen_by, rules_seen_by, tried
from oncall.queries.services import service_seen_by


class Priorities(ApiView):
    """P1 to P5."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="priorities_list", responses=shapes.PriorityShape(many=True))
    def get(self, request: Request) -> Response:
        """List the priorities, most severe first."""
        rows: Any = priorities(self.actor)
        return Response(shapes.PriorityShape(rows, many=True).data)


class OnePriority(ApiView):
    """One priority."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="priorities_edit", request=inputs.PriorityInput, responses=shapes.PriorityShape)
    def patch(self, request: Request, pk: int) -> Response:
        """Rename a priority or change what it demands (TRI-02)."""
        given = self.parse(inputs.PriorityInput, partial=True)
        given.pop("version", None)
        made = config.edit_priority(self.actor, priority_by_id(self.actor, pk), version=self.version(), **given)
        return Response(shapes.PriorityShape(made).data)


def _rule(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    given.pop("version", None)
    if given.get("priority") is not None:
        given["priority"] = priority_by_id(actor, given["priority"])
    return given


class Rules(ListView):
    """Event rules."""

    permission_classes = [SignedIn]
    refusals = {404}
    orderings = {"position": ("position", "pk"), "newest": ("-pk",)}
    filters = {
        "service": number("service_id", "Rules of this service."),
        "general": flag("service__isnull", "Rules for all services."),
    }

    @extend_schema(operation_id="event_rules_list", responses=shapes.EventRuleShape(many=True))
    def get(self, request: Request) -> Response:
        """List rules; a service's own come before the general ones."""
        return self.page(rules_seen_by(self.actor), shapes.EventRuleShape)

    @extend_schema(
        operation_id="event_rules_create", request=inputs.EventRuleInput, responses={201: shapes.EventRuleShape}
    )
    def post(self, request: Request) -> Response:
        """Add a rule (TRI-06)."""
        given = _rule(self.actor, self.parse(inputs.EventRuleInput))
        pk = given.pop("service", None)
        service = service_seen_by(self.actor, pk) if pk is not None else None
        made = config.create_rule(self.actor, service=service, **given)
        return Response(shapes.EventRuleShape(made).data, status=status.HTTP_201_CREATED)


class OneRule(ApiView):
    """One rule."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="event_rules_see", responses=shapes.EventRuleShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a rule."""
        return Response(shapes.EventRuleShape(rule_seen_by(self.actor, pk)).data)

    @extend_schema(operation_id="event_rules_edit", request=inputs.EventRuleInput, responses=shapes.EventRuleShape)
    def patch(self, request: Request, pk: int) -> Response:
        """Change a rule; its service stays."""
        given = _rule(self.actor, self.parse(inputs.EventRuleInput, partial=True))
        rule = rule_seen_by(self.actor, pk)
        if given.pop("service", rule.service_id) != rule.service_id:
            raise Invalid("service: Cannot be changed.", fields={"service": ["Cannot be changed."]})
        made = config.edit_rule(self.actor, rule, version=self.version(), **given)
        return Response(shapes.EventRuleShape(made).data)

    @extend_schema(operation_id="event_rules_delete", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a rule."""
        config.delete_rule(self.actor, rule_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TryRules(ApiView):
    """The tester of a service's rules."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="event_rules_try", request=inputs.TryInput, responses=shapes.DecisionShape)
    def post(self, request: Request, pk: int) -> Response:
        """Say which rule an event would meet and which priority it would get; stores nothing (DET-06)."""
        found = tried(self.actor, service_seen_by(self.actor, pk), self.parse(inputs.TryInput))
        data: Any = {
            "rule": found.rule.id if found.rule else None,
            "rule_name": found.rule.name if found.rule else "",
            "priority": priority_of_rank(found.rank),
            "urgency": found.urgency,
            "informational": found.informational,
        }
        return Response(shapes.DecisionShape(data).data)


class Grouping(ApiView):
    """How a service's alerts become incidents."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="grouping_see", responses=shapes.GroupingShape)
    def get(self, request: Request, pk: int) -> Response:
        """See the grouping of a service."""
        return Response(shapes.GroupingShape(grouping_of(self.actor, service_seen_by(self.actor, pk))).data)

    @extend_schema(operation_id="grouping_set", request=inputs.GroupingInput, responses=shapes.GroupingShape)
    def put(self, request: Request, pk: int) -> Response:
        """Set the grouping of a service (DET-07)."""
        given = self.parse(inputs.GroupingInput)
        given.pop("version", None)
        given["fields"] = given.pop("by", [])
        service = service_seen_by(self.actor, pk)
        with placed({"fields": "by"}):
            made = config.set_grouping(self.actor, service, version=self.version(), **given)
        return Response(shapes.GroupingShape(made).data)


class ServiceChanges(ListView):
    """The changes of a service."""

    permission_classes = [SignedIn]
    orderings = {"newest": ("-started_at", "-pk")}

    @extend_schema(operation_id="changes_list", responses=shapes.ChangeShape(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """List a service's changes."""
        rows = changes_of(self.actor, service_seen_by(self.actor, pk)).select_related("service")
        return self.page(rows, shapes.ChangeShape)


class Changes(ApiView):
    """What was altered."""

    permission_classes = [SignedIn]
    refusals = {404}

    @extend_schema(operation_id="changes_record", request=inputs.ChangeInput, responses={201: shapes.ChangeShape})
    def post(self, request: Request) -> Response:
        """Record a change (TRI-08)."""
        given = self.parse(inputs.ChangeInput)
        service = service_seen_by(self.actor, given.pop("service"))
        made = changes.record_change(self.actor, service, **given)
        return Response(shapes.ChangeShape(made).data, status=status.HTTP_201_CREATED)
