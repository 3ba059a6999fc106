"""The first steps of a new portal: seven of them until pages reach people (mock-up 14)."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.actors import Actor
from accounts.permissions import require
from core.squares import square_code
from core.web.doors import actor_of, signed_in
from integrations.queries.steps import first_steps, following
from oncall.permissions import SERVICE_SEE


@signed_in
@require_safe
def steps(request: HttpRequest) -> HttpResponse:
    """What is done, what comes next, and where."""
    actor: Actor = actor_of(request)
    require(actor, SERVICE_SEE)
    found = first_steps(actor)
    left = [step for step in found if not step.done]
    context = {
        "steps": found,
        "following": following(found),
        "done": len(found) - len(left),
        "left": len(left),
        "share": round((len(found) - len(left)) / len(found) * 160),
        "address": f"{settings.PORTAL_URL}/now/",
        "code": square_code(f"{settings.PORTAL_URL}/now/"),
        "only_here": (urlsplit(settings.PORTAL_URL).hostname or "") in ("localhost", "127.0.0.1", "::1"),
        "crumbs": [("Set up", "")],
    }
    return render(request, "integrations/first_steps.html", context)
