"""One's own profile and API tokens."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.commands import tokens, users
from accounts.forms import COMFORTS, ProfileForm, TokenForm
from accounts.kinds import panels
from accounts.models import User
from accounts.queries import places_of, token_seen_by, tokens_seen_by
from core import clock
from core.web import once
from core.web.doors import Question, actor_of, confirm, done, signed_in
from core.web.forms import sent

HOME = ("Your profile", "/profile/")


def _me(request: HttpRequest) -> User:
    found: User = actor_of(request).user
    return found


def _stored(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in (*COMFORTS, "version")}


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name, time zone, look, keys and announcements; above them what happens when a page comes."""
    actor: Actor = actor_of(request)
    me = _me(request)
    form = ProfileForm(request.POST or None, initial=_stored(me))
    if request.method == "POST":
        made = sent(
            form,
            lambda: users.edit_profile(actor, me, version=form.seen(), **form.values()),
            lambda: (me.version, _stored(me)),
        )
        if made is not None:
            return done(request, "/profile/", "Your profile was saved.")
    context = {
        "form": form,
        "me": me,
        "places": places_of(me),
        "panels": panels("profile", actor, me),
        "crumbs": [("Your profile", "")],
        "tab": "profile",
    }
    return render(request, "accounts/profile/profile.html", context, status=form.status)


@never_cache
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """One's own tokens; a new one's text is on the page that follows its making alone (A44)."""
    actor: Actor = actor_of(request)
    me = _me(request)
    form = TokenForm(request.POST or None)
    if request.method == "POST":
        made = sent(
            form,
            lambda: tokens.issue(actor, me, form.cleaned_data["name"], form.cleaned_data["scopes"], form.expires()),
        )
        if made is not None:
            return once.lead_on(request, "/profile/tokens/", made[1])
    found = tokens_seen_by(actor).filter(user=me)
    now = clock.now()
    context = {
        "form": form,
        "raw": "" if request.method == "POST" else once.take(request)[0],
        "tokens": [(token, token.is_usable(now)) for token in found],
        "crumbs": [HOME, ("API tokens", "")],
        "tab": "tokens",
    }
    return render(request, "accounts/profile/tokens.html", context, status=form.status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then end a token."""
    actor: Actor = actor_of(request)
    token = token_seen_by(actor, pk)

    def act() -> str:
        tokens.revoke(actor, token)
        return f"{token.name} opens nothing any more."

    question = Question(
        f"Revoke the token {token.name}?",
        [
            "Whatever uses it is refused from the next request on.",
            "It cannot be brought back; issue a new one instead.",
        ],
        "Revoke it",
        "/profile/tokens/",
        [HOME, ("API tokens", "/profile/tokens/"), (token.name, "")],
    )
    return confirm(request, question, act, "/profile/tokens/")
