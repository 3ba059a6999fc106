"""From a request or a socket to an actor: the answers that fill `core.web.access`."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from accounts import guessing, second_factor
from accounts.actors import ANONYMOUS, Actor, person, token_holder
from accounts.models import ApiToken, User
from accounts.queries import token_for
from core.web.address import client_address, network_of


def actor_of(request: Any) -> Actor:
    """The actor behind a Django or REST framework request: a token's holder, a signed-in person or nobody."""
    token = getattr(request, "auth", None)
    if isinstance(token, ApiToken):
        return token_holder(token.user, token.scopes)
    user = getattr(request, "user", None)
    if isinstance(user, User) and user.is_active:
        return person(user)
    return ANONYMOUS


def socket_actor(scope: Mapping[str, Any]) -> Actor | None:
    """The actor behind an ASGI scope, read from the database now (A28, A31).

    A wrong token counts as a guess; raises TooMany beyond the API's own limit.
    """
    headers = {name.lower(): value for name, value in scope.get("headers", ())}
    raw = headers.get(b"authorization", b"").decode("latin-1")
    if raw[:7].lower() == "bearer ":
        token = token_for(raw[7:].strip())
        if token is None:
            _count_guess(scope, headers)
            return None
        return token_holder(token.user, token.scopes)
    key = _session_key(headers.get(b"cookie", b"").decode("latin-1"))
    user = _user_of_session(key) if key else None
    return None if user is None else person(user)


def _count_guess(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> None:
    """As the API counts it."""
    peer = (scope.get("client") or ("",))[0]
    # Judged by the rules of `client_address`, as a request's is.
    forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")  # nosemgrep: client-address
    address = client_address({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded})
    guessing.count(guessing.TOKEN, network_of(address), address=address)


def _session_key(header: str) -> str:
    """The session key in a Cookie header, or an empty text."""
    try:
        cookie = SimpleCookie(header).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return ""
    return "" if cookie is None else cookie.value


def _user_of_session(key: str) -> User | None:
    """The active person of a live session whose epoch and password still fit, and which lacks no second factor."""
    store = cast("type[SessionBase]", import_module(settings.SESSION_ENGINE).SessionStore)
    request = HttpRequest()
    request.session = store(key)
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active or second_factor.is_held_up(request.session, user):
        return None
    return user
