"""Inviting somebody, and the page to which the mailed link leads (A40)."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import Actor
from accounts.commands import invitations
from accounts.commands.invitations import Sent
from accounts.entering import enter
from accounts.forms import InvitationForm, JoinForm
from accounts.models import User
from accounts.models.users import ROLES
from accounts.permissions import INVITATION_SEND, USER_EDIT, can, require
from accounts.queries import invitation_link, invitation_seen_by, organisation, teams_to_invite_into
from core import throttle
from core.errors import Conflict, Invalid, Missing, PortalError
from core.web import once
from core.web.address import client_address, network_of
from core.web.doors import Question, actor_of, confirm, done, signed_in
from core.web.forms import sent

PEOPLE = ("People", "/people/")
GUESSES, QUARTER = 30, 15 * 60  # forms sent to links that open nothing, from one address; seconds
looks = throttle.Pace(per_second=1, burst=60)  # the same for opening them, which writes nothing (A23)
FILED = "No mail server is set, so the mail is a file of the portal: an administrator can hand the link over."


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody; `?team=` chooses the team."""
    actor: Actor = actor_of(request)
    require(actor, INVITATION_SEND)
    wide = can(actor, USER_EDIT)
    roles = [each for each in ROLES if wide or each[0] == "responder"]
    form = InvitationForm(
        request.POST if request.method == "POST" else None,
        initial={"role": "responder", "team": request.GET.get("team", "")},
        roles=roles,
        teams=teams_to_invite_into(actor),
    )
    if request.method == "POST":
        made = sent(form, lambda: invitations.invite(actor, **form.values()))
        if made is not None:
            return _on_its_way(request, made)
    context = {
        "form": form,
        "title": "Invite somebody",
        "intro": "A link goes out by mail. It works once, for seven days; by it the person chooses a password.",
        "button": "Send the invitation",
        "back": "/people/",
        "crumbs": [PEOPLE, ("Invite", "")],
    }
    return render(request, "ui/edit.html", context, status=form.status)


@signed_in
@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a new link at once."""
    actor: Actor = actor_of(request)
    return _on_its_way(request, invitations.resend(actor, invitation_seen_by(actor, pk)))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take an invitation back."""
    actor: Actor = actor_of(request)
    shown = invitation_seen_by(actor, pk)
    require(actor, INVITATION_SEND, shown)

    def act() -> str:
        invitations.revoke(actor, shown)
        return f"{shown.name} is no longer invited."

    question = Question(
        f"Take back the invitation of {shown.name}?",
        ["The link that was mailed opens nothing from now on.", "You can invite the address again."],
        "Take it back",
        "/people/",
        [PEOPLE, (shown.name, "")],
    )
    return confirm(request, question, act, "/people/")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the form and changes nothing; POST joins once and signs in. Every other link is answered alike."""
    try:
        found = invitations.open_to(token)
    except Missing as refusal:
        return _closed(request, refusal)
    first = {"name": found.name, "time_zone": found.invited_by.time_zone}
    form = JoinForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            user = invitations.accept(token, **form.cleaned_data)
        except (Invalid, Conflict) as refusal:
            for field, sentences in (refusal.fields or {"": [refusal.detail]}).items():
                form.add_error(field if field in form.fields else None, sentences)
        except Missing as refusal:  # another one was quicker
            return _closed(request, refusal)
        else:
            return _welcome(request, user)
    context = {"form": form, "invitation": found, "organisation": organisation()}
    return render(request, "account/invitation.html", context, status=400 if form.errors else 200)


def _welcome(request: HttpRequest, user: User) -> HttpResponse:
    if user.role == "stakeholder":
        return enter(request, user, "/now/", method="password")
    messages.success(request, "You are in. Now say how you want to be reached, so that a page finds you.")
    return enter(request, user, "/profile/contact-methods/", method="password")


def _closed(request: HttpRequest, refusal: PortalError) -> HttpResponse:
    """One page for used, expired, revoked and guessed links; whoever tries many is stopped (A40)."""
    network = network_of(client_address(request.META))
    if request.method == "POST":
        throttle.hit("invitation-guess", network, GUESSES, QUARTER)
    else:
        looks.step(network)
    return render(request, "account/invitation_closed.html", {"said": refusal.detail}, status=404)


def _on_its_way(request: HttpRequest, made: Sent) -> HttpResponse:
    invitation = made.invitation
    if made.raw:
        intro = f"{invitation.name} joins by this link, once."
        return once.lead_on(request, "/people/", invitation_link(made.raw), intro)
    sentence = f"An invitation is on its way to {invitation.email}."
    return done(request, "/people/", sentence if settings.EMAIL_URL else FILED)
