"""What the shell of every page needs: who is here, what is wrong, where one can go, the server's time."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core import clock, health
from core.web import access, errors, navigation


def shell(request: HttpRequest) -> dict[str, Any]:
    """`actor`, `banner`, `navigation` (lazy: a fragment does not pay for it), `server_now_ms`, `request_id`."""
    actor = getattr(request, "actor", None)
    signed_in = getattr(actor, "user", None) is not None
    return {
        "actor": actor,
        "banner": SimpleLazyObject(lambda: _banner(actor)) if signed_in else None,
        "navigation": navigation.Shell(actor, request.path) if signed_in else None,
        "server_now_ms": int(clock.now().timestamp() * 1000),
        "request_id": errors.request_id(request),
    }


def _banner(actor: Any) -> str | None:
    """Findings name incidents and work: they are for those who may see the engine, as on `/healthz/engine`."""
    said = health.banner(detailed=False)
    try:
        return health.banner(detailed=True) if said is not None and access.sees_engine(actor) else said
    except DatabaseError:  # the page that says so must not fail on it
        return said
