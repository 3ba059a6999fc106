"""Browsers that receive pages, how each address did lately, and the warning that nothing has worked (F67, A43)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import http_ece
import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts import actors
from accounts.actors import link_holder
from core import clock, links
from core.devices import device_name
from core.errors import Forbidden
from notifications.commands import devices
from notifications.messages import Message
from notifications.models import ContactMethod, Delivery
from notifications.providers.webpush import said
from notifications.queries.lately import silence_of
from tests import world as builders
from tests.fakes import Carrier, drain
from tests.notifications.test_providers_http import subscription
from tests.pages import after, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db
PATH = "/profile/contact-methods/"
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
)
API = "/api/v1/contact-methods/subscription/"


def written(carrier: Carrier, name: str = "one", keys: dict[str, str] | None = None) -> dict[str, Any]:
    """What `JSON.stringify(subscription)` gives in a browser."""
    return {"endpoint": f"{carrier.url}/{name}", "expirationTime": None, "keys": keys or subscription()[2]}


def subscribe(client: Client, subscribed: dict[str, Any], former: str = "", agent: str = PHONE) -> Any:
    """Press the button, as the page's script does."""
    form = {"subscription": json.dumps(subscribed), "former": former}
    return client.post(f"{PATH}browser/", form, headers={"User-Agent": agent})


def test_bo_lets_his_phone_receive_pages(world: World, browser: Browser, carrier: Carrier) -> None:
    bo = browser(world.bo)
    key, auth, keys = subscription()
    assert "receives pages now" in after(bo, subscribe(bo, written(carrier, keys=keys)))
    mine = ContactMethod.objects.get(provider="webpush")
    assert (mine.user, mine.label) == (world.bo, "Chrome on Android")
    page = text_of(bo.get(PATH))
    assert "no push yet" in page
    assert "No message in the last 30 days." in page
    bo.post(f"{PATH}{mine.pk}/test/")
    drain()
    [request] = carrier.requests
    got = json.loads(http_ece.decrypt(request.body, private_key=key, auth_secret=auth, version="aes128gcm"))
    assert got["title"] == "Watchbill test"
    page = text_of(bo.get(PATH))
    assert "last push" in page
    assert "1 message in the last 30 days, it got through." in page
    world.bo.notification_rules.all().delete()
    for path in ("/profile/", "/profile/rules/"):
        page = text_of(bo.get(path))
        assert "(Chrome on Android)" in page
        assert carrier.url not in page, "an address that says nothing to anybody"
    assert ">Browser push, Chrome on Android</option>" in page


def test_a_browser_that_changes_its_subscription_keeps_its_name_and_its_rules(
    world: World, browser: Browser, carrier: Carrier
) -> None:
    """F67: the push service has ended the former one, so it was broken; the renewed one works under the same row."""
    bo = browser(world.bo)
    subscribe(bo, written(carrier))
    mine = ContactMethod.objects.get(provider="webpush")
    builders.rule(world.bo, mine)
    ContactMethod.objects.filter(pk=mine.pk).update(broken_at=clock.now(), broken_reason="answered 410", label="Pixel")
    subscribe(bo, written(carrier, "two"), former=mine.address)
    renewed = ContactMethod.objects.get(provider="webpush")
    assert (renewed.pk, renewed.label, renewed.broken_at) == (mine.pk, "Pixel", None)
    assert renewed.address.endswith("/two")
    assert renewed.rules.count() == 1
    subscribe(bo, written(carrier, "two"))
    assert ContactMethod.objects.filter(provider="webpush").count() == 1


def test_nobody_takes_over_another_persons_browser(world: World, browser: Browser, carrier: Carrier) -> None:
    """A43: Eve names Bo's endpoint as her former one; she gets a row of her own and his stays."""
    subscribe(browser(world.bo), written(carrier))
    his = ContactMethod.objects.get(user=world.bo, provider="webpush")
    subscribe(browser(world.eve), written(carrier, "eve"), former=his.address)
    his.refresh_from_db()
    assert his.address.endswith("/one")
    assert ContactMethod.objects.filter(user=world.eve, provider="webpush").count() == 1
    with pytest.raises(Forbidden):
        devices.subscribe(actors.person(world.eve), world.bo, endpoint="https://x.example/1", keys={})
    with pytest.raises(Forbidden):
        devices.subscribe(link_holder(world.bo), world.bo, endpoint="https://x.example/1", keys={})


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{", '{"endpoint": 7, "keys": {"p256dh": "x", "auth": "y"}}', '{"endpoint": "x"}', "[" * 3000,
     '{"endpoint": "http://169.254.169.254/x", "keys": {"p256dh": "x", "auth": "y"}}'],
)  # fmt: skip
def test_what_is_no_subscription_is_refused_on_the_page(world: World, browser: Browser, text: str) -> None:
    """A69: an endpoint is user input; the sentence stands above the list and nothing is stored."""
    answer = browser(world.bo).post(f"{PATH}browser/", {"subscription": text, "former": ""})
    assert answer.status_code == 400
    assert 'role="alert"' in text_of(answer)
    assert not ContactMethod.objects.filter(provider="webpush").exists()


def test_the_page_waits_for_a_tap_and_explains_the_iphone(world: World, browser: Browser) -> None:
    bo = browser(world.bo)
    page = text_of(bo.get(PATH))
    assert "Let this browser receive pages" in page
    assert "Add to Home Screen" not in page
    iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Safari/604.1"
    assert "Add to Home Screen" in text_of(bo.get(PATH, headers={"User-Agent": iphone}))
    assert browser(world.bo, csrf=True).post(f"{PATH}browser/", {}).status_code == 403
    assert browser().post(f"{PATH}browser/", {})["Location"].startswith("/accounts/login/")


def test_browsers_are_called_what_people_call_them() -> None:
    named = device_name
    assert named(PHONE) == "Chrome on Android"
    assert (
        named("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605 Version/18.0 Safari/604.1")
        == "Safari on iPhone"
    )
    assert named("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0") == "Edge on Windows"
    assert named("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0") == "Firefox on Linux"
    assert named("") == "Browser"


def test_the_api_takes_what_the_browser_writes(world: World, carrier: Carrier, browser: Browser) -> None:
    """A43: in a signed-in browser; a token changes nobody's addresses."""
    token = APIClient()
    token.credentials(HTTP_AUTHORIZATION=f"Bearer {builders.token(world.bo)}")
    assert token.put(API, written(carrier), format="json").status_code == 403
    made = browser(world.bo).put(API, json.dumps(written(carrier)), content_type="application/json")
    assert made.status_code == 200
    assert made.json()["provider"] == "webpush"


def test_a_push_holds_what_its_answer_needs_and_names_its_page(world: World, at: clock.FrozenClock) -> None:
    """S9: a one-time nonce to post, never an address that acts; a repeat of the page has the same tag."""
    link = links.absolute(f"/answer/{links.sign('answer', '7')}/")
    first = said(Message(title="Checkout is down", text="P1", answer_link=link, incident="INC-7"), "page:1")
    again = said(Message(title="Checkout is down", text="P1", answer_link=link, incident="INC-7"), "page:2")
    assert first["tag"] == again["tag"]
    assert first["nonce"] != again["nonce"]
    assert [action["action"] for action in first["actions"]] == ["accept", "decline"]
    assert first["url"].startswith("/answer/")
    links.spend("answer", "7", first["nonce"])
    plain = said(Message(title="A notice", text="", link=links.absolute("/incidents/7/")), "notice:1")
    assert (plain["url"], "nonce" in plain, "actions" in plain) == ("/incidents/7/", False, False)


def test_thirty_silent_days_stand_in_red_on_both_pages(
    world: World, browser: Browser, at: clock.FrozenClock, settings: Any
) -> None:
    """Design 9: nothing has got through to Bo for 30 days; Sam is never paged and is told nothing."""
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    bo = browser(world.bo)
    ContactMethod.objects.update(verified_at=clock.now() - timedelta(days=90), last_delivered_at=None)
    for path in (PATH, "/now/"):
        page = text_of(bo.get(path))
        assert "Nothing has reached you for 30 days." in page
        assert "No message has ever got through." in page
    assert "Nothing has reached you" not in text_of(browser(world.sam).get("/now/"))
    world.bo.contact_methods.update(last_delivered_at=clock.now() - timedelta(days=31))
    assert "The last message got through" in text_of(bo.get(PATH))
    world.bo.contact_methods.update(last_delivered_at=clock.now() - timedelta(days=29))
    for path in (PATH, "/now/"):
        assert "Nothing has reached you" not in text_of(bo.get(path))


def test_a_file_is_no_proof_and_no_fault(world: World, at: clock.FrozenClock, settings: Any) -> None:
    """Without a mail server mailboxes are left out: the page says of each that it is written to a file."""
    settings.EMAIL_URL = ""
    ContactMethod.objects.update(verified_at=clock.now() - timedelta(days=90), last_delivered_at=clock.now())
    actor = actors.person(world.bo)
    assert silence_of(actor) is None
    builders.method(world.bo, "ntfy", "https://ntfy.example.org/bo")
    ContactMethod.objects.filter(provider="ntfy").update(verified_at=clock.now() - timedelta(days=90))
    assert silence_of(actor) is not None


def test_mail_that_is_only_filed_reaches_nobody_and_the_page_says_what_to_do(
    world: World, browser: Browser, settings: Any
) -> None:
    """First run: neither "working" nor red for something that never broke; a real way ends the notice."""
    settings.EMAIL_URL = ""
    bo, said = browser(world.bo), "Nothing reaches you yet: mail is only written to files, as no mail server is set."
    ContactMethod.objects.update(verified_at=clock.now() - timedelta(days=90))
    page = text_of(bo.get(PATH))
    assert said in page
    assert "Let this browser receive pages, or have an administrator set a mail server" in page
    assert "Nothing has reached you" not in page
    assert "notice-red" not in page
    for path, times in (("/profile/", 1), ("/profile/rules/", 2)):
        assert text_of(bo.get(path)).count("No page reaches you yet:</b> mail is only written to files") == times, path
    for urgency in ("high", "low"):
        builders.rule(
            world.bo, builders.method(world.bo, "ntfy", f"https://ntfy.example.org/{urgency}"), urgency=urgency
        )
    assert "Nothing reaches you yet" not in text_of(bo.get(PATH))
    last = ContactMethod.objects.latest("pk")
    assert "1 other working address is left." in text_of(bo.get(f"{PATH}{last.pk}/remove/")), "mail is none"
    assert "only written to files" not in text_of(bo.get("/profile/rules/"))


def test_a_broken_address_is_no_sign_that_something_works(world: World, at: clock.FrozenClock, settings: Any) -> None:
    """The only sound address has been silent for 90 days; that another was proven yesterday, and broke, is no help."""
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    world.bo.contact_methods.update(verified_at=clock.now() - timedelta(days=90), last_delivered_at=None)
    fresh = builders.method(world.bo, "ntfy", "https://ntfy.example.org/bo")
    assert silence_of(actors.person(world.bo)) is None
    ContactMethod.objects.filter(pk=fresh.pk).update(broken_at=clock.now())
    assert silence_of(actors.person(world.bo)) is not None


def test_failures_are_counted_beside_the_address(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    mine = world.bo.contact_methods.get()
    for number, state in enumerate(["sent", "confirmed", "failed", "withdrawn", "queued"]):
        Delivery.objects.create(
            key=f"k{number}", purpose="test", purpose_key="1", user=world.bo, method=mine, provider="email", state=state
        )
    assert "3 messages in the last 30 days, 1 failed." in text_of(browser(world.bo).get(PATH))
    Delivery.objects.exclude(state="failed").delete()
    assert "1 message in the last 30 days, none got through." in text_of(browser(world.bo).get(f"{PATH}{mine.pk}/"))
