"""The identity provider: where to send a browser, and what its answer is worth (A51, A69).

Authorization code with PKCE, `state` and `nonce`. The signature of the identity token is checked against the
provider's keys although it came by TLS: whoever gets between us and the token endpoint must not name a person.
All calls go through `core.http`, so an inside address needs OUTBOUND_ALLOW.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
from django.conf import settings
from django.urls import reverse

from core import http, links
from core.errors import Forbidden, Unreachable

PATIENCE = 5.0  # seconds for each call: three of them stand between a person and the page
LEEWAY = 60  # seconds that two clocks may differ
KEY_BITS = 2048
# Signatures with a public key alone: with a shared secret, or none, anybody who reads the keys could sign.
ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
ENTRA = "login.microsoftonline.com"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in on its way: what only this browser knows until it is back."""

    state: str
    nonce: str
    verifier: str
    following: str


def is_configured() -> bool:
    """Whether the environment names a provider."""
    return bool(settings.OIDC_ISSUER)


def name() -> str:
    """What people know the provider by: its host."""
    return str(urlsplit(settings.OIDC_ISSUER).hostname or "")


def address_of(attempt: Attempt) -> str:
    """Where the browser goes; raises Unreachable and Refused while the provider cannot be asked."""
    endpoint = _endpoint(_discovered(), "authorization_endpoint")
    challenge = hashlib.sha256(attempt.verifier.encode("ascii")).digest()
    asked = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": _callback(),
        "scope": "openid email profile",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": base64.urlsafe_b64encode(challenge).decode("ascii").rstrip("="),
        "code_challenge_method": "S256",
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def claims_of(code: str, attempt: Attempt) -> dict[str, Any]:
    """What the provider says of whoever brought this code; raises Forbidden (`refused`) and Unreachable."""
    about = _discovered()
    tokens = _exchanged(about, code, attempt)
    raw = tokens.get("id_token")
    if not isinstance(raw, str):
        raise _refused("no identity token")
    claims = _verified(raw, _keys(about))
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), attempt.nonce.encode()):
        raise _refused("nonce")
    if "email" in claims or "userinfo_endpoint" not in about:
        return claims
    more = _fetched(_endpoint(about, "userinfo_endpoint"), Authorization=f"Bearer {tokens.get('access_token', '')}")
    if more.get("sub") != claims["sub"]:
        raise _refused("another subject")
    return {**more, **claims}


def vouches(claims: Mapping[str, Any]) -> bool:
    """Whether the provider has verified the address; Entra says so in a claim of its own, and only Entra may."""
    said = claims.get("email_verified")
    if said is None and urlsplit(settings.OIDC_ISSUER).hostname == ENTRA:
        return claims.get("xms_edov") in (True, 1, "1", "true")
    return said in (True, "true")


def _refused(reason: str) -> Forbidden:
    error = Forbidden(
        "The identity provider's answer is not one that we asked for, so nobody was signed in.",
        code="refused",
        hint="Try again. If it stays, sign in with your password and tell an administrator.",
    )
    error.add_note(reason)
    return error


def _callback() -> str:
    return links.absolute(reverse("oidc_callback"))


def _discovered() -> dict[str, Any]:
    about = _fetched(f"{settings.OIDC_ISSUER.rstrip('/')}/.well-known/openid-configuration")
    if about.get("issuer") != settings.OIDC_ISSUER:
        raise _refused("another issuer")
    return about


def _endpoint(about: Mapping[str, Any], key: str) -> str:
    """An address of the provider's; where the issuer has TLS, so do all of them."""
    found = about.get(key)
    if not isinstance(found, str) or (settings.OIDC_ISSUER.startswith("https:") and not found.startswith("https://")):
        raise _refused(f"no {key}")
    http.check_url(found.partition("#")[0])
    return found


def _fetched(url: str, **headers: str) -> dict[str, Any]:
    answer = http.send("GET", url, headers={"Accept": "application/json", **headers}, timeout=PATIENCE)
    return _told(answer)


def _told(answer: http.Answer) -> dict[str, Any]:
    if answer.status >= 500:
        raise Unreachable("The identity provider does not answer as it should.", code="broken")
    found = answer.json() if answer.status == 200 else None
    if not isinstance(found, dict):
        raise _refused(f"status {answer.status}")
    return found


def _exchanged(about: Mapping[str, Any], code: str, attempt: Attempt) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _callback(),
        "code_verifier": attempt.verifier,
    }
    headers = {"Accept": "application/json"}
    ways = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if isinstance(ways, list) and "client_secret_basic" not in ways:
        form |= {"client_id": settings.OIDC_CLIENT_ID, "client_secret": settings.OIDC_CLIENT_SECRET}
    else:
        pair = f"{quote(settings.OIDC_CLIENT_ID, safe='')}:{quote(settings.OIDC_CLIENT_SECRET, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
    url = _endpoint(about, "token_endpoint")
    return _told(http.send("POST", url, form=form, headers=headers, timeout=PATIENCE))


def _keys(about: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = _fetched(_endpoint(about, "jwks_uri")).get("keys")
    return [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []


def _verified(raw: str, keys: list[dict[str, Any]]) -> dict[str, Any]:
    """The claims of a token that this provider has signed for us alone, and lately."""
    try:
        header = jwt.get_unverified_header(raw)
        algorithm = str(header.get("alg"))
        if algorithm not in ALGORITHMS:
            raise _refused("algorithm")
        claims: dict[str, Any] = jwt.decode(
            raw,
            key=_key(keys, header.get("kid"), algorithm),
            algorithms=[algorithm],
            audience=settings.OIDC_CLIENT_ID,
            issuer=settings.OIDC_ISSUER,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise _refused(type(error).__name__) from error
    parties = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if claims.get("azp", parties[0] if len(parties) == 1 else None) != settings.OIDC_CLIENT_ID:
        raise _refused("another party")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255 or "\0" in claims["sub"]:
        raise _refused("subject")
    return claims


def _key(keys: list[dict[str, Any]], kid: Any, algorithm: str) -> Any:
    """The provider's public key of this number, if it is one for this algorithm."""
    fitting = [
        key
        for key in keys
        if key.get("kty") == KEY_TYPES[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]
    if len(fitting) != 1:
        raise _refused("key")
    found = jwt.PyJWK(fitting[0], algorithm=algorithm).key
    if getattr(found, "key_size", KEY_BITS) < KEY_BITS and algorithm[:2] in {"RS", "PS"}:
        raise _refused("short key")
    return found
