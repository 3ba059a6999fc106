"""How django-allauth signs people in here: no sign-up, exact throttles, no foreign hosts (A27, A33, A37, A38)."""

from __future__ import annotations

from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from accounts import actors
from accounts.commands import users
from accounts.emails import normal
from accounts.models import User
from core import links, throttle
from core.web.address import client_address

QUARTER, HOUR = 15 * 60, 60 * 60  # seconds
log = structlog.get_logger("portal.sign_in")
# Tries that fail: of one person from one address, of one person from anywhere, of one address at anybody.
LIMITS = (("sign-in", 10, QUARTER), ("sign-in-person", 60, HOUR), ("sign-in-address", 100, QUARTER))


class AccountAdapter(DefaultAccountAdapter):
    """Our answers to allauth's questions."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This e-mail address and password do not belong together.",
        "enter_current_password": "This is not your present password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are made by administrators."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The rightmost hop that is not ours (A37)."""
        return client_address(request.META)

    def is_safe_url(self, url: str | None) -> bool:
        """Only a plain path of this portal: no other host, scheme, backslash or control character (A27)."""
        return bool(url) and links.inward(str(url), fallback="") == url

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try before the password is looked at; raises TooMany, which answers 429 (A37)."""
        for (name, limit, seconds), key in zip(LIMITS, self._keys(request, credentials), strict=True):
            throttle.hit(name, key, limit, seconds)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person, whose rightful sign-in takes the counts back."""
        found = super().authenticate(request, **credentials)
        if isinstance(found, User):
            for (name, _, _), key in zip(LIMITS, self._keys(request, credentials), strict=True):
                throttle.give_back(name, key)
            return found
        return None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave a line for whoever watches for guessing; no name, since people type passwords there."""
        log.warning("sign-in failed", address=self.get_client_ip(request))

    def set_password(self, user: User, password: str) -> None:
        """Through the command, so that every other session ends and the audit knows (A28)."""
        stored = users.set_password(actors.person(user), user, password=password)
        user.password, user.session_epoch = stored.password, stored.session_epoch

    def _rollback_login_failed_rl_usage(self) -> None:
        """The library's own counters are not used: they are not exact across processes."""

    def _keys(self, request: HttpRequest, credentials: dict[str, Any]) -> tuple[str, str, str]:
        email, address = normal(str(credentials.get("email", ""))), self.get_client_ip(request)
        return f"{email} {address}", email, address
