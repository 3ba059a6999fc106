"""Pages of one's own addresses: add, prove, test, remove (A43)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core import clock
from notifications.models import ContactMethod, Delivery
from tests import world as builders
from tests.core.servers import names
from tests.fakes import Mailbox
from tests.pages import EVIL, after, assert_inert, count, recorded, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db
PATH = "/profile/contact-methods/"


def code_of(method: ContactMethod) -> str:
    """The code of the last verification on its way to an address."""
    sent = Delivery.objects.filter(purpose="verify", method=method).latest("pk")
    found = re.search(r"\d{6}", sent.message["title"])
    assert found
    return found[0]


def test_bo_adds_an_address_and_proves_it(world: World, browser: Browser) -> None:
    bo = browser(world.bo)
    page = after(bo, bo.post(f"{PATH}add/email/", {"address": "bo@phone.example.org", "label": "My phone"}))
    assert "A code is on its way." in page
    method = ContactMethod.objects.get(address="bo@phone.example.org")
    assert "Not proven yet" in text_of(bo.get(PATH))
    wrong = bo.post(f"{PATH}{method.pk}/", {"code": "000000"})
    assert wrong.status_code == 400
    assert "That is not the code." in text_of(wrong)
    assert "is proven" in after(bo, bo.post(f"{PATH}{method.pk}/", {"code": code_of(method)}))
    method.refresh_from_db()
    assert method.verified_at is not None


def test_five_tries_then_a_new_code(world: World, browser: Browser) -> None:
    bo, method = browser(world.bo), None
    bo.post(f"{PATH}add/email/", {"address": "b2@example.org", "label": ""})
    method = ContactMethod.objects.get(address="b2@example.org")
    good = code_of(method)
    for _ in range(5):
        bo.post(f"{PATH}{method.pk}/", {"code": "999999" if good != "999999" else "999998"})
    late = bo.post(f"{PATH}{method.pk}/", {"code": good})
    assert late.status_code == 400
    assert "no longer good" in text_of(late)
    for _ in range(3):
        assert bo.post(f"{PATH}{method.pk}/code/").status_code == 303
    refused = bo.post(f"{PATH}{method.pk}/code/")
    assert refused.status_code == 429
    assert "Retry-After" in refused


def test_the_form_is_drawn_from_the_carriers_own_fields(world: World, browser: Browser) -> None:
    bo = browser(world.bo)
    assert "Topic address" in text_of(bo.get(f"{PATH}add/ntfy/"))
    assert "Access token" in text_of(bo.get(f"{PATH}add/ntfy/"))
    assert "Signing secret" in text_of(bo.get(f"{PATH}add/webhook/"))
    assert bo.get(f"{PATH}add/sms_twilio/").status_code == 404, "not set up here"
    assert bo.get(f"{PATH}add/webpush/").status_code == 404, "a browser adds itself"
    assert bo.get(f"{PATH}add/pigeon/").status_code == 404


@pytest.mark.parametrize("address", ["not an address", "a@b\0c.example", "bo@example.org\nBcc: x@example.org"])
def test_an_unusable_address_comes_back_with_its_sentence(world: World, browser: Browser, address: str) -> None:
    """A10."""
    answer = browser(world.bo).post(f"{PATH}add/email/", {"address": address, "label": "Kept name"})
    assert answer.status_code == 400
    assert "Kept name" in text_of(answer)
    assert 'class="error"' in text_of(answer)
    inside = browser(world.bo).post(f"{PATH}add/webhook/", {"address": "http://127.0.0.1:9/x", "secret_secret": ""})
    assert inside.status_code == 400
    assert ContactMethod.objects.filter(user=world.bo).count() == 1


def test_a_webhooks_secret_is_shown_once(world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, hooks_example_org=["8.8.8.8"])
    bo = browser(world.bo)
    made = bo.post(f"{PATH}add/webhook/", {"address": "https://hooks.example.org/x", "secret_secret": "", "label": ""})
    method = ContactMethod.objects.get(provider="webhook")
    assert made.status_code == 200
    assert method.secrets["secret"] in text_of(made)
    assert method.secrets["secret"] not in text_of(bo.get(PATH))
    assert method.secrets["secret"] not in text_of(bo.get(f"{PATH}{method.pk}/"))


def test_broken_ones_stand_in_red_with_their_reason(world: World, browser: Browser) -> None:
    world.bo.contact_methods.update(broken_at=clock.now(), broken_reason="550 no such mailbox")
    page = text_of(browser(world.bo).get(PATH))
    assert "badge-red" in page
    assert "550 no such mailbox" in page
    assert "No page can reach you." in page


def test_a_test_page_leads_to_its_log(world: World, browser: Browser) -> None:
    bo, method = browser(world.bo), world.bo.contact_methods.get()
    page = after(bo, bo.post(f"{PATH}{method.pk}/test/"))
    assert "Watchbill test" in page
    unproven = builders.method(world.bo, "email", "new@example.org", verified=False)
    assert bo.post(f"{PATH}{unproven.pk}/test/").status_code == 409
    for _ in range(9):
        bo.post(f"{PATH}{method.pk}/test/")
    assert bo.post(f"{PATH}{method.pk}/test/").status_code == 429


def test_removing_asks_and_says_what_is_left(world: World, browser: Browser) -> None:
    bo, method = browser(world.bo), world.bo.contact_methods.get()
    assert "no page can reach you" in text_of(bo.get(f"{PATH}{method.pk}/remove/"))
    assert ContactMethod.objects.filter(pk=method.pk).exists()
    assert bo.post(f"{PATH}{method.pk}/remove/").status_code == 303
    assert not ContactMethod.objects.filter(pk=method.pk).exists()


def test_another_persons_address_does_not_exist(world: World, browser: Browser) -> None:
    """A43, A57: not for Eve, not for the manager, not for the administrator."""
    method = world.bo.contact_methods.get()
    for user in (world.eve, world.ana, world.ada):
        client = browser(user)
        assert client.get(f"{PATH}{method.pk}/").status_code == 404
        assert "bo@example.org" not in text_of(client.get(PATH))
        for verb, data in (
            ("", {"code": "1"}),
            ("code/", {}),
            ("name/", {"label": "x"}),
            ("test/", {}),
            ("remove/", {}),
        ):
            assert client.post(f"{PATH}{method.pk}/{verb}", data).status_code == 404, verb
    assert browser(world.bo, csrf=True).post(f"{PATH}{method.pk}/remove/").status_code == 403
    assert browser().get(PATH)["Location"].startswith("/accounts/login/")
    method.refresh_from_db()


def test_hostile_labels_are_inert(world: World, browser: Browser) -> None:
    """A4."""
    method = world.bo.contact_methods.get()
    browser(world.bo).post(f"{PATH}{method.pk}/name/", {"label": EVIL[:60]})
    assert_inert(browser(world.bo).get(PATH))
    assert_inert(browser(world.bo).get(f"{PATH}{method.pk}/"))
    assert_inert(browser(world.bo).get("/profile/rules/"))


def test_the_page_costs_the_same_for_few_and_many(world: World, browser: Browser) -> None:
    bo = browser(world.bo)
    few = count(bo, PATH)
    for number in range(12):
        builders.method(world.bo, "email", f"bo{number}@example.org")
    assert count(bo, PATH) == few == recorded(__file__)["contact_methods"]


def test_without_a_mail_server_no_mailbox_is_called_working(
    world: World, browser: Browser, settings: Any, mailbox: Mailbox
) -> None:
    """Bo learns it beside the address and from his test; with a server, or for a push, nothing is said."""
    builders.method(world.bo, "ntfy", "https://ntfy.example.org/bo")
    bo, mine = browser(world.bo), world.bo.contact_methods.get(provider="email")
    assert text_of(bo.get(PATH)).count("Working") == 2
    settings.EMAIL_URL = ""
    page = text_of(bo.get(PATH))
    assert page.count("Written to a file") == page.count("Working") == 1
    assert "reaches nobody" in text_of(bo.get(f"{PATH}{mine.pk}/"))
    said = after(bo, bo.post(f"{PATH}{mine.pk}/test/"))
    assert "Written to a file: no mail server is set. The test reaches nobody." in said
    assert "A test is on its way" not in said
