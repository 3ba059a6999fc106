"""Which of a person's addresses the browser itself is: a signed cookie says so, and signing out takes it away (S34)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.actors import Actor
from notifications.commands import contact_methods
from notifications.commands.devices import PUSH
from notifications.models import ContactMethod
from notifications.queries.log import methods_seen_by

COOKIE = "__Host-watchbill-device" if settings.SESSION_COOKIE_SECURE else "watchbill-device"
KEPT = timedelta(days=400)  # as long as browsers keep any; a session ends earlier, and pages still come after it


def remember(response: HttpResponse, method: ContactMethod) -> None:
    """Leave the mark in the browser that has subscribed."""
    response.set_signed_cookie(
        COOKIE,
        str(method.pk),
        salt=COOKIE,
        max_age=KEPT,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def this_browser(request: HttpRequest, actor: Actor) -> ContactMethod | None:
    """The actor's own address that pages are pushed to here; None where nothing is, or another person's."""
    marked = request.get_signed_cookie(COOKIE, default="", salt=COOKIE)
    return methods_seen_by(actor).filter(pk=marked, provider=PUSH).first() if marked else None


def leave(request: HttpRequest, actor: Actor) -> None:
    """Whoever signs out is paged here no more: the next person at this browser would read it (S34)."""
    found = this_browser(request, actor)
    if found is not None:
        contact_methods.remove(actor, found)
