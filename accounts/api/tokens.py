"""API tokens: made and revoked by their owner in a signed-in browser."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import shapes
from accounts.commands import tokens
from accounts.queries import token_seen_by, tokens_seen_by
from core.api.base import ApiView, ListView, SignedIn


class Tokens(ListView):
    """One's own tokens; everybody's for administrators."""

    permission_classes = [SignedIn]
    repeatable = False  # a kept answer would hold the secret (A98)

    @extend_schema(operation_id="tokens_list", responses=shapes.TokenShape(many=True))
    def get(self, request: Request) -> Response:
        """List tokens."""
        return self.page(tokens_seen_by(self.actor), shapes.TokenShape)

    @extend_schema(operation_id="tokens_issue", request=shapes.TokenInput, responses={201: shapes.IssuedTokenShape})
    def post(self, request: Request) -> Response:
        """Make a token; its text is in this answer and nowhere else."""
        given = self.parse(shapes.TokenInput)
        actor = self.actor
        made, raw = tokens.issue(actor, actor.user, given["name"], given["scopes"], given.get("expires_at"))
        return Response({**shapes.TokenShape(made).data, "token": raw}, status=status.HTTP_201_CREATED)


class Token(ApiView):
    """One token."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="tokens_see", responses=shapes.TokenShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a token."""
        return Response(shapes.TokenShape(token_seen_by(self.actor, pk)).data)

    @extend_schema(operation_id="tokens_revoke", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Revoke a token at once."""
        tokens.revoke(self.actor, token_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)
