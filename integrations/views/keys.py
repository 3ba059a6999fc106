"""Pages of integration keys: the text of a key is on the page that follows its making, once (A45)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import Actor
from accounts.permissions import require
from core.web.doors import Question, actor_of, confirm, done, signed_in
from core.web.forms import sent
from integrations import permissions
from integrations.commands import keys
from integrations.forms import KeyEditForm, KeyForm, RotateForm, written_paths
from integrations.models import IntegrationKey
from integrations.queries.keys import KeyHealth, key_health, key_seen_by
from integrations.snippets import snippets
from integrations.views.intake import crumbs_of, page
from integrations.views.shown import lead_on, show, take
from oncall.queries.services import service_seen_by


def _issued(request: HttpRequest, key: IntegrationKey, raw: str, intro: str) -> HttpResponse:
    return lead_on(request, f"/keys/{key.pk}/shown/", raw, intro)


@never_cache
@signed_in
@require_safe
def shown(request: HttpRequest, pk: int) -> HttpResponse:
    """The one page that shows a key's text, to the person who has just made it."""
    actor: Actor = actor_of(request)
    key = key_seen_by(actor, pk)
    require(actor, permissions.KEY_EDIT, key)
    secret = take(request)
    pasted = snippets(key.kind, secret.raw) if secret.raw else []
    back, crumbs = f"/services/{key.service_id}/intake/", crumbs_of(key.service, ("New key", ""))
    return show(request, "The new key", secret, pasted, back=back, crumbs=crumbs)


@signed_in
@require_POST
def issue(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a key for the service."""
    actor: Actor = actor_of(request)
    service = service_seen_by(actor, pk)
    require(actor, permissions.KEY_EDIT, service)
    form = KeyForm(request.POST, auto_id="key_%s")
    made = sent(form, lambda: keys.issue(actor, service, **form.cleaned_data))
    if made is None:
        return page(request, service, key=form)
    return _issued(request, *made, f"Whatever sends with it reports about {service.name}.")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a successor; the old key works until the grace is over (F54)."""
    actor: Actor = actor_of(request)
    key = key_seen_by(actor, pk)
    require(actor, permissions.KEY_EDIT, key)
    form = RotateForm(request.POST or None, initial={"grace": "24"})
    if request.method == "POST":
        made = sent(form, lambda: keys.rotate(actor, key, grace=form.span()))
        if made is not None:
            return _issued(request, *made, f"It follows {key.prefix}…, which works until its grace is over.")
    context = {
        "form": form,
        "title": f"Rotate the key {key}",
        "intro": "A new key is made and shown once. Put it in place before the old one ends.",
        "button": "Make the new key",
        "back": f"/services/{key.service_id}/intake/",
        "crumbs": crumbs_of(key.service, ("Rotate", "")),
    }
    return render(request, "ui/edit.html", context, status=form.status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a key, and say where plain JSON keeps its values."""
    actor: Actor = actor_of(request)
    key = key_seen_by(actor, pk)
    require(actor, permissions.KEY_EDIT, key)
    stored = {"name": key.name, "paths": written_paths(key.paths), "version": key.version}
    form = KeyEditForm(request.POST or None, initial=stored)
    if request.method == "POST":
        made = sent(
            form,
            lambda: keys.edit(actor, key, version=form.seen(), **form.values()),
            lambda: (key.version, stored),
        )
        if made is not None:
            return done(request, f"/services/{key.service_id}/intake/", "The key was changed.")
    context = {
        "form": form,
        "title": f"Edit the key {key}",
        "intro": "Paths are for keys of plain JSON; other tools are understood without.",
        "back": f"/services/{key.service_id}/intake/",
        "crumbs": crumbs_of(key.service, ("Edit key", "")),
    }
    return render(request, "ui/edit.html", context, status=form.status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then refuse a key from now on."""
    actor: Actor = actor_of(request)
    key = key_seen_by(actor, pk)
    require(actor, permissions.KEY_EDIT, key)
    health = key_health(key.service).get(key.pk, KeyHealth())
    back = f"/services/{key.service_id}/intake/"

    def act() -> str:
        keys.revoke(actor, key)
        return "The key is refused from now on."

    question = Question(
        f"Revoke the key {key}?",
        [
            f"It brought {health.events} {'event' if health.events == 1 else 'events'} in the last 24 hours."
            if health.last_event_at
            else "It has never been used.",
            f"Whatever still sends with it is refused at once, and {key.service.name} does not hear of it.",
            "It cannot be brought back; rotating keeps the old one for a while.",
        ],
        "Revoke the key",
        back,
        crumbs_of(key.service, ("Revoke", "")),
    )
    return confirm(request, question, act, back)
