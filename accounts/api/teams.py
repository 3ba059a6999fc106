"""Teams and who is in them."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import shapes
from accounts.commands import teams
from accounts.models import Membership
from accounts.queries import person_seen_by, team_seen_by, teams_seen_by
from core.api.base import ApiView, ListView, SignedIn


class Teams(ListView):
    """All teams."""

    permission_classes = [SignedIn]
    orderings = {"name": ("name", "pk"), "newest": ("-pk",)}

    @extend_schema(operation_id="teams_list", responses=shapes.TeamShape(many=True))
    def get(self, request: Request) -> Response:
        """List teams."""
        return self.page(teams_seen_by(self.actor), shapes.TeamShape)

    @extend_schema(operation_id="teams_create", request=shapes.TeamInput, responses={201: shapes.TeamShape})
    def post(self, request: Request) -> Response:
        """Create a team."""
        made = teams.create(self.actor, **self.parse(shapes.TeamInput))
        return Response(shapes.TeamShape(made).data, status=status.HTTP_201_CREATED)


class Team(ApiView):
    """One team."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="teams_see", responses=shapes.TeamShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a team."""
        return Response(shapes.TeamShape(team_seen_by(self.actor, pk)).data)

    @extend_schema(operation_id="teams_edit", request=shapes.TeamInput, responses=shapes.TeamShape)
    def patch(self, request: Request, pk: int) -> Response:
        """Rename or describe a team."""
        changes = self.parse(shapes.TeamInput, partial=True)
        team = teams.edit(self.actor, team_seen_by(self.actor, pk), version=self.version(), **changes)
        return Response(shapes.TeamShape(team).data)

    @extend_schema(operation_id="teams_delete", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a team that owns nothing."""
        teams.delete(self.actor, team_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Members(ListView):
    """The people of a team."""

    permission_classes = [SignedIn]
    orderings = {"joined": ("pk",)}

    @extend_schema(operation_id="teams_members", responses=shapes.MemberShape(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """List a team's people."""
        team = team_seen_by(self.actor, pk)
        return self.page(Membership.objects.filter(team=team).select_related("user"), shapes.MemberShape)


class Member(ApiView):
    """One person's place in a team."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="teams_join", request=shapes.MemberInput, responses=shapes.MemberShape)
    def put(self, request: Request, pk: int, user: int) -> Response:
        """Take a person into a team, or change what he or she is in it."""
        role = self.parse(shapes.MemberInput)["role"]
        team = team_seen_by(self.actor, pk)
        found = teams.join(self.actor, team, user=person_seen_by(self.actor, user), role=role)
        return Response(shapes.MemberShape(found).data)

    @extend_schema(operation_id="teams_leave", responses={204: None})
    def delete(self, request: Request, pk: int, user: int) -> Response:
        """Take a person out of a team, or leave it oneself."""
        teams.leave(self.actor, team_seen_by(self.actor, pk), user=person_seen_by(self.actor, user))
        return Response(status=status.HTTP_204_NO_CONTENT)
