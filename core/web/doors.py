"""What pages share: who may come in, where a POST leads, and the question before something is destroyed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.errors import Conflict, Invalid
from core.web import access, held, htmx
from core.web.above import page_above

View = Callable[..., HttpResponse]
Crumbs = Sequence[tuple[str, str]]
PAGE = 50
SEND_AGAIN = "/send-again/"


def actor_of(request: HttpRequest) -> Any:
    """The one who asks, as the middleware has found out."""
    return request.actor  # type: ignore[attr-defined]


def signed_in(view: View) -> View:
    """Send strangers to the sign-in page and back; a script is told 401, so that no form is lost in a redirect.

    A form that a browser sends after its session has ended waits until its person has signed in again. Whoever lacks
    a second factor that the portal asks for is led to it first (A42, A68).
    """
    return _door(view, leads=True)


def let_through(view: View) -> View:
    """As `signed_in`, for the pages on which a person does what he or she is led to first."""
    return _door(view, leads=False)


def _door(view: View, *, leads: bool) -> View:
    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if actor_of(request).user is not None:
            first = access.held_up(request) if leads else ""
            if first:
                return _led(request, first)
            held.sent(request)
            return view(request, *args, **kwargs)
        if request.headers.get("HX-Request") == "true" or request.headers.get("X-Live"):
            return HttpResponse(status=401)
        if request.method == "POST":
            return redirect_to_login(SEND_AGAIN if held.keep(request) else page_above(request.path))
        return redirect_to_login(request.get_full_path())

    return door


def _led(request: HttpRequest, first: str) -> HttpResponse:
    """To the page that comes first, and back; parts of a page are refused, a form waits as at a lost session."""
    if request.headers.get("X-Live"):
        return HttpResponse(status=401)
    if request.method == "POST":
        back = SEND_AGAIN if held.keep(request) else page_above(request.path)
    else:
        back = request.get_full_path()
    path = f"{first}?{urlencode({'next': back})}"
    return htmx.redirect(request, path) if htmx.wants_partial(request) else HttpResponseRedirect(path)


@signed_in
@require_safe
def send_again(request: HttpRequest) -> HttpResponse:
    """The form that this person sent when the session had ended; Now where none waits for him or her."""
    found = held.kept(request)
    if found is None:
        return HttpResponseRedirect("/now/")
    return held.offer(request, found, "You had been signed out when you sent this, so it was not saved yet.")


def done(request: HttpRequest, path: str, sentence: str, *, undo: str = "") -> HttpResponse:
    """Say what was done and go on to a path of ours; `undo` is the address that takes it back by POST."""
    messages.success(request, sentence, extra_tags=undo)
    return htmx.redirect(request, path)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before a destructive act: `reach` says in sentences whom and what it touches."""

    title: str
    reach: Sequence[str]
    button: str
    back: str
    crumbs: Crumbs = field(default_factory=tuple)
    danger: bool = True


def confirm(request: HttpRequest, question: Question, act: Callable[[], str], to: str) -> HttpResponse:
    """GET asks and changes nothing; POST acts and goes on to `to` with the sentence that `act` returns."""
    refusal, status = None, 200
    if request.method == "POST":
        try:
            sentence = act()
        except (Conflict, Invalid) as error:
            refusal, status = error, error.status
        else:
            return done(request, to, sentence)
    context = {"question": question, "refusal": refusal, "crumbs": question.crumbs}
    return render(request, "ui/confirm.html", context, status=status)


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a list by key, newest first; `older` is the query of the next one, empty at the end."""

    rows: list[Any]
    older: str
    is_first: bool


def part_of(request: HttpRequest, rows: QuerySet[Any], size: int = PAGE) -> Part:
    """The rows before `?before=<id>`, by descending id; a value that is no id is taken as the beginning."""
    before = request.GET.get("before", "")
    usable = before.isascii() and before.isdigit() and len(before) < 16
    found: list[Model] = list((rows.filter(pk__lt=int(before)) if usable else rows).order_by("-pk")[: size + 1])
    query = {name: value for name, value in request.GET.items() if name != "before"}
    older = urlencode({**query, "before": found[size - 1].pk}) if len(found) > size else ""
    return Part(found[:size], older, not usable)
