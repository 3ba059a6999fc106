"""A person as others see him or her: role, time of day, teams and what other rooms know."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.actors import Actor
from accounts.kinds import panels
from accounts.permissions import USER_EDIT, can
from accounts.queries import person_seen_by, places_of
from core import clock
from core.web.doors import actor_of, signed_in
from core.zones import zone_of


@signed_in
@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person; the address is for himself or herself and for administrators (A57)."""
    actor: Actor = actor_of(request)
    shown = person_seen_by(actor, pk)
    own = actor.user is not None and actor.user.pk == shown.pk
    zone = zone_of(shown.time_zone)
    context = {
        "person": shown,
        "own": own,
        "email": shown.email if own or can(actor, USER_EDIT) else "",
        "local": clock.now().astimezone(zone).replace(tzinfo=None),
        "zone": zone.key.replace("_", " "),
        "places": places_of(shown) if actor.user is not None and actor.user.role != "stakeholder" else (),
        "panels": panels("person", actor, shown),
        "crumbs": [(shown.name, "")],
    }
    return render(request, "accounts/people/person.html", context)
