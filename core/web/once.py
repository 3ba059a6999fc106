"""The text of a new key or token, between the answer to its making and the one page that shows it (A45, A98).

A page that came as the answer to a form would make another one each time it is loaded again. So the form leads on
to a page of its own; meanwhile the text stands encrypted in the session of the person who made it, and in no address.
"""

from __future__ import annotations

import json
from datetime import timedelta

from django.http import HttpRequest, HttpResponse

from core import clock
from core.secrets import decrypt, encrypt
from core.web import htmx

SLOT = "shown_once"
PATIENCE = timedelta(minutes=5)


def lead_on(request: HttpRequest, path: str, raw: str, intro: str = "") -> HttpResponse:
    """Keep the text for one look and send the browser to the page at `path`."""
    kept = {"path": path, "raw": raw, "intro": intro, "at": clock.now().timestamp()}
    request.session[SLOT] = encrypt(json.dumps(kept))
    return htmx.redirect(request, path)


def take(request: HttpRequest) -> tuple[str, str]:
    """The text kept for this very page and what introduces it, gone with this look; empty where there is none."""
    sealed = request.session.get(SLOT, "")
    try:
        kept = json.loads(decrypt(sealed)) if sealed else {}
    except ValueError:  # sealed with a key that is no longer ours
        kept = {}
    if kept.get("path") != request.path:
        return "", ""
    if request.method == "GET":
        del request.session[SLOT]
    late = clock.now().timestamp() - kept["at"] > PATIENCE.total_seconds()
    return ("", "") if late else (kept["raw"], kept["intro"])
