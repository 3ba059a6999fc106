"""How django-allauth signs people in here: no sign-up, exact throttles, no foreign hosts, sealed seeds (A27, A37)."""

from __future__ import annotations

from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from accounts import actors, guessing
from accounts.commands import users
from accounts.emails import normal
from accounts.guessing import HOUR, QUARTER, Limit
from accounts.models import User
from accounts.queries import organisation, person_ref
from core import links, secrets, throttle
from core.errors import TooMany
from core.web import held
from core.web.address import client_address, network_of

log = structlog.get_logger("portal.sign_in")
# Tries that fail: of one address at anybody, which bounds what a stranger can write; of one person from one address,
# of one person from anywhere.
ANYBODY = Limit("sign-in-address", 100, QUARTER, "sign_in.throttled_address")
LIMITS = (
    Limit("sign-in", 10, QUARTER, "sign_in.throttled"),
    Limit("sign-in-person", 60, HOUR, "sign_in.throttled"),
)


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

    def get_login_stages(self) -> list[str]:
        """Between the password and the session stands the second factor, where there is one (A42)."""
        return ["accounts.stages.SecondStep"]

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try before the password is looked at; raises TooMany, which answers 429 (A37).

        The person is told, or the administrators where one address tries many; strangers cost the same work (A38).
        Whoever has signed in with this browser before is not refused for what others behind the same address try.
        """
        email, address = normal(str(credentials.get("email", ""))), self.get_client_ip(request)
        network, person = network_of(address), person_ref(email)
        if not _is_known(request, person):
            guessing.count(ANYBODY, network, address=address)
        try:
            for limit, key in zip(LIMITS, (f"{email} {network}", email), strict=True):
                guessing.count(limit, key, person=person, mail="password_guessed", address=address, told=email)
        except TooMany:
            if not _is_known(request, person):
                throttle.give_back(ANYBODY.name, network)  # no password was looked at
            raise

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person, whose rightful sign-in takes the counts back."""
        found = super().authenticate(request, **credentials)
        if isinstance(found, User):
            email, network = normal(str(credentials.get("email", ""))), network_of(self.get_client_ip(request))
            if not _is_known(request, str(found.pk)):
                throttle.give_back(ANYBODY.name, network)
            for limit, key in zip(LIMITS, (f"{email} {network}", email), strict=True):
                throttle.give_back(limit.name, key)
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


def _is_known(request: HttpRequest, person: str) -> bool:
    """Whether this very person was the last to sign in with this browser, by its signed mark; never for strangers."""
    return bool(person) and held.last_here(request) == person


class FactorAdapter(DefaultMFAAdapter):
    """Our answers to its questions about second factors."""

    error_messages = {**DefaultMFAAdapter.error_messages, "incorrect_code": "This passkey was not accepted."}

    def encrypt(self, text: str) -> str:
        """Seeds of apps and of recovery codes are sealed with FIELD_KEYS (A98)."""
        return secrets.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """What `encrypt` has sealed; raises ValueError where the key has been taken away since."""
        return secrets.decrypt(encrypted_text)

    def get_totp_issuer(self) -> str:
        """What the app shows above the code."""
        return str(organisation())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """A passkey belongs to the host by which the portal is visited, one of ALLOWED_HOSTS (A33)."""
        return {**super().get_public_key_credential_rp_entity(), "name": str(organisation())}
