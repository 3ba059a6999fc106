"""Pages of outgoing webhooks: their list, each with its log, and their forms; the secret is shown once (A45, A98)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import Actor
from accounts.permissions import require
from core import clock
from core.web import once
from core.web.doors import Question, actor_of, confirm, done, part_of, signed_in
from core.web.forms import sent
from integrations import permissions
from integrations.commands import webhooks
from integrations.forms import ResumeForm, SecretForm, WebhookForm
from integrations.kinds import PING, USUAL_KINDS, WEBHOOK_KINDS
from integrations.models import OutboundWebhook
from integrations.queries.webhooks import (
    deliveries_of,
    lost_of,
    may_own_all,
    owners_to_choose,
    services_to_choose,
    webhook_seen_by,
    webhooks_of,
)
from notifications.providers.carrier import look_up

HOME = ("Webhooks", "/webhooks/")
INTRO = "Messages are signed with it; the receiver needs it to know them from forged ones."


@signed_in
@require_safe
def webhook_list(request: HttpRequest) -> HttpResponse:
    """The webhooks that one may define, and how each fares."""
    actor: Actor = actor_of(request)
    context = {"webhooks": webhooks_of(actor), "crumbs": [("Webhooks", "")]}
    return render(request, "integrations/webhooks/list.html", context)


@signed_in
@require_safe
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    """One webhook: what it hears of, how it fares, and what it was sent, newest first."""
    actor: Actor = actor_of(request)
    row = webhook_seen_by(actor, pk)
    part = part_of(request, deliveries_of(actor, row).defer("body"))
    context = {
        "webhook": row,
        "kinds": [WEBHOOK_KINDS.get(kind, kind) for kind in row.kinds],
        "part": part,
        "older": part.older,
        "may_replay": row.state == OutboundWebhook.ACTIVE and lost_of(actor, row).exists(),
        "advice": next((each.advice for each in part.rows if each.kind != PING and each.advice), ""),
        "is_waiting": any(each.kind == PING and each.state == "waiting" for each in part.rows),
        "has_old_secret": row.old_secret_until is not None and row.old_secret_until > clock.now(),
        "crumbs": [HOME, (row.name, "")],
    }
    return render(request, "integrations/webhooks/detail.html", context)


def _form(actor: Actor, data: Any, initial: dict[str, Any], row: OutboundWebhook | None = None) -> WebhookForm:
    """The form with what this actor may choose from, and what is chosen already."""
    teams = {team.pk: team for team in owners_to_choose(actor)}
    services = {each.pk: each for each in services_to_choose(actor)}
    if row is not None:
        services |= {each.pk: each for each in row.services.select_related("team")}
    whole = may_own_all(actor)
    return WebhookForm(data, initial=initial, teams=teams.values(), services=services.values(), whole=whole)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a webhook."""
    actor: Actor = actor_of(request)
    require(actor, permissions.WEBHOOK_EDIT)
    form = _form(actor, request.POST or None, {"kinds": list(USUAL_KINDS), "team": request.GET.get("team", "")})
    if request.method == "POST":

        def act() -> tuple[OutboundWebhook, str]:
            look_up(form.cleaned_data["url"], field="url")
            return webhooks.create(actor, form.owner(), **form.values())

        made = sent(form, act)
        if made is not None:
            return once.lead_on(request, f"/webhooks/{made[0].pk}/shown/", made[1], INTRO)
    context = {
        "form": form,
        "title": "New webhook",
        "intro": "A program of yours hears of incidents by a signed POST. Private incidents are never told of.",
        "button": "Make webhook",
        "back": "/webhooks/",
        "crumbs": [HOME, ("New", "")],
    }
    return render(request, "ui/edit.html", context, status=form.status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a webhook."""
    actor: Actor = actor_of(request)
    row = webhook_seen_by(actor, pk)
    require(actor, permissions.WEBHOOK_EDIT, row)
    stored = {
        **{name: getattr(row, name) for name in ("name", "url", "kinds", "version")},
        "team": str(row.team_id or ""),
        "services": [str(each.pk) for each in row.services.all()],
    }
    form = _form(actor, request.POST or None, stored, row)
    if request.method == "POST":

        def act() -> OutboundWebhook:
            look_up(form.cleaned_data["url"], field="url")
            values = {"team": form.owner(), "keep_team": False, **form.values()}
            return webhooks.edit(actor, row, version=form.seen(), **values)

        made = sent(form, act, lambda: (row.version, stored))
        if made is not None:
            return done(request, f"/webhooks/{pk}/", f"{made.name} was changed.")
    context = {
        "form": form,
        "title": f"Edit {row.name}",
        "back": f"/webhooks/{pk}/",
        "crumbs": [HOME, (row.name, f"/webhooks/{pk}/"), ("Edit", "")],
    }
    return render(request, "ui/edit.html", context, status=form.status)


@never_cache
@signed_in
@require_safe
def shown(request: HttpRequest, pk: int) -> HttpResponse:
    """The one page that shows a webhook's secret, to the person who has just made it."""
    actor: Actor = actor_of(request)
    row = webhook_seen_by(actor, pk)
    require(actor, permissions.WEBHOOK_EDIT, row)
    raw, intro = once.take(request)
    context = {
        "webhook": row,
        "raw": raw,
        "intro": intro or "The secret was shown once, and nobody can read it again. If it is lost, rotate it.",
        "crumbs": [HOME, (row.name, f"/webhooks/{pk}/"), ("Secret", "")],
    }
    return render(request, "integrations/webhooks/secret.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a new secret; until the grace is over each message is signed by both (F54)."""
    actor: Actor = actor_of(request)
    row = webhook_seen_by(actor, pk)
    require(actor, permissions.WEBHOOK_EDIT, row)
    form = SecretForm(request.POST or None, initial={"grace": "24"})
    if request.method == "POST":
        made = sent(form, lambda: webhooks.rotate(actor, row, grace=form.span()))
        if made is not None:
            return once.lead_on(request, f"/webhooks/{pk}/shown/", made[1], INTRO)
    context = {
        "form": form,
        "title": f"Rotate the secret of {row.name}",
        "intro": "A new secret is made and shown once.",
        "button": "Make the new secret",
        "back": f"/webhooks/{pk}/",
        "crumbs": [HOME, (row.name, f"/webhooks/{pk}/"), ("Rotate", "")],
    }
    return render(request, "ui/edit.html", context, status=form.status)


@signed_in
@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Send nothing for a while; it can be taken back."""
    actor: Actor = actor_of(request)
    row = webhooks.pause(actor, webhook_seen_by(actor, pk))
    return done(request, f"/webhooks/{pk}/", f"{row.name} is paused: events wait in its log.")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask what becomes of the events that waited, then send again."""
    actor: Actor = actor_of(request)
    row = webhook_seen_by(actor, pk)
    require(actor, permissions.WEBHOOK_EDIT, row)
    form = ResumeForm(request.POST or None, initial={"waiting": "send"})
    if request.method == "POST":

        def act() -> OutboundWebhook:
            return webhooks.resume(actor, row, send_waiting=form.cleaned_data["waiting"] == "send")

        if sent(form, act) is not None:
            return done(request, f"/webhooks/{pk}/", f"{row.name} is sent to again.")
    context = {
        "form": form,
        "title": f"Resume {row.name}",
        "intro": f"Paused: {row.paused_reason}." if row.paused_reason else "",
        "button": "Resume",
        "back": f"/webhooks/{pk}/",
        "crumbs": [HOME, (row.name, f"/webhooks/{pk}/"), ("Resume", "")],
    }
    return render(request, "ui/edit.html", context, status=form.status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then remove a webhook with its log."""
    actor: Actor = actor_of(request)
    row = webhook_seen_by(actor, pk)
    require(actor, permissions.WEBHOOK_EDIT, row)

    def act() -> str:
        webhooks.delete(actor, row)
        return f"{row.name} was removed."

    question = Question(
        f"Remove {row.name}?",
        ["Its receiver hears of nothing any more.", "Its log goes with it; what waits is not sent."],
        "Remove it",
        f"/webhooks/{pk}/",
        [HOME, (row.name, f"/webhooks/{pk}/"), ("Remove", "")],
    )
    return confirm(request, question, act, "/webhooks/")
