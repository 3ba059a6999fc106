"""One's own second factors and sessions, and the reset of a colleague's factors."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth import update_session_auth_hash
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.commands import factors, sign_ins
from accounts.permissions import SESSION_END, require
from accounts.queries import codes_left, factors_of, person_seen_by, session_seen_by, sessions_of
from core.api.base import ApiView, ListView, SignedIn
from core.devices import device_name

KINDS = ["totp", "webauthn", "recovery_codes"]


class FactorShape(serializers.ModelSerializer[Authenticator]):
    """A second factor without its secret; recovery codes with how many are left."""

    type = serializers.ChoiceField(choices=KINDS)
    name = serializers.SerializerMethodField()
    left = serializers.SerializerMethodField()

    class Meta:
        model = Authenticator
        fields = ["id", "type", "name", "created_at", "last_used_at", "left"]
        read_only_fields = fields

    def get_name(self, factor: Authenticator) -> str:
        """What a passkey is called; empty for the others."""
        return str(factor.data.get("name", ""))

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_left(self, factor: Authenticator) -> int | None:
        """How many recovery codes are left, 0 where they cannot be read any more; null for the others."""
        is_codes = factor.type == Authenticator.Type.RECOVERY_CODES
        return (codes_left(factor) or 0) if is_codes else None


class SessionShape(serializers.ModelSerializer[UserSession]):
    """A browser that is signed in."""

    device = serializers.SerializerMethodField()
    address = serializers.CharField(source="ip")
    signed_in_at = serializers.DateTimeField(source="created_at")
    is_this = serializers.SerializerMethodField()

    class Meta:
        model = UserSession
        fields = ["id", "device", "address", "signed_in_at", "last_seen_at", "is_this"]
        read_only_fields = fields

    def get_device(self, session: UserSession) -> str:
        """The device in words, a guess from what the browser says of itself."""
        return device_name(session.user_agent)

    def get_is_this(self, session: UserSession) -> bool:
        """Whether it is the session of this very request; never for a token."""
        request: Any = self.context["request"]
        return request.auth is None and session.session_key == request.session.session_key


class Factors(ListView):
    """One's own second factors; they are changed in a signed-in browser alone."""

    permission_classes = [SignedIn]
    orderings = {"added": ("pk",)}

    @extend_schema(operation_id="me_factors", responses=FactorShape(many=True))
    def get(self, request: Request) -> Response:
        """List one's second factors."""
        return self.page(factors_of(self.actor), FactorShape)


class Sessions(ListView):
    """Where one is signed in."""

    permission_classes = [SignedIn]
    orderings = {"newest": ("-pk",)}

    @extend_schema(operation_id="me_sessions", responses=SessionShape(many=True))
    def get(self, request: Request) -> Response:
        """List one's sessions."""
        return self.page(sessions_of(self.actor), SessionShape)


class Session(ApiView):
    """One session of one's own."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="me_sessions_see", responses=SessionShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a session."""
        return Response(SessionShape(session_seen_by(self.actor, pk), context={"request": request}).data)

    @extend_schema(operation_id="me_sessions_end", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """End a session: its pages lead to sign-in, its sockets close within 5 s; a token cannot."""
        require(self.actor, SESSION_END, self.actor.user)
        sign_ins.end(self.actor, session_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class OtherSessions(ApiView):
    """All sessions but the one that asks."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="me_sessions_end_others", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End every other session; a token cannot."""
        actor = self.actor
        user = sign_ins.end_others(actor, actor.user, key=str(request.session.session_key))
        update_session_auth_hash(request._request, user)  # noqa: SLF001 (the session belongs to Django's request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetFactors(ApiView):
    """A colleague's lost second factors."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="users_reset_factors", request=None, responses={204: None})
    def post(self, request: Request, pk: int) -> Response:
        """Take a person's second factors away and end the sessions; he or she is told by mail. A token cannot."""
        factors.reset_factors(self.actor, person_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)
