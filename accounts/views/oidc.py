"""Sign-in by the identity provider: there, and back (A27, A51)."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import asdict
from datetime import timedelta

import structlog
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import oidc
from accounts.commands import identities
from accounts.commands.identities import Arrived, Claims
from accounts.entering import enter
from accounts.oidc import Attempt
from core import links, throttle
from core.addresses import Refused
from core.errors import Conflict, Forbidden, Missing, PortalError, Unreachable
from core.secrets import decrypt, encrypt
from core.web.address import client_address, network_of
from core.web.doors import actor_of

PURPOSE, LIFE = "oidc", timedelta(minutes=10)
COOKIE = "__Host-oidc" if settings.TLS else "oidc"
ANSWERS, QUARTER = 30, 15 * 60  # answers from one address that sign nobody in; seconds
departures = throttle.Pace(per_second=1, burst=30)  # each asks the provider something
log = structlog.get_logger("portal.sign_in")


@never_cache
@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider, with a cookie that only its way back fits; nothing is stored (A23)."""
    _refuse_unless_configured()
    following = links.inward(request.GET.get("next", ""), fallback="/now/")
    if actor_of(request).user is not None:
        return HttpResponseRedirect(following)
    departures.step(network_of(client_address(request.META)))
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    attempt = Attempt(links.nonce(PURPOSE, nonce), nonce, verifier, following)
    try:
        answer = HttpResponseRedirect(oidc.address_of(attempt))
    except PortalError as error:
        return _refusal(request, error)
    answer.set_cookie(
        COOKIE,
        encrypt(json.dumps(asdict(attempt))),
        max_age=LIFE,
        secure=settings.TLS,
        httponly=True,
        samesite="Lax",
    )
    return answer


@never_cache
@require_safe
def come_back(request: HttpRequest) -> HttpResponse:
    """Sign in whoever the provider names, if this browser was sent there; all else is refused."""
    _refuse_unless_configured()
    try:
        attempt = _attempt(request)
        arrived = identities.arrive(_claims(oidc.claims_of(_code(request), attempt)))
    except PortalError as error:
        answer = _refusal(request, error)
    else:
        answer = _entered(request, arrived, attempt.following)
    answer.delete_cookie(COOKIE, samesite="Lax")
    return answer


def _entered(request: HttpRequest, arrived: Arrived, following: str) -> HttpResponse:
    if arrived.joined and arrived.user.role != "stakeholder":
        messages.success(request, "You are in. Now say how you want to be reached, so that a page finds you.")
        following = "/profile/contact-methods/"
    return enter(request, arrived.user, following, method="socialaccount", provider="openid_connect")


def _attempt(request: HttpRequest) -> Attempt:
    """What this browser left with; raises Forbidden for an answer to somebody else's question, or to none (A51)."""
    try:
        kept = Attempt(**json.loads(decrypt(request.COOKIES.get(COOKIE, ""))))
    except (ValueError, TypeError) as error:
        raise _foreign("no cookie") from error
    state = request.GET.get("state", "")
    if not hmac.compare_digest(state.encode("utf-8", "replace"), kept.state.encode()):
        raise _foreign("state")
    if request.GET.get("iss", settings.OIDC_ISSUER) != settings.OIDC_ISSUER:
        raise _foreign("issuer")
    try:
        links.spend(PURPOSE, kept.nonce, state, max_age=LIFE)
    except (Missing, links.Expired, Conflict) as error:
        raise _foreign("spent") from error
    return kept


def _code(request: HttpRequest) -> str:
    code = request.GET.get("code", "")
    if request.GET.get("error") or not code or len(code) > 4096:
        raise Forbidden("The identity provider let nobody in.", code="declined", hint="Try again there.")
    return code


def _claims(found: dict[str, object]) -> Claims:
    return Claims(
        issuer=settings.OIDC_ISSUER,
        subject=str(found["sub"]),
        email=str(found.get("email") or ""),
        verified=oidc.vouches(found),
        name=str(found.get("name") or ""),
    )


def _foreign(reason: str) -> Forbidden:
    error = Forbidden(
        "This answer of the identity provider does not belong to a sign-in that began in this browser.",
        code="foreign",
        hint="Begin again on the sign-in page. It waits for ten minutes.",
    )
    error.add_note(reason)
    return error


def _refusal(request: HttpRequest, error: PortalError) -> HttpResponse:
    """A page that says what happened and leads back to the password; answers that sign nobody in are counted."""
    notes = getattr(error, "__notes__", [])
    address = client_address(request.META)
    log.warning("single sign-on refused", code=error.code, reason=notes[0] if notes else "", address=address)
    if isinstance(error, Forbidden):
        throttle.hit("oidc-refused", network_of(address), ANSWERS, QUARTER)
    said = {"detail": error.detail, "hint": error.hint}
    if isinstance(error, Unreachable):
        said = {"detail": f"{oidc.name()} does not answer at the moment.", "hint": "Your password works all the same."}
    elif isinstance(error, Refused):
        said = {
            "detail": f"The portal may not call {oidc.name()}, which has an inside address.",
            "hint": "An administrator names the host in WATCHBILL_OUTBOUND_ALLOW. Your password works all the same.",
        }
    status = 502 if isinstance(error, (Unreachable, Refused)) else 403
    return render(request, "account/sso_refused.html", {"said": said}, status=status)


def _refuse_unless_configured() -> None:
    if not oidc.is_configured():
        raise Missing("There is nothing here, or nothing that you may see.")
