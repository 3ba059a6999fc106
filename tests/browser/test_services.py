"""The directory beside a service, and the triage panels, in a real browser (mock-up 10, TRI-05, TRI-08, TRI-13)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.visit import PHONE, visitor
from tools.chaos.portal import Portal
from tools.tour import Ids, ids

pytestmark = pytest.mark.browser
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


@dataclass
class Fair:
    """The demo as it runs, with its administrator."""

    portal: Portal
    who: dict[str, str]
    ids: Ids


@pytest.fixture(scope="module")
def fair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fair]:
    """A week's past is enough."""
    portal = Portal(Path(tmp_path_factory.mktemp("fair")))
    card: dict[str, Any] = json.loads(portal.manage("demo", "--json", "--days", "7"))
    who = next(user for user in card["users"] if user["role"] == "administrator")
    portal.start()
    try:
        yield Fair(portal, who, ids(portal, card, who))
    finally:
        portal.stop()


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_list_service_and_panels_are_whole(chromium: Browser, fair: Fair, width: int, theme: str) -> None:
    """No error, no sideways scroll, axe finds nothing; late parts are waited for."""
    with visitor(chromium, fair.portal.url, width, theme) as guest:
        guest.sign_in(fair.who)
        wrong = guest.wrong_with("/services/")
        if width >= WIDE:
            guest.page.wait_for_selector("#detail h2")
            wrong += guest.wrong_now()
        else:
            assert not guest.page.is_visible("#detail")
        wrong += guest.wrong_with(f"/services/{fair.ids['service']}/")
        assert guest.page.is_visible(".dir") is (width >= WIDE), "side by side only where there is room"
        assert guest.page.is_visible("#detail h1")
        assert guest.page.is_visible(".map-box") is (width > PHONE) or not guest.page.query_selector(".map-box")
        guest.page.goto(f"{fair.portal.url}/incidents/{fair.ids['incident']}/")
        for panel in PANELS:
            guest.page.wait_for_selector(f"#panel-{panel}:not([hx-get])", state="attached")
        wrong += guest.wrong_now() if width >= WIDE else guest.console
        for panel in PANELS:
            wrong += guest.wrong_with(f"/incidents/{fair.ids['incident']}/panels/{panel}/")
    assert not wrong, "\n".join(wrong)


def test_another_service_is_chosen_and_the_list_stays(chromium: Browser, fair: Fair) -> None:
    """By a plain link: the back button leads back."""
    with visitor(chromium, fair.portal.url, 1440) as guest:
        guest.sign_in(fair.who)
        page = guest.page
        page.goto(f"{fair.portal.url}/services/?health=bad")
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


def test_a_change_is_put_into_the_timeline_with_one_press(chromium: Browser, fair: Fair) -> None:
    """TRI-13: nothing reloads, and the entry stands at the change's own time."""
    with visitor(chromium, fair.portal.url, 1440) as guest:
        guest.sign_in(fair.who)
        page = guest.page
        page.goto(f"{fair.portal.url}/incidents/{fair.ids['incident']}/")
        page.wait_for_selector("#panel-changes .changes li")
        page.evaluate("window.stays = true")
        text = page.get_attribute("#panel-changes input[name=text]", "value")
        page.locator("#panel-changes .changes button").first.click()
        page.wait_for_selector(f"#log li:has-text({json.dumps(text)})")
        assert page.evaluate("window.stays") is True


def test_everything_is_reached_without_scripts(chromium: Browser, fair: Fair) -> None:
    """Services by their links, panels as pages of their own."""
    with visitor(chromium, fair.portal.url, 1440, java_script_enabled=False) as guest:
        guest.sign_in(fair.who)
        page = guest.page
        page.goto(f"{fair.portal.url}/services/")
        assert page.is_visible("#detail >> text=Choose a service")
        page.locator(".svcs .t-title").first.click()
        assert page.is_visible("#paged")
        page.goto(f"{fair.portal.url}/incidents/{fair.ids['incident']}/")
        page.locator("#panel-related a").click()
        assert page.is_visible("h1 >> text=Here or everywhere?")
