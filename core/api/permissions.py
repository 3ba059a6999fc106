"""Who may knock at an API door at all; what he may do there, the commands decide (A67)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from core.web import access

if TYPE_CHECKING:  # rest_framework.views itself loads this module, as the default permission
    from rest_framework.views import APIView


class Deny(BasePermission):
    """Nobody: the default, so that a view without a stated permission is closed."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Never."""
        return False


class Anyone(BasePermission):
    """Everybody, also without signing in."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Always."""
        return True


class SignedIn(BasePermission):
    """An active person, by session or by a token whose scopes allow this kind of request."""

    message = "You may not use this with this token."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Reading needs the scope `read`; anything else `write` or `admin`, and the command asks for its own."""
        actor = access.actor_of(request)
        if not actor.is_person:
            return False
        wanted = {"read"} if request.method in SAFE_METHODS else {"write", "admin"}
        return actor.scopes is None or bool(wanted & actor.scopes)
