"""Who somebody says he is, and what his words become: spoofed names, forged tokens, templates (A11, A12, A20, A51)."""

from __future__ import annotations

import base64
import email
import json
from collections.abc import Callable
from email.message import Message as Mail
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as portal
from django.db import transaction
from django.test import Client

from core import clock, worker
from incidents.commands.alerts import accept_batch
from incidents.kinds import Normalised
from incidents.models import Incident
from notifications.models import Delivery
from notifications.providers.email import LONGEST
from tests.flows.security_scene import routes
from tests.world import World

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
TEMPLATES = [
    "{{settings.SECRET_KEY}}",
    "{% include '/etc/passwd' %}",
    "{{ 7|add:42 }}",
    "{% load static %}{% debug %}",
    "{0.__class__.__mro__}",
    "{incident.service.team}",
    "%(title)s %s %d",
    "${SECRET_KEY} ${7*7}",
    "<%= 7*7 %>",
    "#{7*7}",
]


def opened(world: World, summary: str, **more: Any) -> Incident:
    """An incident by an alert with these words, its page on the way."""
    event = Normalised(world.checkout.pk, "trigger", summary[:40], summary=summary, severity="critical", tool="events")
    for name, value in more.items():
        object.__setattr__(event, name, value)
    with transaction.atomic():
        accept_batch([event])
    worker.drain()
    found = Incident.objects.order_by("-number").first()
    assert found is not None
    return found


def mails(folder: Path) -> list[Mail]:
    """What was written instead of sent."""
    return [email.message_from_bytes(path.read_bytes()) for path in sorted(folder.rglob("*.eml"))]


def words(mail: Mail) -> str:
    """Both parts of a mail, decoded, with the subject."""
    parts = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
    return str(mail["Subject"]) + "".join(part.decode() for part in parts if isinstance(part, bytes))


@pytest.mark.parametrize("summary", TEMPLATES)
def test_nothing_is_evaluated(
    summary: str, world: World, at: clock.FrozenClock, browser: Browser, settings: Any, tmp_path: Path
) -> None:
    """A11: template words in an alert stay words: on the page, in the list, in the API and in the mail."""
    settings.EMAIL_URL, settings.MAIL_DIR = "", tmp_path
    incident = opened(world, summary, details={"note": summary, summary: "x"})
    bo = browser(world.bo)
    assert bo.get(f"/api/v1/incidents/{incident.number}/").json()["title"] == incident.title
    assert incident.title == summary
    for path in ("/incidents/", f"/incidents/{incident.number}/", "/now/", "/deliveries/"):
        text = bo.get(path).content.decode()
        assert portal.SECRET_KEY not in text
        assert "root:" not in text
    sent = mails(tmp_path)
    assert sent
    assert any(summary.split()[0] in words(mail).replace("&#x27;", "'").replace("&lt;", "<") for mail in sent)
    assert not [mail for mail in sent if portal.SECRET_KEY in words(mail) or "root:" in words(mail)]


def test_words_never_become_longer_than_a_mail(
    world: World, at: clock.FrozenClock, settings: Any, tmp_path: Path
) -> None:
    """A12: there are no loops or paddings to write, and what is sent is cut at 16 KB."""
    settings.EMAIL_URL, settings.MAIL_DIR = "", tmp_path
    opened(world, "{% for a in b %}" * 60, details={"note": "x" * 60_000})
    for delivery in Delivery.objects.filter(purpose="page"):
        assert len(json.dumps(delivery.message)) < LONGEST * 2
    assert mails(tmp_path)
    assert all(len(path.read_bytes()) < LONGEST * 4 for path in tmp_path.rglob("*.eml"))


# --- who somebody says he is ----------------------------------------------------------------------
NAMES = ("Remote-User", "X-Remote-User", "X-Forwarded-User", "X-Forwarded-Email", "X-Auth-Request-User",
         "X-Authenticated-User", "X-WEBAUTH-USER", "X-User", "Cf-Access-Authenticated-User-Email",
         "Tailscale-User-Login", "X-Client-Cert", "Ssl-Client-S-Dn")  # fmt: skip


def test_a_header_signs_nobody_in(world: World) -> None:
    """A20: single sign-on by header is not there, so no header makes anybody somebody."""
    headers = dict.fromkeys(NAMES, world.ada.email)
    client = Client(REMOTE_USER=world.ada.email, REMOTE_ADDR="127.0.0.1")
    assert client.get("/now/", headers=headers)["Location"].startswith("/accounts/login/")
    assert client.get("/api/v1/me/", headers=headers).status_code == 401
    assert client.get("/admin/", headers=headers).status_code == 302
    assert not any("RemoteUser" in name for name in (*portal.MIDDLEWARE, *portal.AUTHENTICATION_BACKENDS))


def _jwt(header: dict[str, str], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(part).encode() for part in (header, claims)] + [signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256"])
def test_a_forged_token_of_another_issuer_is_nothing(algorithm: str, world: World) -> None:
    """A51: no door reads JSON web tokens: unsigned, mixed or foreign ones are 401 like any unknown text."""
    claims = {"sub": str(world.ada.pk), "email": world.ada.email, "aud": "watchbill", "exp": 9_999_999_999}
    raw = _jwt({"alg": algorithm, "typ": "JWT", "kid": "../../dev/null"}, claims, b"x" * 32)
    for headers in ({"Authorization": f"Bearer {raw}"}, {"Cookie": f"{portal.SESSION_COOKIE_NAME}={raw}"}):
        answer = Client().get("/api/v1/me/", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthenticated"


def test_no_door_of_another_issuer_is_open(world: World) -> None:
    """A51: unless the environment names an issuer nothing answers, and no library's own pages do in any case."""
    assert (portal.OIDC_ISSUER, portal.OIDC_CLIENT_ID, portal.OIDC_CLIENT_SECRET) == ("", "", "")
    assert not apps.is_installed("allauth.socialaccount")
    assert portal.AUTHENTICATION_BACKENDS == ["accounts.backends.PeopleBackend"]
    doors = [route for route in routes() if "oidc" in route or "social" in route]
    assert sorted(doors) == ["accounts/oidc/", "accounts/oidc/callback/"]
    for path in doors:
        for query in ("", "?code=x&state=y", f"?id_token={_jwt({'alg': 'none'}, {'email': world.ada.email})}"):
            assert Client().get(f"/{path}{query}").status_code == 404
    assert not [route for route in routes() if "signup" in route or "confirm-email" in route]


def test_the_session_is_the_only_cookie_that_counts(world: World, browser: Browser) -> None:
    """A28, A44: a token as a cookie, a session as a bearer, two sessions at once: nobody gets in by the wrong door."""
    session = browser(world.ada).cookies[portal.SESSION_COOKIE_NAME].value
    assert Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {session}"}).status_code == 401
    assert Client().get("/api/v1/me/", headers={"Authorization": f"Session {session}"}).status_code == 401
    assert Client().get("/api/v1/me/", {"sessionid": session}).status_code == 401
    assert Client().get("/now/", headers={"Cookie": f"sessionid={session}; token={session}"}).status_code == 302
