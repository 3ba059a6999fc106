"""Invitations: who has been asked in, and by whom."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.commands import invitations
from accounts.commands.invitations import Sent
from accounts.models import Invitation, Membership
from accounts.models.users import ROLES
from accounts.queries import invitation_link, invitation_seen_by, invitations_seen_by, team_seen_by
from core.api.base import ApiView, ListView, SignedIn
from core.api.fields import Line

STATES = ["waiting", "expired", "joined", "revoked"]
TEAM_ROLES = [Membership.MEMBER, Membership.MANAGER]


class InvitationShape(serializers.ModelSerializer[Invitation]):
    """An invitation without its token."""

    team = serializers.IntegerField(source="team_id", allow_null=True)
    invited_by = serializers.IntegerField(source="invited_by_id")
    state = serializers.ChoiceField(choices=STATES)

    class Meta:
        model = Invitation
        fields = [
            *("id", "email", "name", "role", "team", "team_role", "invited_by", "state"),
            *("made_at", "expires_at", "accepted_at", "revoked_at"),
        ]
        read_only_fields = fields


class SentInvitationShape(InvitationShape):
    """An invitation just sent; `link` is null unless no mail server is set and the sender may make people."""

    link = serializers.CharField(read_only=True, allow_null=True)

    class Meta(InvitationShape.Meta):
        fields = [*InvitationShape.Meta.fields, "link"]
        read_only_fields = fields


class InvitationInput(serializers.Serializer[Any]):
    """Somebody to be invited."""

    name = Line(max_length=120)
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=ROLES, default="responder")
    team = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**31 - 1)
    team_role = serializers.ChoiceField(choices=TEAM_ROLES, default=Membership.MEMBER)
    example = {"name": "Zoe Adler", "email": "zoe@example.org", "role": "responder"}


def _answer(sent: Sent, code: int) -> Response:
    return Response(
        {**InvitationShape(sent.invitation).data, "link": invitation_link(sent.raw) if sent.raw else None}, status=code
    )


class Invitations(ListView):
    """Those who have been asked in."""

    permission_classes = [SignedIn]
    refusals = {404}
    repeatable = False  # a kept answer would hold the link (A98), and a refusal would undo the count (A54)
    orderings = {"newest": ("-pk",)}

    def seen(self) -> QuerySet[Invitation]:
        """What this actor may list."""
        return invitations_seen_by(self.actor)

    @extend_schema(operation_id="invitations_list", responses=InvitationShape(many=True))
    def get(self, request: Request) -> Response:
        """List invitations."""
        return self.page(self.seen(), InvitationShape)

    @extend_schema(operation_id="invitations_send", request=InvitationInput, responses={201: SentInvitationShape})
    def post(self, request: Request) -> Response:
        """Invite somebody."""
        given = self.parse(InvitationInput)
        pk = given.pop("team", None)
        team = team_seen_by(self.actor, pk) if pk is not None else None
        return _answer(invitations.invite(self.actor, team=team, **given), status.HTTP_201_CREATED)


class OneInvitation(ApiView):
    """One invitation."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="invitations_see", responses=InvitationShape)
    def get(self, request: Request, pk: int) -> Response:
        """See an invitation."""
        return Response(InvitationShape(invitation_seen_by(self.actor, pk)).data)


class ResendInvitation(ApiView):
    """A new link."""

    permission_classes = [SignedIn]
    repeatable = False

    @extend_schema(operation_id="invitations_resend", request=None, responses=SentInvitationShape)
    def post(self, request: Request, pk: int) -> Response:
        """Send an invitation again; the former link opens nothing."""
        return _answer(invitations.resend(self.actor, invitation_seen_by(self.actor, pk)), status.HTTP_200_OK)


class RevokeInvitation(ApiView):
    """The way back."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="invitations_revoke", request=None, responses=InvitationShape)
    def post(self, request: Request, pk: int) -> Response:
        """Take an invitation back."""
        return Response(InvitationShape(invitations.revoke(self.actor, invitation_seen_by(self.actor, pk))).data)
