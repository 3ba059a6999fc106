"""Somebody signs in by a real identity provider, in a real browser with the portal's own policies (A30, A51)."""

from __future__ import annotations

import re

import pytest
from oidc_provider_mock import User
from playwright.sync_api import Browser, expect

from tests.browser.visit import Visitor, visitor
from tests.issuer import CLIENT, SECRET, provider
from tests.system.conftest import Make

ELSEWHERE = re.compile(r"https?://(?!127\.0\.0\.1)")
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def agree(somebody: Visitor, subject: str) -> None:
    """Say at the provider who one is; its own page asks for a style sheet of the wide world, which nobody fetches."""
    button = somebody.page.locator(f"button[value={subject}]")
    button.wait_for()
    somebody.console.clear()
    button.click()


def test_ada_signs_in_by_her_provider(chromium: Browser, make: Make) -> None:
    """There and back by one button, to the page that she had asked for; whom nobody knows is sent back with a word."""
    people = [
        User(sub="ada", claims={"email": "ada@example.org", "email_verified": True}),
        User(sub="zed", claims={"email": "zed@example.org", "email_verified": True}),
    ]
    with provider(people) as issuer:
        settings = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET}
        scene = make(OUTBOUND_ALLOW="127.0.0.1", **settings)
        scene.portal.start()
        with visitor(chromium, scene.portal.url, 360) as zed:
            zed.page.route(ELSEWHERE, lambda route: route.abort())
            wrong = zed.wrong_with("/accounts/login/?next=/people/")
            zed.page.click("text=Sign in with 127.0.0.1")
            agree(zed, "zed")
            expect(zed.page.get_by_text("Nobody here has the address")).to_be_visible()
            wrong += zed.wrong_now()
        with visitor(chromium, scene.portal.url, 1440) as ada:
            ada.page.route(ELSEWHERE, lambda route: route.abort())
            wrong += ada.wrong_with("/people/")
            ada.page.click("text=Sign in with 127.0.0.1")
            agree(ada, "ada")
            ada.page.wait_for_url("**/people/")
            expect(ada.page.get_by_role("heading", name="People")).to_be_visible()
            wrong += ada.wrong_now()
    assert not wrong, "\n".join(wrong)
