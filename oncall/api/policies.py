"""Escalation policies: a policy with its levels is one document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.queries import person_seen_by, team_seen_by
from core.api.base import ApiView, ListView, SignedIn
from core.api.filters import number, search
from oncall.api import inputs, shapes
from oncall.commands import policies
from oncall.kinds import LevelDraft
from oncall.queries.services import policies_seen_by, policy_seen_by


def _resolved(actor: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Numbers replaced by the things that the actor may see, levels by drafts."""
    if "team" in given:
        given["team"] = team_seen_by(actor, given["team"])
    if given.get("fallback") is not None:
        given["fallback"] = person_seen_by(actor, given["fallback"])
    if "levels" in given:
        given["levels"] = [
            LevelDraft(
                level.get("timeout_minutes", 5), tuple(level.get("users", ())), tuple(level.get("schedules", ()))
            )
            for level in given["levels"]
        ]
    return given


class Policies(ListView):
    """All escalation policies."""

    permission_classes = [SignedIn]
    refusals = {404}
    orderings = {"name": ("name", "pk"), "newest": ("-pk",)}
    filters = {"team": number("team_id", "Policies of this team."), "q": search("name")}

    @extend_schema(operation_id="policies_list", responses=shapes.PolicyShape(many=True))
    def get(self, request: Request) -> Response:
        """List policies."""
        return self.page(policies_seen_by(self.actor), shapes.PolicyShape)

    @extend_schema(operation_id="policies_create", request=inputs.PolicyInput, responses={201: shapes.OnePolicyShape})
    def post(self, request: Request) -> Response:
        """Create a policy; refused when nobody on it could be reached."""
        given = _resolved(self.actor, self.parse(inputs.PolicyInput))
        made = policies.create(self.actor, given.pop("team"), **given)
        shown = shapes.OnePolicyShape(policy_seen_by(self.actor, made.pk))
        return Response(shown.data, status=status.HTTP_201_CREATED)


class Policy(ApiView):
    """One escalation policy."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="policies_see", responses=shapes.OnePolicyShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a policy, and what would be passed over if it were used now."""
        return Response(shapes.OnePolicyShape(policy_seen_by(self.actor, pk)).data)

    @extend_schema(operation_id="policies_edit", request=inputs.PolicyInput, responses=shapes.OnePolicyShape)
    def patch(self, request: Request, pk: int) -> Response:
        """Change a policy; running escalations keep their copy."""
        given = _resolved(self.actor, self.parse(inputs.PolicyInput, partial=True))
        keep = "fallback" not in given
        policy = policy_seen_by(self.actor, pk)
        policies.edit(self.actor, policy, version=self.version(), keep_fallback=keep, **given)
        return Response(shapes.OnePolicyShape(policy_seen_by(self.actor, pk)).data)

    @extend_schema(operation_id="policies_delete", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a policy that no service uses."""
        policies.delete(self.actor, policy_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)
