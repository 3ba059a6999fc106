"""Signs of life for machines: `/healthz`, `/healthz/engine`, `/metrics` (G15).

Strangers and stakeholders learn whether the engine is well and nothing else; the findings are for staff and
their API tokens. `/metrics` answers those and this machine; beyond the limit of wrong tokens it is 429.
"""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from core import health
from core import metrics as figures
from core.errors import Forbidden, TooMany
from core.web import access, address
from core.web.front import RELAYED


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """`ok`: the process answers. The web process itself answers in front of Django (`core.web.front`)."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def engine(request: HttpRequest) -> HttpResponse:
    """200 only when the engine's own audit finds nothing wrong, else 503; details for those who may know."""
    report = health.report()
    try:
        known = _is_known(request)
    except TooMany:  # whoever watches us with an old token learns still that we are alive
        known = False
    body = report if known else {"healthy": report["healthy"]}
    return JsonResponse(body, status=200 if report["healthy"] else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text; the lateness of the oldest due row comes first."""
    if not (_is_local(request) or _is_known(request)):
        raise Forbidden("Metrics need an API token.", hint="Send “Authorization: Bearer <token>”.")
    return HttpResponse(figures.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _is_known(request: HttpRequest) -> bool:
    """Whether somebody who may know has signed in, or a valid API token of such a person came along.

    A session that lacks its second factor is a stranger's.
    """
    actor = None if access.held_up(request) else access.actor_of(request)
    token = request.headers.get("Authorization", "")
    if (actor is None or actor.user is None) and token:
        client = (address.client_address(request.META), 0)
        actor = access.socket_actor({"headers": [(b"authorization", token.encode())], "client": client})
    return actor is not None and access.sees_engine(actor)


def _is_local(request: HttpRequest) -> bool:
    """Whether the client is on this machine and not merely behind a proxy that we do not know."""
    if RELAYED in request.META:
        return False
    try:
        return ipaddress.ip_address(address.client_address(request.META)).is_loopback
    except ValueError:
        return False
