"""Every kind of secret that people can make, planted through the real doors (A95).

A new kind is one function with `@plants`: it returns the secrets by name. A name that may stand somewhere, such as a
phone number on its owner's page, says so in `ALLOWED`; no name may stand in a log, a figure or the administration.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings as portal
from django.core import mail
from django.test import Client

from accounts.jobs import send_invitation_mail, send_reset_mail
from accounts.models import Invitation, User
from core import clock, worker
from notifications.commands.providers import own_key
from notifications.kinds import providers
from tests.fakes import Carrier
from tests.flows.security_scene import Scene
from tests.pages import after
from tests.world import PASSWORD
from tools.enrolment import code_of

Found = dict[str, str]
JSON = "application/json"
ACCOUNT, AUTH_TOKEN = "AC" + "7" * 32, "canary-carrier-token-5512"
NEW_PASSWORD = "canary horse in a stable 77"
PHONE = "+49170555012377"
# Where a secret belongs, beside those places where none does.
ALLOWED = {
    "phone number": {"tables", "pages"},
    "session": {"tables"},  # Django looks for it there
    "reset link": {"mail"},
    "invitation link": {"mail"},
}


@dataclass
class Plot:
    """Where secrets are planted: the scene, browsers of its people, a carrier that answers."""

    scene: Scene
    browser: Callable[..., Client]
    carrier: Carrier

    def __post_init__(self) -> None:
        self._open: dict[int, Client] = {}

    def by(self, user: User) -> Client:
        """The one browser of a person."""
        if user.pk not in self._open:
            self._open[user.pk] = self.browser(user)
        return self._open[user.pk]

    def made(self, user: User, path: str, body: dict[str, Any], name: str, method: str = "post") -> str:
        """What the API answers under a name when somebody makes something."""
        answer = getattr(self.by(user), method)(f"/api/v1/{path}", body, content_type=JSON)
        assert answer.status_code < 300, answer.content
        return str(answer.json()[name]) if name else ""


_planters: list[Callable[[Plot], Found]] = []


def plants(function: Callable[[Plot], Found]) -> Callable[[Plot], Found]:
    """Register a kind of secret."""
    _planters.append(function)
    return function


def planted(plot: Plot) -> Found:
    """Let people make every kind of secret; returns the canaries by name."""
    found: Found = {}
    for planter in _planters:
        found |= planter(plot)
    worker.drain()
    return found


def part(pattern: str, text: str) -> str:
    """The piece of a text that fits."""
    found = re.search(pattern, text)
    assert found, text[:500]
    return found.group()


@plants
def _of_the_installation(plot: Plot) -> Found:
    key = next(part(r"\n[\w+/=]{40,}\n", own_key(each)).strip() for each in providers() if each.own_key)
    return {"secret key": portal.SECRET_KEY, "field key": portal.FIELD_KEYS[0], "VAPID key": key}


@plants
def _tokens(plot: Plot) -> Found:
    ana = plot.scene.world.ana
    plot.by(ana).post("/profile/tokens/", {"name": "y", "scopes": ["read"], "days": "30"})
    page = plot.by(ana).get("/profile/tokens/").content.decode()
    token = plot.made(ana, "tokens/", {"name": "x", "scopes": ["read"]}, "token")
    return {"token": token, "page token": part(r"wb_[\w-]{30,}", page)}


@plants
def _keys(plot: Plot) -> Found:
    ana, ids = plot.scene.world.ana, plot.scene.ids
    of = f"services/{ids['services']}"
    return {
        "key": plot.scene.key,
        "new key": plot.made(ana, f"{of}/keys/", {}, "key"),
        "next key": plot.made(ana, f"keys/{ids['keys']}/rotate/", {}, "key"),
        "heartbeat": plot.made(ana, f"{of}/heartbeats/", {"name": "z"}, "key"),
        "answer link": ids["answer"],
    }


@plants
def _carriers(plot: Plot) -> Found:
    bo, ada = plot.scene.world.bo, plot.scene.world.ada
    values = {"account_sid": ACCOUNT, "auth_token": AUTH_TOKEN, "from_number": "+15005550006"}
    plot.made(ada, "providers/sms_twilio/", {"enabled": True, "settings": values}, "", "put")
    hook = {"provider": "webhook", "address": f"{plot.carrier.url}/hook"}
    signing = plot.made(bo, "contact-methods/", hook, "signing_secret")
    plot.made(bo, "contact-methods/", {"provider": "sms_twilio", "address": PHONE}, "id")
    return {"carrier token": AUTH_TOKEN, "webhook secret": signing, "phone number": PHONE}


@plants
def _webhooks(plot: Plot) -> Found:
    ana, team = plot.scene.world.ana, int(plot.scene.ids["teams"])
    out = {"name": "Hook", "url": f"{plot.carrier.url}/out/canary-path-8821-of-a-hook", "kinds": ["incident.opened"]}
    answer = plot.by(ana).post("/api/v1/webhooks/", {**out, "team": team}, content_type=JSON).json()
    turned = plot.made(ana, f"webhooks/{answer['id']}/rotate/", {}, "secret")
    plot.made(ana, f"webhooks/{answer['id']}/test/", {}, "id")
    return {"outgoing secret": answer["secret"], "next outgoing secret": turned}


@plants
def _passwords(plot: Plot) -> Found:
    bo, cy = plot.scene.world.bo, plot.scene.world.cy
    plot.made(bo, "me/password/", {"current": PASSWORD, "password": NEW_PASSWORD}, "", "post")
    send_reset_mail(str(cy.pk))
    said = next(str(letter.body) for letter in mail.outbox if "password/reset/key" in str(letter.body))
    link = part(r"(?<=/password/reset/key/)[^/\s]+", said)
    return {"password": NEW_PASSWORD, "reset link": link}


@plants
def _factors(plot: Plot) -> Found:
    """Of the codes the first two as they stand together: eight digits alone may be any number."""
    cy = plot.by(plot.scene.world.cy)
    page = cy.get("/profile/security/app/").content.decode()
    seed = part(r'(?<=id="key">)[A-Z2-7 ]{32,}', page).replace(" ", "")
    answer = cy.post("/profile/security/app/", {"code": code_of(seed, clock.now().timestamp())})
    shown = after(cy, answer)
    codes = [code.replace(" ", "") for code in re.findall(r"\b\d{4} \d{4}\b", shown)]
    assert len(codes) == 10, shown
    first, second = codes[:2]
    return {
        "app's seed": seed,
        "recovery codes": f"{first}\n{second}",
        "recovery codes as JSON": f"{first}\\n{second}",
        "recovery codes as a list": f"'{first}', '{second}'",
    }


@plants
def _sessions(plot: Plot) -> Found:
    return {"session": plot.by(plot.scene.world.ana).cookies[portal.SESSION_COOKIE_NAME].value}


@plants
def _invitations(plot: Plot) -> Found:
    kim = {"name": "Kim Yu", "email": "kim@example.org"}
    link = plot.made(plot.scene.world.ada, "invitations/", kim, "link")
    send_invitation_mail(str(Invitation.objects.get(email=kim["email"]).pk))
    return {"invitation link": part(r"(?<=/invitation/)[^/\s]+", link)}
