"""The directory beside a service, and the triage panels, in a real browser (mock-up 10, TRI-05, TRI-08, TRI-13)."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser

from tests.browser.shop import Shop
from tests.browser.shop import shop as shop
from tests.browser.shop import stocked as stocked
from tests.browser.visit import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.long]
WIDE = 1181  # from here on list and service stand side by side
PANELS = ("changes", "related", "graph")
VIEWS = [
    (1440, "light"),
    (1440, "dark"),
    (1180, "light"),
    (1024, "light"),
    (768, "light"),
    (360, "light"),
    (360, "dark"),
    (320, "light"),
]


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_list_service_and_panels_are_whole(chromium: Browser, shop: Shop, width: int, theme: str) -> None:
    """No error, no sideways scroll, axe finds nothing; late parts are waited for."""
    with shop.guest(chromium, "administrator", width, theme) as guest:
        wrong = guest.wrong_with("/services/")
        if width >= WIDE:
            guest.page.wait_for_selector("#detail h2")
            wrong += guest.wrong_now()
        else:
            assert not guest.page.is_visible("#detail")
        wrong += guest.wrong_with(f"/services/{shop.ids['service']}/")
        assert guest.page.is_visible(".dir") is (width >= WIDE), "side by side only where there is room"
        assert guest.page.is_visible("#detail h1")
        assert guest.page.is_visible(".map-box") is (width > PHONE) or not guest.page.query_selector(".map-box")
        guest.page.goto(f"{shop.portal.url}/incidents/{shop.ids['incident']}/")
        for panel in PANELS:
            guest.page.wait_for_selector(f"#panel-{panel}:not([hx-get])", state="attached")
        wrong += guest.wrong_now() if width >= WIDE else guest.console
        for panel in PANELS:
            wrong += guest.wrong_with(f"/incidents/{shop.ids['incident']}/panels/{panel}/")
    assert not wrong, "\n".join(wrong)


def test_another_service_is_chosen_and_the_list_stays(chromium: Browser, shop: Shop) -> None:
    """By a plain link: the back button leads back."""
    with shop.guest(chromium, "administrator", 1440) as guest:
        page = guest.page
        page.goto(f"{shop.portal.url}/services/?health=bad")
        page.wait_for_selector("#detail h2")
        first = page.inner_text("#detail h2")
        second = page.locator(".svcs .t-title").nth(1)
        name = second.inner_text()
        assert name != first
        second.click()
        page.wait_for_url("**/services/*/?health=bad")
        assert page.inner_text("#detail h1") == name
        assert page.locator(".svcs .is-selected .t-title").inner_text() == name
        page.go_back()
        page.wait_for_selector("#detail h2")
        assert page.inner_text("h1") == "Services"
        assert guest.console == []


def test_a_change_is_put_into_the_timeline_with_one_press(chromium: Browser, shop: Shop) -> None:
    """TRI-13: nothing reloads, and the entry stands at the change's own time."""
    with shop.guest(chromium, "administrator", 1440) as guest:
        page = guest.page
        page.goto(f"{shop.portal.url}/incidents/{shop.ids['incident']}/")
        page.wait_for_selector("#panel-changes .changes li")
        page.evaluate("window.stays = true")
        text = page.get_attribute("#panel-changes input[name=text]", "value")
        page.locator("#panel-changes .changes button").first.click()
        page.wait_for_selector(f"#log li:has-text({json.dumps(text)})")
        assert page.evaluate("window.stays") is True


def test_everything_is_reached_without_scripts(chromium: Browser, shop: Shop) -> None:
    """Services by their links, panels as pages of their own."""
    with shop.guest(chromium, "administrator", 1440, java_script_enabled=False) as guest:
        page = guest.page
        page.goto(f"{shop.portal.url}/services/")
        assert page.is_visible("#detail >> text=Choose a service")
        page.locator(".svcs .t-title").first.click()
        assert page.is_visible("#paged")
        page.goto(f"{shop.portal.url}/incidents/{shop.ids['incident']}/")
        page.locator("#panel-related a").click()
        assert page.is_visible("h1 >> text=Here or everywhere?")


def test_a_panel_that_did_not_come_is_asked_for_again(chromium: Browser, shop: Shop) -> None:
    """Design 10: the panel says so in its place and brings itself with one press; nothing claims to be unsent."""
    with shop.guest(chromium, "administrator", 1440) as guest:
        page = guest.page
        page.route("**/panels/changes/", lambda route: route.abort())
        page.goto(f"{shop.portal.url}/incidents/{shop.ids['incident']}/")
        page.wait_for_selector("#panel-changes [role=alert]:visible")
        assert "Not sent" not in page.inner_text("body")
        page.unroute("**/panels/changes/")
        page.click("#panel-changes button")
        page.wait_for_selector("#panel-changes .changes li")
        assert not page.is_visible("#panel-changes [role=alert]")
