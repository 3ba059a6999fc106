"""An administrator invites a responder, who joins by the mailed link, once (A40)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import enter, scene
from tests.browser.visit import visitor
from tests.system.scene import Scene, eventually

__all__ = ["scene"]
pytestmark = pytest.mark.browser
KIM, PASSWORD = "kim@example.org", "a quiet harbour at dawn"


def link(scene: Scene) -> str:
    """The address in the mail that reached Kim."""
    mail = eventually(lambda: scene.sink.holding("/invitation/"), 60, "the mail of the invitation")[0]
    assert KIM in mail.to
    found = re.search(r"/invitation/[\w-]{32}/", mail.text)
    assert found, mail.text
    return found[0]


def test_a_responder_is_invited_and_joins_by_link_once(chromium: Browser, scene: Scene) -> None:
    """Issue 4, "Shown by": from the list of people to the first way to be reached, on a desk and on a phone."""
    with visitor(chromium, scene.portal.url, 1440) as ada:
        enter(ada.page.context, scene, "ada@example.org")
        wrong = ada.wrong_with("/people/")
        ada.page.click("text=Invite somebody")
        wrong += ada.wrong_now()
        ada.page.fill("#id_name", "Kim Yu")
        ada.page.fill("#id_email", KIM)
        ada.page.select_option("#id_team", label="Red")
        ada.page.click("text=Send the invitation")
        expect(ada.page.get_by_text(f"An invitation is on its way to {KIM}.")).to_be_visible()
        expect(ada.page.locator("#invited")).to_be_visible()
        wrong += ada.wrong_now()
    path = link(scene)
    with visitor(chromium, scene.portal.url, 360) as kim:
        wrong += kim.wrong_with(path)
        kim.page.fill("#id_password", PASSWORD)
        kim.page.click("text=Join and sign in")
        kim.page.wait_for_url("**/profile/contact-methods/")
        expect(kim.page.get_by_text("Now say how you want to be reached")).to_be_visible()
        wrong += kim.wrong_now()
    with visitor(chromium, scene.portal.url, 360) as late:
        wrong += late.wrong_with(path, meant=404)
        expect(late.page.get_by_text("This link opens nothing")).to_be_visible()
        late.open("/accounts/login/")
        late.page.fill("input[name=login]", KIM)
        late.page.fill("input[name=password]", PASSWORD)
        late.page.click("main button[type=submit]")
        late.page.wait_for_url("**/now/")
    assert not wrong, "\n".join(wrong)
