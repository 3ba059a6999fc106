"""A form that was sent after its session had ended waits through the sign-in, and is then sent by its person.

It lies encrypted in the browser's own session for a quarter of an hour. Forms that hold passwords, codes or files are
never kept, nor is anything that a page of another site may have sent: only what has passed the check of the form's
token, or says by its `Origin` that it comes from this portal (A23).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core import clock, throttle
from core.errors import TooMany
from core.secrets import decrypt, encrypt
from core.web.address import client_address

SLOT = "held_form"
PATIENCE = timedelta(minutes=15)
LARGEST = 32 * 1024  # bytes of the form as it was sent
A_HOUR = 60  # forms per address, since strangers fill our table of sessions with them
KEEP_OUT = re.compile(r"passw|secret|token|code|csrf|nonce", re.IGNORECASE)
SHOWN = 2000  # characters of a text that are shown again
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Held:
    """The path that the form was sent to, and its fields in their order."""

    path: str
    pairs: Pairs

    @property
    def texts(self) -> list[str]:
        """What the person has typed, to be seen before it is sent: the longer texts of the form."""
        return [value[:SHOWN] for _, value in self.pairs if len(value) > 12]


def read(request: HttpRequest) -> Held | None:
    """The form of this request; None where it has none that may be kept."""
    if request.method != "POST" or int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST or request.FILES:
        return None
    names = set(request.POST) - {"csrfmiddlewaretoken"}
    if any(KEEP_OUT.search(name) for name in names):
        return None
    pairs = [(name, value) for name in request.POST if name in names for value in request.POST.getlist(name)]
    return Held(request.get_full_path(), pairs)


def keep(request: HttpRequest) -> bool:
    """Lay the request's form into the session; says whether it is kept."""
    found = read(request)
    if found is None:
        return False
    try:
        throttle.hit("held-form", client_address(request.META), A_HOUR, 60 * 60)
    except TooMany:
        return False
    kept = {"path": found.path, "pairs": found.pairs, "at": clock.now().timestamp()}
    request.session[SLOT] = encrypt(json.dumps(kept))
    return True


def kept(request: HttpRequest) -> Held | None:
    """The form that waits in this session; None where there is none, or it has waited for too long."""
    raw = request.session.get(SLOT)
    found = json.loads(decrypt(raw)) if raw else None
    if not found or clock.now().timestamp() - found["at"] > PATIENCE.total_seconds():
        return None
    return Held(found["path"], [(name, value) for name, value in found["pairs"]])


def is_ours(request: HttpRequest) -> bool:
    """Whether the browser says that a page of this portal has sent the request."""
    return request.headers.get("Origin") == settings.PORTAL_URL


def offer(request: HttpRequest, held: Held, said: str, status: int = 200) -> HttpResponse:
    """The page that shows the form's texts and sends it again at the press of a button."""
    return render(request, "ui/send_again.html", {"held": held, "said": said}, status=status)
