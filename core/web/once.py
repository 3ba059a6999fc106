"""The text of a new key or token, between the answer to its making and the one page that shows it (A45, A98).

A page that came as the answer to a form would make another one each time it is loaded again. So the form leads on
to a page of its own; meanwhile the text stands encrypted in the session of the person who made it, and in no address.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse

from core import clock
from core.secrets import decrypt, encrypt
from core.web import htmx

SLOT = "shown_once"
PATIENCE = timedelta(minutes=5)
MOST = 5  # texts that wait in one session, the newest


def lead_on(request: HttpRequest, path: str, raw: str, intro: str = "") -> HttpResponse:
    """Keep the text for one look and send the browser to the page at `path`."""
    kept = _fresh(_kept(request))
    kept.pop(path, None)  # the newest stands last
    kept[path] = {"raw": raw, "intro": intro, "at": clock.now().timestamp()}
    _keep(request, dict(list(kept.items())[-MOST:]))
    return htmx.redirect(request, path)


def take(request: HttpRequest) -> tuple[str, str]:
    """The text kept for this very page and what introduces it, gone with this look; empty where there is none.

    What nobody came for in time goes with any look.
    """
    kept = _kept(request)
    fresh = _fresh(kept)
    mine = fresh.get(request.path, {"raw": "", "intro": ""})
    if request.method == "GET":
        fresh.pop(request.path, None)
    if len(fresh) < len(kept) or (not kept and SLOT in request.session):
        _keep(request, fresh)
    return mine["raw"], mine["intro"]


def _kept(request: HttpRequest) -> dict[str, Any]:
    """What waits in this session, by the path of its page, oldest first."""
    sealed = request.session.get(SLOT, "")
    try:
        kept: dict[str, Any] = json.loads(decrypt(sealed)) if sealed else {}
    except ValueError:  # sealed with a key that is no longer ours
        return {}
    return kept


def _fresh(kept: dict[str, Any]) -> dict[str, Any]:
    oldest = clock.now().timestamp() - PATIENCE.total_seconds()
    return {path: each for path, each in kept.items() if each["at"] >= oldest}


def _keep(request: HttpRequest, kept: dict[str, Any]) -> None:
    if kept:
        request.session[SLOT] = encrypt(json.dumps(kept))
    else:
        del request.session[SLOT]
