"""Sign-in of the API: bearer tokens, and the browser's session with its CSRF token (A24, A44)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts import guessing, second_factor
from accounts.commands.tokens import PREFIX
from accounts.models import ApiToken, User
from accounts.queries import digest_of
from core import clock
from core.errors import Forbidden, Invalid
from core.web.address import client_address, network_of

SCHEME = "bearer"
NOTED_EVERY = timedelta(minutes=5)  # how exact "last used" is: not one write per request


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer wb_…`; never a query parameter, never a cookie."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's owner, or None without the header.

        Unknown, revoked and expired tokens are 401, a deactivated owner 403, a token in the address 400 (A44). Beyond
        30 wrong ones in a quarter of an hour an address is answered 429; right ones go on working from there.
        """
        if any(value.startswith(PREFIX) for values in request.query_params.lists() for value in values[1]):
            raise Invalid("A token does not belong into an address.", hint="Send it in the Authorization header.")
        scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        found = ApiToken.objects.select_related("user").filter(digest=digest_of(raw.strip())).first()
        if found is None or not (found.is_usable(clock.now()) or _fell_with_owner(found)):
            address = client_address(request.META)
            guessing.count(guessing.TOKEN, network_of(address), address=address)
            raise AuthenticationFailed("This token is not valid.")
        if not found.user.is_active:
            raise PermissionDenied("The owner of this token has been deactivated.")
        _note_use(found)
        return found.user, found

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return "Bearer"


class BrowserAuthentication(SessionAuthentication):
    """The signed-in browser; every request that changes something carries the CSRF token."""

    def authenticate(self, request: Request) -> Any:
        """The session's person; a call that another site makes for him or her is refused (A35)."""
        found = super().authenticate(request)
        if found is not None and request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise PermissionDenied("Other sites may not call this.")
        if found is not None and second_factor.is_held_up(request.session, found[0]):
            raise Forbidden(
                "Show a second factor first.", code="second_factor_needed", hint="Open a page of the portal."
            )
        return found


def _fell_with_owner(token: ApiToken) -> bool:
    """Whether the token ended because its owner was deactivated, which the answer may say."""
    left = token.user.deactivated_at
    return not token.user.is_active and left is not None and token.revoked_at is not None and token.revoked_at >= left


def _note_use(token: ApiToken) -> None:
    now = clock.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTED_EVERY)
    if token.last_used_at is None or token.last_used_at < now - NOTED_EVERY:
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
