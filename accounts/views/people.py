"""Who is here and who is invited; a person as others see him or her."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.actors import Actor
from accounts.kinds import panels
from accounts.permissions import FACTOR_RESET, INVITATION_SEND, USER_EDIT, USER_SEE, can, require
from accounts.queries import invitations_seen_by, people_by_name, person_seen_by, place_managed_by, places_of
from core import clock
from core.web import once
from core.web.doors import actor_of, signed_in
from core.zones import zone_of

MOST = 300  # people on one page; the palette finds everybody


@never_cache
@signed_in
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody by name, and whoever is invited for those who may invite; a new link is shown to them once."""
    actor: Actor = actor_of(request)
    require(actor, USER_SEE)
    found = list(people_by_name(actor)[: MOST + 1])
    link, intro = once.take(request)
    context = {
        "people": found[:MOST],
        "more": len(found) > MOST,
        "invitations": list(invitations_seen_by(actor).filter(accepted_at=None, revoked_at=None)),
        "may_invite": can(actor, INVITATION_SEND),
        "sees_addresses": can(actor, USER_EDIT),
        "link": link,
        "intro": intro,
        "me": actor.user,
        "crumbs": [("People", "")],
    }
    return render(request, "accounts/people/list.html", context)


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
        "may_reset": not own and can(actor, FACTOR_RESET, place_managed_by(shown, actor.user) or shown),
        "administered": reverse("admin:accounts_user_change", args=[shown.pk]) if can(actor, USER_EDIT) else "",
        "panels": panels("person", actor, shown),
        "crumbs": [("People", "/people/"), (shown.name, "")],
    }
    return render(request, "accounts/people/person.html", context)
