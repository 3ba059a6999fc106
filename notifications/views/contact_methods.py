"""Pages of one's own addresses: add, prove, test, rename, remove (A43)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import Actor
from accounts.models import User
from core.devices import device_name
from core.errors import Conflict, Missing, TooMany
from core.web.doors import Question, actor_of, confirm, done, signed_in
from core.web.forms import sent
from notifications.commands import contact_methods, devices
from notifications.commands.devices import PUSH
from notifications.forms import BrowserForm, CodeForm, LabelForm, MethodForm
from notifications.kinds import FILED, Provider
from notifications.models import ContactMethod
from notifications.providers.carrier import look_up
from notifications.providers.email import mail_is_filed
from notifications.queries.lately import is_filed, lately, only_filed, silence_of
from notifications.queries.log import addable_providers, method_seen_by, methods_seen_by, usable_providers
from notifications.views import device

PATH = "/profile/contact-methods/"
HOME = ("Your profile", "/profile/")
LIST = ("Contact methods", PATH)


@signed_in
@require_safe
def method_list(request: HttpRequest) -> HttpResponse:
    """One's own addresses with the state of each."""
    return _list(request, BrowserForm())


def _list(request: HttpRequest, browser: BrowserForm) -> HttpResponse:
    """The devices that pages are pushed to, then the other addresses."""
    actor: Actor = actor_of(request)
    found, ways = list(methods_seen_by(actor)), usable_providers()
    news = lately(found)
    rows = [(method, news[method.pk]) for method in found]
    working = [method for method in found if method.verified_at and not method.broken_at]
    context = {
        "devices": [row for row in rows if row[0].provider == PUSH],
        "methods": [row for row in rows if row[0].provider != PUSH],
        "usable": bool(working),
        "only_filed": only_filed(working),
        "silence": silence_of(actor),
        "filed": mail_is_filed(),
        "can_push": any(each.id == PUSH for each in ways),
        "is_iphone": any(mark in request.headers.get("User-Agent", "") for mark in ("iPhone", "iPad")),
        "browser": browser,
        "providers": [each for each in ways if each.id != PUSH],
        "tab": "methods",
        "crumbs": [HOME, ("Contact methods", "")],
    }
    return render(request, "notifications/methods/list.html", context, status=browser.status)


@signed_in
@require_POST
def browser(request: HttpRequest) -> HttpResponse:
    """Let the browser that sends its subscription receive pages."""
    actor: Actor = actor_of(request)
    me: User = actor_of(request).user
    form = BrowserForm(request.POST)
    made = sent(form, lambda: _subscribe(request, actor, me, form.cleaned_data))
    if made is None:
        return _list(request, form)
    response = done(request, PATH, "This browser receives pages now. Send a test page to see one.")
    device.remember(response, made)
    return response


def _subscribe(request: HttpRequest, actor: Actor, me: User, given: dict[str, Any]) -> ContactMethod:
    """The name service is asked here, outside the command's transaction (A69).

    A browser that does not say what it had before is known by its mark.
    """
    look_up(given["subscription"]["endpoint"], field="subscription")
    before = device.this_browser(request, actor)
    former = given["former"] or (before.address if before else "")
    label = device_name(request.headers.get("User-Agent", ""))
    return devices.subscribe(actor, me, **given["subscription"], former=former, label=label)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, provider: str) -> HttpResponse:
    """Add an address; the form is drawn from the provider's own fields."""
    actor: Actor = actor_of(request)
    me: User = actor_of(request).user
    carrier = next((each for each in addable_providers() if each.id == provider), None)
    if carrier is None:
        raise Missing("There is no such way to be reached, or it is not set up here.")
    form = MethodForm(request.POST or None, provider=carrier)
    if request.method == "POST":
        made = sent(form, lambda: _add(actor, me, carrier, form.values()))
        if made is not None:
            return _added(request, made)
    context = {
        "form": form,
        "title": f"Add {carrier.label}",
        "intro": "A code is sent to it, so that pages go nowhere else." if carrier.proof == "code" else "",
        "button": "Add and send the code" if carrier.proof == "code" else "Add",
        "back": PATH,
        "crumbs": [HOME, LIST, (carrier.label, "")],
    }
    return render(request, "ui/edit.html", context, status=form.status)


def _add(actor: Actor, me: User, carrier: Provider, values: dict[str, Any]) -> ContactMethod:
    """The name service is asked here, outside the command's transaction (A69)."""
    if carrier.address_field.kind == "url":
        look_up(values["address"], field="address")
    return contact_methods.add(actor, me, **values)


def _added(request: HttpRequest, made: ContactMethod) -> HttpResponse:
    """On to the code; a signing secret that the portal made is shown this once."""
    secret = made.secrets.get("secret", "") if made.provider == "webhook" else ""
    if secret:
        context = {"method": made, "secret": secret, "crumbs": [HOME, LIST, (str(made), "")]}
        return render(request, "notifications/methods/secret.html", context)
    if made.verified_at is None:
        return done(request, f"{PATH}{made.pk}/", "A code is on its way.")
    return done(request, PATH, "The address was added.")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def method(request: HttpRequest, pk: int) -> HttpResponse:
    """One address; POST proves it by its code."""
    actor: Actor = actor_of(request)
    shown = method_seen_by(actor, pk)
    form = CodeForm(request.POST or None)
    if request.method == "POST":
        made = sent(form, lambda: contact_methods.verify(actor, shown, code=form.cleaned_data["code"]))
        if made is not None:
            return done(request, PATH, f"{made.carrier} is proven: pages can reach you there.")
    return _page(request, shown, form)


def _page(
    request: HttpRequest,
    shown: ContactMethod,
    code: CodeForm,
    label: LabelForm | None = None,
    refusal: Conflict | TooMany | None = None,
) -> HttpResponse:
    label = label or LabelForm(initial={"label": shown.label})
    context = {
        "method": shown,
        "news": lately([shown])[shown.pk],
        "filed": mail_is_filed(),
        "form": code,
        "label": label,
        "refusal": refusal,
        "crumbs": [HOME, LIST, (shown.label or shown.carrier, "")],
    }
    status = refusal.status if refusal else max(code.status, label.status)
    response = render(request, "notifications/methods/detail.html", context, status=status)
    if isinstance(refusal, TooMany):
        response["Retry-After"] = str(refusal.retry_after)
    return response


@signed_in
@require_POST
def send_code(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a new code; refused beside the form when there were too many."""
    actor: Actor = actor_of(request)
    shown = method_seen_by(actor, pk)
    try:
        contact_methods.send_code(actor, shown)
    except (Conflict, TooMany) as error:
        return _page(request, shown, CodeForm(), refusal=error)
    return done(request, f"{PATH}{pk}/", "A new code is on its way; the former one has ended.")


@signed_in
@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Give an address another name."""
    actor: Actor = actor_of(request)
    shown = method_seen_by(actor, pk)
    form = LabelForm(request.POST)
    made = sent(form, lambda: contact_methods.rename(actor, shown, label=form.cleaned_data["label"]))
    if made is None:
        return _page(request, shown, CodeForm(), form)
    return done(request, f"{PATH}{pk}/", "The name was changed.")


@signed_in
@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send oneself a test message."""
    actor: Actor = actor_of(request)
    shown = method_seen_by(actor, pk)
    try:
        delivery = contact_methods.send_test(actor, shown)
    except (Conflict, TooMany) as error:
        return _page(request, shown, CodeForm(), refusal=error)
    said = "A test is on its way. This page tells what becomes of it."
    if is_filed(shown):
        said = f"{FILED}. The test reaches nobody."
    return done(request, f"/deliveries/{delivery.pk}/", said)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take an address away."""
    actor: Actor = actor_of(request)
    shown = method_seen_by(actor, pk)
    sound = methods_seen_by(actor).filter(verified_at__isnull=False, broken_at__isnull=True).exclude(pk=pk)
    others = sum(not is_filed(each) for each in sound)

    def act() -> str:
        contact_methods.remove(actor, shown)
        return "The address was removed."

    named = shown.place if shown.provider == PUSH else f"{shown.carrier} {shown.place}"
    left = f"{others} other working {'address is' if others == 1 else 'addresses are'} left."
    question = Question(
        f"Remove {named}?",
        [
            left if others else "No working address is left: no page can reach you.",
            "Notification rules that name it go with it. What waits for it is sent to your other addresses.",
        ],
        "Remove it",
        f"{PATH}{pk}/",
        [HOME, LIST, ("Remove", "")],
    )
    return confirm(request, question, act, f"{PATH}#removed")
