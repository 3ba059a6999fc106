"""The page "Security" of one's profile: password, second factors and sessions; and the proof before a change (A42)."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import guessing, second_factor
from accounts.actors import Actor
from accounts.commands import factors, sign_ins
from accounts.forms import ProofForm
from accounts.models import User
from accounts.passkeys import REFUSED, StepForm
from accounts.queries import codes_left, factors_of, session_seen_by, sessions_of
from core import throttle
from core.devices import device_name
from core.errors import Invalid
from core.links import inward
from core.web import htmx
from core.web.address import client_address, is_address
from core.web.doors import Question, actor_of, confirm, let_through, signed_in

SECURITY = "/profile/security/"
HOME = [("Your profile", "/profile/"), ("Security", SECURITY)]
Type = Authenticator.Type


def me(request: HttpRequest) -> User:
    """The person of the request."""
    found: User = actor_of(request).user
    return found


def following(request: HttpRequest) -> str:
    """The page to go on to, which is one of ours (A27)."""
    return inward(request.POST.get("next") or request.GET.get("next") or "", fallback=SECURITY)


@signed_in
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """What opens one's account, and where it is open."""
    actor: Actor = actor_of(request)
    rows = list(factors_of(actor))
    codes = next((row for row in rows if row.type == Type.RECOVERY_CODES), None)
    own = request.session.session_key
    context = {
        "factors": [row for row in rows if row.type != Type.RECOVERY_CODES],
        "has_app": any(row.type == Type.TOTP for row in rows),
        "has_codes": codes is not None,
        "codes_left": None if codes is None else codes_left(codes),
        "has_password": me(request).has_usable_password(),
        "needed": second_factor.is_needed(me(request)),
        "sessions": [(row, device_name(row.user_agent), row.session_key == own) for row in sessions_of(actor)],
        "crumbs": [HOME[0], ("Security", "")],
        "tab": "security",
    }
    return render(request, "accounts/profile/security.html", context)


@never_cache
@sensitive_post_parameters("password", "code", "credential")
@let_through
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest) -> HttpResponse:
    """Ask for the password, and for a second factor where there is one, before what only the owner may do."""
    user = me(request)
    kinds = second_factor.kinds_of(user)
    form = ProofForm(request.POST or None, kinds=kinds, has_password=user.has_usable_password())
    if request.method == "POST" and _is_right(request, user, form):
        second_factor.note_proof(request.session, user)
        if kinds:
            second_factor.mark(request.session, user)
        request.session.cycle_key()
        return htmx.redirect(request, following(request))
    context: dict[str, Any] = {"form": form, "next": following(request), "kinds": kinds, "nothing": not form.asks}
    context["held"] = second_factor.is_held_up(request.session, user)
    if Type.WEBAUTHN in kinds and not is_address(request.get_host()):
        context["js_data"] = {"request_options": auth.begin_authentication(user)}
    return render(request, "account/prove.html", context, status=form.status)


def _is_right(request: HttpRequest, user: User, form: ProofForm) -> bool:
    """Whether the form holds the password and a factor; raises TooMany after ten wrong passwords, five wrong codes."""
    if not form.asks or not form.is_valid():
        form.refuse()
        return False
    try:
        _check(request, user, form)
    except Invalid as refusal:
        form.refuse(refusal)
        return False
    return True


def _check(request: HttpRequest, user: User, form: ProofForm) -> None:
    person, address = str(user.pk), client_address(request.META)
    if "password" in form.fields:
        guessing.count(guessing.PASSWORD, person, person=person, mail="password_guessed", address=address)
        if not user.check_password(form.cleaned_data["password"]):
            sentence = "This is not your password."
            raise Invalid(sentence, fields={"password": [sentence]})
        throttle.give_back(guessing.PASSWORD.name, person)
    if "code" not in form.fields:
        return
    if form.cleaned_data["credential"]:
        _check_passkey(request, user, form.cleaned_data["credential"])
    else:
        factors.spend_code(user, form.cleaned_data["code"], address=address)


def _check_passkey(request: HttpRequest, user: User, credential: str) -> None:
    answer = StepForm(user=user, data={"credential": credential})
    if not answer.is_valid():
        raise Invalid(REFUSED, fields={"code": [REFUSED]})
    post_authentication(request, answer.cleaned_data["credential"], reauthenticated=True)


# --- sessions -------------------------------------------------------------------------------------
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then end one session."""
    actor: Actor = actor_of(request)
    session = session_seen_by(actor, pk)
    device = device_name(session.user_agent)

    def act() -> str:
        sign_ins.end(actor, session)
        return f"{device} was signed out."

    question = Question(
        f"Sign out {device}?",
        ["Its pages lead to the sign-in from now on.", "Pages that are pushed to it go on until you remove it there."],
        "Sign it out",
        SECURITY,
        [*HOME, (device, "")],
    )
    return confirm(request, question, act, SECURITY)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Ask, then end every session but this one."""
    actor: Actor = actor_of(request)

    def act() -> str:
        user = sign_ins.end_others(actor, me(request), key=str(request.session.session_key))
        update_session_auth_hash(request, user)
        return "You are signed out everywhere else."

    question = Question(
        "Sign out everywhere else?",
        ["Only this browser stays signed in.", "A phone on call needs the password again; links in pages still work."],
        "Sign out everywhere else",
        SECURITY,
        [*HOME, ("Other sessions", "")],
    )
    return confirm(request, question, act, SECURITY)
