"""The text of a new key, between the answer to its making and the one page that shows it (A45, A98).

A page that came as the answer to a form would make another key each time it is loaded again. So the form leads on
to a page of its own; meanwhile the text stands encrypted in the session of the person who made it, and in no address.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core import clock
from core.secrets import decrypt, encrypt
from core.web import htmx
from core.web.doors import Crumbs
from integrations.snippets import Snippet

SLOT = "shown_once"
PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Secret:
    """What a new key's page says; an empty `raw` means that it has said so before."""

    raw: str = ""
    intro: str = "The key was shown once, and nobody can read it again. If it is lost, make another one."


def lead_on(request: HttpRequest, path: str, raw: str, intro: str) -> HttpResponse:
    """Keep the text for one look and send the browser to the page at `path`."""
    kept = {"path": path, "raw": raw, "intro": intro, "at": clock.now().timestamp()}
    request.session[SLOT] = encrypt(json.dumps(kept))
    return htmx.redirect(request, path)


def take(request: HttpRequest) -> Secret:
    """The text kept for this very page, which is gone with this look."""
    sealed = request.session.get(SLOT, "")
    try:
        kept = json.loads(decrypt(sealed)) if sealed else {}
    except ValueError:  # sealed with a key that is no longer ours
        kept = {}
    if kept.get("path") != request.path:
        return Secret()
    if request.method == "GET":
        del request.session[SLOT]
    late = clock.now().timestamp() - kept["at"] > PATIENCE.total_seconds()
    return Secret() if late else Secret(kept["raw"], kept["intro"])


def show(
    request: HttpRequest, title: str, secret: Secret, snippets: Sequence[Snippet], *, back: str, crumbs: Crumbs
) -> HttpResponse:
    """The page itself."""
    context = {"title": title, "secret": secret, "snippets": snippets, "back": back, "crumbs": crumbs}
    return render(request, "integrations/issued.html", context)
