"""Pages of webhooks: a secret shown once, pauses and failures to be seen, replays, tests (A1, A45, A57, A69)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.addresses import INSIDE
from integrations.commands import webhook_sending
from integrations.models import OutboundWebhook, WebhookDelivery
from tests import world as builders
from tests.fakes import Carrier, drain
from tests.integrations.receivers import hook, log_of, opened, states
from tests.pages import EVIL, after, assert_inert, count, recorded, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def receiver(settings: Any, at: clock.FrozenClock) -> Iterator[Carrier]:
    """A receiver on loopback that the guard lets us reach."""
    made = Carrier()
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    yield made
    made.close()


def typed(world: World, receiver: Carrier, **more: Any) -> dict[str, Any]:
    values = {"name": "Chat bridge", "url": f"{receiver.url}/hook", "team": str(world.payments.pk)}
    return {**values, "kinds": ["incident.opened", "incident.resolved"], **more}


def test_made_with_a_secret_that_is_shown_once(world: World, browser: Browser, receiver: Carrier) -> None:
    """A45, A98."""
    ana = browser(world.ana)
    assert "New webhook" in text_of(ana.get("/webhooks/"))
    sent = ana.post("/webhooks/new/", typed(world, receiver))
    assert sent.status_code == 303
    shown = ana.get(sent["Location"])
    secret = re.search(r"whsec_[\w-]{43}", text_of(shown))
    assert secret
    assert "no-store" in shown["Cache-Control"]
    assert secret[0] not in text_of(ana.get(sent["Location"])), "the second look shows nothing"
    row = OutboundWebhook.objects.get()
    assert row.kinds == ["incident.opened", "incident.resolved"]
    page = text_of(ana.get(f"/webhooks/{row.pk}/"))
    assert secret[0] not in page
    assert "Nothing was sent yet" in page
    rotated = ana.post(f"/webhooks/{row.pk}/rotate/", {"grace": "24"})
    assert secret[0] not in text_of(ana.get(rotated["Location"]))
    assert "The one before signs as well until" in text_of(ana.get(f"/webhooks/{row.pk}/"))


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("http://10.0.0.7/x", "An operator can allow it with the setting WATCHBILL_OUTBOUND_ALLOW (docs/operations."),
        ("http://jira.internal/x", "An operator can allow it with the setting WATCHBILL_OUTBOUND_ALLOW"),
        ("http://169.254.169.254/x", "no setting opens it"),
        ("ftp://example.org/x", "Write it as http:// or https:// with a host"),
    ],
)
def test_an_address_inside_is_refused_beside_its_field(
    world: World, browser: Browser, receiver: Carrier, url: str, advice: str
) -> None:
    """A69: what was typed stays, and the sentence says what to do."""
    answer = browser(world.ana).post("/webhooks/new/", typed(world, receiver, url=url))
    page = text_of(answer)
    assert answer.status_code == 400
    beside = page[page.index('id="id_url_error"') :]
    assert "This address is not allowed." in beside
    assert advice in beside
    assert f'value="{url}"' in page
    assert not OutboundWebhook.objects.exists()


def test_the_operators_page_tells_how_an_address_is_allowed() -> None:
    """The refusal names a page and its heading: both stand there."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    named = re.search(r"\(docs/operations\.md, “(.+)”\)", INSIDE)
    assert named
    assert f"\n## {named[1]}\n" in page


def test_a_manager_is_offered_the_own_teams_alone(world: World, browser: Browser, receiver: Carrier) -> None:
    """A58: and what was not offered is refused."""
    builders.service("Index", world.search)
    ana, pat = browser(world.ana), browser(world.pat)
    page = text_of(ana.get("/webhooks/new/"))
    assert "Index" not in page
    assert "The whole organisation" not in page
    assert ana.post("/webhooks/new/", typed(world, receiver, team="")).status_code == 400
    assert ana.post("/webhooks/new/", typed(world, receiver, team=str(world.search.pk))).status_code == 400
    assert "The whole organisation" in text_of(pat.get("/webhooks/new/"))
    assert pat.post("/webhooks/new/", typed(world, receiver, team="")).status_code == 303
    assert OutboundWebhook.objects.get().team is None
    assert ana.get(f"/webhooks/{OutboundWebhook.objects.get().pk}/").status_code == 404


def test_edited_and_stale(world: World, browser: Browser, receiver: Carrier) -> None:
    """S51: the stored values stand beside the fields, what was typed stays."""
    row, ana = hook(world, receiver), browser(world.ana)
    path = f"/webhooks/{row.pk}/edit/"
    wanted = typed(world, receiver, name="Bridge", services=[str(world.checkout.pk)], version="1")
    assert "Bridge" in after(ana, ana.post(path, wanted))
    assert list(row.services.all()) == [world.checkout]
    late = ana.post(path, {**wanted, "name": "Mine", "version": "1"})
    assert late.status_code == 409
    assert "Stored meanwhile: Bridge" in text_of(late)
    assert 'value="Mine"' in text_of(late)


def test_a_test_shows_what_it_met_and_nothing_more(world: World, browser: Browser, receiver: Carrier) -> None:
    """A75: class and time; the page looks again by itself until it knows."""
    row, ana = hook(world, receiver), browser(world.ana)
    receiver.fail("404")
    page = after(ana, ana.post(f"/webhooks/{row.pk}/test/"))
    assert "A test is on its way" in page
    assert 'hx-trigger="load delay:2s"' in page
    drain()
    page = text_of(ana.get(f"/webhooks/{row.pk}/"))
    assert "4xx, under 1 s" in page
    assert "secret inner text" not in page
    assert "load delay:2s" not in page


def test_paused_by_itself_it_says_why_and_is_resumed(world: World, browser: Browser, receiver: Carrier) -> None:
    row, ana = hook(world, receiver), browser(world.ana)
    receiver.fail("410")
    opened(world)
    path = f"/webhooks/{row.pk}/"
    page = text_of(ana.get(path))
    assert "the receiver says that the address is gone (410)" in page
    assert "Paused: not taken" in text_of(ana.get("/webhooks/"))
    assert "the address is gone" in text_of(ana.get(f"{path}resume/"))
    assert "is sent to again" in after(ana, ana.post(f"{path}resume/", {"waiting": "send"}))
    drain()
    assert states(row) == [("opened", "sent")]
    assert ana.post(f"{path}resume/", {"waiting": "send"}).status_code == 409
    assert "is paused" in after(ana, ana.post(f"{path}pause/"))


def test_a_failing_one_says_since_when(world: World, browser: Browser, receiver: Carrier) -> None:
    row = hook(world, receiver)
    receiver.fail("500")
    opened(world)
    page = text_of(browser(world.ana).get(f"/webhooks/{row.pk}/"))
    assert "Nothing was taken since" in page
    assert "5xx, under 1 s" in page


def test_sent_again_one_or_all(world: World, browser: Browser, receiver: Carrier) -> None:
    row, ana = hook(world, receiver), browser(world.ana)
    opened(world)
    [event] = log_of(row)
    one = f"/webhooks/{row.pk}/deliveries/{event.event}/"
    assert ">Opened</a>" in text_of(ana.get(f"/webhooks/{row.pk}/")), "as the form says it"
    page = text_of(ana.get(one))
    assert "<h1>Opened</h1>" in page
    assert "Send it again" in page
    assert "Checkout is slow" in page
    assert "with the same id" in after(ana, ana.post(f"{one}replay/"))
    drain()
    assert len(receiver.requests) == 2
    WebhookDelivery.objects.update(state="failed", next_try_at=None)
    path = f"/webhooks/{row.pk}/replay/"
    assert "1 event is sent again." in after(ana, ana.post(path, {"since": "1"}))
    assert "Nothing is sent again." in after(ana, ana.post(path, {"since": "1"}))


def test_a_replay_is_offered_where_something_was_not_taken(world: World, browser: Browser, receiver: Carrier) -> None:
    row, ana = hook(world, receiver), browser(world.ana)
    path, offer = f"/webhooks/{row.pk}/", f'href="/webhooks/{row.pk}/replay/"'
    assert offer not in text_of(ana.get(path)), "nothing was sent yet"
    opened(world)
    assert offer not in text_of(ana.get(path)), "all was taken"
    WebhookDelivery.objects.update(state="failed", next_try_at=None)
    assert offer in text_of(ana.get(path))
    ana.post(f"{path}pause/")
    assert offer not in text_of(ana.get(path)), "it is resumed first"


@pytest.mark.parametrize(
    ("mode", "advice"),
    [
        ("410", "The receiver refuses it"),
        ("404", "The receiver refuses it"),
        ("500", "The receiver broke over it"),
        ("redirect", "which is not followed: enter that address"),
        ("reset", "see whether it runs, whether name and port are right"),
        ("hang", "No answer that can be read came within 10 s"),
        ("tls", "whether its certificate is one that this portal"),
        ("shut", "have the operator allow it with WATCHBILL_OUTBOUND_ALLOW"),
    ],
)
def test_each_failure_says_what_to_do(
    world: World, browser: Browser, receiver: Carrier, mode: str, advice: str, monkeypatch: Any, settings: Any
) -> None:
    """A75: by the class of the answer alone; on the page of the event, of a test, and while the webhook fails."""
    monkeypatch.setattr(webhook_sending, "DEADLINE", 1.0)
    url = f"{receiver.url}/hook".replace("http:", "https:") if mode == "tls" else f"{receiver.url}/hook"
    row, ana = hook(world, receiver, url=url), browser(world.ana)
    receiver.fail(mode, mode)
    if mode == "shut":
        settings.OUTBOUND_ALLOW = []
    opened(world)
    ana.post(f"/webhooks/{row.pk}/test/")
    drain()
    event, test = log_of(row)
    for each in (event, test):
        assert advice in text_of(ana.get(f"/webhooks/{row.pk}/deliveries/{each.event}/"))
    page = text_of(ana.get(f"/webhooks/{row.pk}/"))
    assert page.count(advice) == (1 if mode == "410" else 2), "of the test, and of the webhook while it is tried"
    assert mode != "410" or "the receiver says that the address is gone (410)" in page


def test_removed_after_a_question(world: World, browser: Browser, receiver: Carrier) -> None:
    row, ana = hook(world, receiver), browser(world.ana)
    path = f"/webhooks/{row.pk}/delete/"
    assert "Its log goes with it" in text_of(ana.get(path))
    assert OutboundWebhook.objects.exists()
    assert "was removed" in after(ana, ana.post(path))
    assert not OutboundWebhook.objects.exists()


def test_it_stands_in_the_navigation_for_those_who_may(world: World, browser: Browser) -> None:
    for user, may in ((world.ana, True), (world.pat, True), (world.ada, True), (world.bo, False), (world.sam, False)):
        client = browser(user)
        assert ('href="/webhooks/"' in text_of(client.get("/now/"))) is may, user
        assert client.get("/webhooks/").status_code == (200 if may else 403), user


def test_hostile_names_are_inert(world: World, browser: Browser, receiver: Carrier) -> None:
    """A1, A4: of webhooks, services and incidents."""
    odd = builders.service(EVIL[:100], world.payments, policy=world.policy)
    row = hook(world, receiver, name=EVIL[:80], services=[odd, world.checkout])
    opened(world, EVIL)
    [event] = log_of(row)
    ana = browser(world.ana)
    for path in ("", f"{row.pk}/", f"{row.pk}/edit/", f"{row.pk}/delete/", f"{row.pk}/deliveries/{event.event}/"):
        assert_inert(ana.get(f"/webhooks/{path}"))


def test_queries_do_not_grow_with_rows(world: World, browser: Browser, receiver: Carrier) -> None:
    row, ana = hook(world, receiver, services=[world.checkout]), browser(world.ana)
    hook(world, receiver, name="Another", services=[world.checkout])
    for number in range(4):
        opened(world, f"Incident {number}")
    wanted = recorded(__file__)
    assert count(ana, "/webhooks/") == wanted["webhooks"]
    assert count(ana, f"/webhooks/{row.pk}/") == wanted["webhook"]
