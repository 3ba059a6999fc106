"""Second factors are added, renamed, removed and reset here; recovery codes are shown once (A42)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import second_factor
from accounts.actors import Actor
from accounts.adapter import FactorAdapter
from accounts.commands import factors
from accounts.forms import AppForm, PasskeyForm, PasskeyNameForm
from accounts.passkeys import NewPasskeyForm
from accounts.permissions import FACTOR_RESET, require
from accounts.queries import factor_seen_by, person_seen_by, place_managed_by
from accounts.views.security import HOME, SECURITY, following, me
from core.errors import Invalid, Missing
from core.links import absolute, inward
from core.secrets import decrypt, encrypt
from core.squares import square_code
from core.web import once
from core.web.address import is_address
from core.web.doors import Question, actor_of, confirm, done, let_through, signed_in
from core.web.forms import PortalForm, sent

CODES = "/profile/security/codes/"
SEED, AFTER = "app_seed", "after_factor"  # in the session: the sealed seed before its first code; where to go on
Type = Authenticator.Type


@let_through
@require_safe
def enrol(request: HttpRequest) -> HttpResponse:
    """Which second factor it shall be; whoever needs one is led here before any other page."""
    user = me(request)
    context = {
        "held": second_factor.is_held_up(request.session, user),
        "next": following(request),
        "by_number": is_address(request.get_host()),
        "better": absolute("/"),
    }
    return render(request, "account/enrol.html", context)


def _to_prove(request: HttpRequest) -> HttpResponse:
    """The password first; then this page again."""
    return HttpResponseRedirect(f"{second_factor.PROVE}?{urlencode({'next': request.get_full_path()})}")


def _may_add(request: HttpRequest) -> bool:
    """A moment after the sign-in or a proof; somebody with a factor has shown it in this session (A42)."""
    user = me(request)
    shown = second_factor.stands(request.session, user) or not second_factor.has_factor(user)
    return shown and second_factor.is_fresh(request.session, user)


@never_cache
@sensitive_post_parameters("code")
@let_through
@require_http_methods(["GET", "HEAD", "POST"])
def app(request: HttpRequest) -> HttpResponse:
    """Add an app that shows codes: scan, then type the code that it shows."""
    if not _may_add(request):
        return _to_prove(request)
    actor, user = actor_of(request), me(request)
    secret = _seed(request)
    form = AppForm(request.POST or None)
    if request.method == "POST":
        codes = sent(form, lambda: factors.add_app(actor, user, secret=secret, code=form.cleaned_data["code"]))
        if codes is not None:
            del request.session[SEED]
            return _added(request, codes, "The app was added.")
    address = FactorAdapter().build_totp_url(user, secret)
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    context = {**_around(request, form), "secret": spaced, "code": square_code(address)}
    return render(request, "account/add_app.html", context, status=form.status)


def _around(request: HttpRequest, form: PortalForm) -> dict[str, Any]:
    """What both pages say: the form, where they lead on to, and the way back."""
    held = second_factor.is_held_up(request.session, me(request))
    return {"form": form, "next": following(request), "held": held, "other": second_factor.ENROL}


def _seed(request: HttpRequest) -> str:
    """The seed that this browser is shown until its app has answered, sealed in the session (A98)."""
    try:
        return decrypt(request.session[SEED])
    except (KeyError, ValueError):
        secret = factors.new_secret()
        request.session[SEED] = encrypt(secret)
        return secret


@never_cache
@sensitive_post_parameters("credential")
@let_through
@require_http_methods(["GET", "HEAD", "POST"])
def passkey(request: HttpRequest) -> HttpResponse:
    """Add a passkey: the browser asks for a finger, a face, a PIN or a key."""
    if not _may_add(request):
        return _to_prove(request)
    actor, user = actor_of(request), me(request)
    form = PasskeyForm(request.POST or None)
    if request.method == "POST":
        codes = sent(form, lambda: _add_passkey(request, actor, form))
        if codes is not None:
            return _added(request, codes, "The passkey opens your account from now on.")
    by_number = is_address(request.get_host())
    context = {**_around(request, form), "by_number": by_number, "better": absolute(request.path)}
    if not by_number:
        context["js_data"] = {"creation_options": auth.begin_registration(user, False)}
    return render(request, "account/add_passkey.html", context, status=form.status)


def _add_passkey(request: HttpRequest, actor: Actor, form: PasskeyForm) -> list[str]:
    answer = NewPasskeyForm(user=me(request), data=request.POST)
    if not answer.is_valid():
        said = "The browser made no passkey. Try again, or use an app."
        raise Invalid(said, fields={"name": [said]})
    name, credential = form.cleaned_data["name"], answer.cleaned_data["credential"]
    return factors.add_passkey(actor, me(request), name=name, credential=credential)


def _added(request: HttpRequest, codes: list[str], said: str) -> HttpResponse:
    """The session was opened with a factor from now on, under a new key (A28); recovery codes are shown first."""
    second_factor.mark(request.session, me(request))
    second_factor.spend_proof(request.session)
    request.session.cycle_key()
    if not codes:
        return done(request, following(request), said)
    request.session[AFTER] = following(request)
    return once.lead_on(request, CODES, "\n".join(codes), said)


@never_cache
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def codes(request: HttpRequest) -> HttpResponse:
    """Recovery codes just made, this once; a form makes new ones after a proof."""
    if request.method == "POST":
        if not second_factor.is_proven(request.session, me(request)):
            return _to_prove(request)
        made = factors.make_recovery_codes(actor_of(request), me(request))
        second_factor.spend_proof(request.session)
        return once.lead_on(request, CODES, "\n".join(made), "The former codes are void.")
    raw, intro = once.take(request)
    if not raw and not second_factor.is_proven(request.session, me(request)):
        return _to_prove(request)
    after = inward(request.session.get(AFTER, ""), fallback=SECURITY)
    context = {"codes": raw.splitlines(), "intro": intro, "after": after, "crumbs": [*HOME, ("Recovery codes", "")]}
    return render(request, "accounts/profile/codes.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a passkey by another name."""
    actor: Actor = actor_of(request)
    factor = factor_seen_by(actor, pk)
    if factor.type != Type.WEBAUTHN:
        raise Missing("There is no such passkey.")
    form = PasskeyNameForm(request.POST or None, initial={"name": factor.data.get("name", "")})
    if request.method == "POST":
        act = lambda: factors.rename_passkey(actor, me(request), factor, name=form.cleaned_data["name"])  # noqa: E731
        if sent(form, act) is not None:
            return done(request, SECURITY, "The passkey was renamed.")
    context = {"form": form, "title": "Rename the passkey", "back": SECURITY, "crumbs": [*HOME, ("Rename", "")]}
    return render(request, "ui/edit.html", context, status=form.status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the password and a code, then remove a factor."""
    actor: Actor = actor_of(request)
    factor = factor_seen_by(actor, pk)
    if not second_factor.is_proven(request.session, me(request)):
        return _to_prove(request)
    name = str(factor) if factor.type == Type.WEBAUTHN else "the app"

    def act() -> str:
        user = factors.remove_factor(actor, me(request), factor)
        update_session_auth_hash(request, user)
        second_factor.spend_proof(request.session)
        if not second_factor.has_factor(user):
            second_factor.unmark(request.session)
        return f"Removed: {name}."

    question = Question(
        f"Remove {name}?",
        [
            "It opens nothing any more.",
            "Without any factor the password alone opens your account.",
            "With their last one, process owners and administrators are signed out everywhere else.",
        ],
        "Remove it",
        SECURITY,
        [*HOME, ("Remove", "")],
    )
    return confirm(request, question, act, SECURITY)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take a colleague's lost factors away."""
    actor: Actor = actor_of(request)
    person = person_seen_by(actor, pk)
    require(actor, FACTOR_RESET, place_managed_by(person, actor.user) or person)

    def act() -> str:
        factors.reset_factors(actor, person)
        return f"{person.name} signs in with the password alone now, and was told by mail."

    question = Question(
        f"Reset the second factors of {person.name}?",
        [
            "Make sure by another way, such as a call, that it is this person who asks.",
            "App, passkeys and recovery codes are gone, and all devices are signed out. A mail says so.",
        ],
        "Reset them",
        f"/people/{person.pk}/",
        [(person.name, f"/people/{person.pk}/"), ("Reset", "")],
    )
    return confirm(request, question, act, f"/people/{person.pk}/")
