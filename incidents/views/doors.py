"""What the room's pages share: who may come in, and where a POST leads."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from accounts.actors import Actor
from core.errors import PortalError
from core.web import htmx

View = Callable[..., HttpResponse]


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in person, as the middleware has found out."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def signed_in(view: View) -> View:
    """Send strangers to the sign-in page and back; a script is told 401, so that no form is lost in a redirect."""

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if actor_of(request).user is not None:
            return view(request, *args, **kwargs)
        if request.headers.get("HX-Request") == "true" or request.headers.get("X-Live"):
            return HttpResponse(status=401)
        return redirect_to_login(request.get_full_path())

    return door


def done(request: HttpRequest, path: str, sentence: str, *, undo: str = "") -> HttpResponse:
    """Say what was done and go on to a path of ours; `undo` is the address that takes it back by POST."""
    messages.success(request, sentence, extra_tags=undo)
    return htmx.redirect(request, path)


def fill_errors(form: Any, error: PortalError) -> None:
    """Put a command's refusal beside the fields it names, or above the form."""
    for name, sentences in error.fields.items():
        form.add_error(name if name in form.fields else None, sentences)
    if not error.fields:
        form.add_error(None, error.detail)
