"""A form that was sent after its session had ended waits through the sign-in, and is then sent by its person.

It lies encrypted in the browser's own session for a quarter of an hour. Forms that hold passwords, codes or files are
never kept, nor is anything that a page of another site may have sent: only what has passed the check of the form's
token, or says by its `Origin` that it comes from this portal (A23). Nobody else who signs in at the same browser sees
it: a signed cookie says who was here last, and outlives the session.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, resolve

from core import clock, throttle
from core.errors import TooMany
from core.secrets import decrypt, encrypt
from core.web.address import client_address, network_of

SLOT = "held_form"
PATIENCE = timedelta(minutes=15)
LARGEST = 32 * 1024  # bytes of the form as it was sent
A_HOUR = 60  # forms per address, since strangers fill our table of sessions with them
# An address may be that of a webhook, which holds a secret.
KEEP_OUT = re.compile(r"passw|secret|token|code|csrf|nonce|auth|p256dh|address", re.IGNORECASE)
WHO = "__Host-watchbill-who" if settings.SESSION_COOKIE_SECURE else "watchbill-who"
WHO_DAYS = 30  # longer than any session
SHOWN = 2000  # characters of a text that are shown again
LONGEST_NAME = 60  # characters of a field's name, which a made-up form may choose
AGAIN = "Send it again"
Pairs = list[tuple[str, str]]
_acts: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Held:
    """The path that the form was sent to, and its fields in their order."""

    path: str
    pairs: Pairs

    @property
    def act(self) -> str:
        """What the button says that sends it: what the room calls the act of this address."""
        try:
            return _acts.get(resolve(urlsplit(self.path).path).url_name or "", AGAIN)
        except Resolver404:
            return AGAIN

    @property
    def texts(self) -> Pairs:
        """What the person has typed, to be seen before it is sent: the longer texts, each with its field's name."""
        return [(_words(name), value[:SHOWN]) for name, value in self.pairs if len(value) > 12]


def name_act(route: str, button: str) -> None:
    """Say what a form without any text does, by the name of its route: nothing else on the page would tell."""
    _acts[route] = button


def _words(name: str) -> str:
    """A field's name as people read it: "customer_impact" is "Customer impact"."""
    said = " ".join(re.split(r"[_\-\s]+", name)).strip()[:LONGEST_NAME]
    return said[:1].upper() + said[1:]


def read(request: HttpRequest) -> Held | None:
    """The form of this request; None where it has none that may be kept."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    small = length.isascii() and length.isdigit() and len(length) < 9 and int(length) <= LARGEST
    if request.method != "POST" or not small or request.FILES:
        return None
    names = set(request.POST) - {"csrfmiddlewaretoken"}
    if any(KEEP_OUT.search(name) for name in names):
        return None
    pairs = [(name, value) for name in request.POST if name in names for value in request.POST.getlist(name)]
    return Held(request.get_full_path(), pairs)


def keep(request: HttpRequest) -> bool:
    """Lay the request's form into the session; says whether it is kept."""
    found, person = read(request), last_here(request)
    if found is None or not person:
        return False
    try:
        throttle.hit("held-form", network_of(client_address(request.META)), A_HOUR, 60 * 60)
    except TooMany:
        return False
    kept = {"path": found.path, "pairs": found.pairs, "at": clock.now().timestamp(), "of": person}
    request.session[SLOT] = encrypt(json.dumps(kept))
    return True


def kept(request: HttpRequest) -> Held | None:
    """The form of this person that waits in the session; None where there is none, or it has waited for too long."""
    found = _opened(request.session.get(SLOT))
    if not found or clock.now().timestamp() - found["at"] > PATIENCE.total_seconds():
        return None
    if found["of"] != request.session.get(SESSION_KEY):
        return None
    return Held(found["path"], [(name, value) for name, value in found["pairs"]])


def sent(request: HttpRequest) -> None:
    """Let go of the form that waits once it is sent: it is offered a single time."""
    found = _opened(request.session.get(SLOT)) if request.method == "POST" else None
    if found and found["path"] == request.get_full_path():
        del request.session[SLOT]


def remember(request: HttpRequest, response: HttpResponseBase) -> None:
    """Leave the mark of who is signed in at this browser, where it is not there yet."""
    person = request.session.get(SESSION_KEY, "")
    if not person or last_here(request) == person:
        return
    response.set_signed_cookie(
        WHO,
        person,
        salt=SLOT,
        max_age=timedelta(days=WHO_DAYS),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def last_here(request: HttpRequest) -> str:
    """The id of whoever was last signed in at this browser; empty where nobody was, or the mark is none of ours."""
    return str(request.get_signed_cookie(WHO, default="", salt=SLOT))


def _opened(raw: str | None) -> dict[str, Any] | None:
    """What lies in a session; None where it was sealed with a key that has been taken away since."""
    try:
        found: dict[str, Any] | None = json.loads(decrypt(raw)) if raw else None
    except ValueError:
        return None
    return found


def is_ours(request: HttpRequest) -> bool:
    """Whether the browser says that a page of this portal has sent the request."""
    return request.headers.get("Origin") == settings.PORTAL_URL


def offer(request: HttpRequest, held: Held, said: str, status: int = 200) -> HttpResponse:
    """The page that shows the form's texts and sends it again at the press of a button."""
    return render(request, "ui/send_again.html", {"held": held, "said": said}, status=status)
