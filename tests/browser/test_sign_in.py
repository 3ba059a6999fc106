"""The first administrator: set-up, second factors, passkey, recovery code, a session ended elsewhere (A28, A42)."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.test_live import SOCKETS
from tests.browser.test_tour_states import setup_path
from tests.system.scene import eventually
from tools.chaos.portal import Portal
from tools.enrolment import add_app, code_of, go_on

pytestmark = pytest.mark.browser
EMAIL, PASSWORD = "ana@example.org", "a-long-password-of-ana"
LISTEN = "window.sockets.forEach((one) => one.addEventListener('close', (end) => { window.ended = end.code; }))"


@pytest.fixture
def portal(tmp_path: Path, migrated: Path) -> Iterator[Portal]:
    """A portal that nobody has set up, at an address for which browsers make passkeys."""
    shutil.copytree(migrated, tmp_path / "data")
    made = Portal(tmp_path)
    made.url = made.environment["WATCHBILL_URL"] = f"http://localhost:{made.port}"
    made.start()
    yield made
    made.stop()


def device(context: BrowserContext, page: Page) -> Any:
    """Chromium's own passkey device, which always recognises its owner."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def sign_out(page: Page, portal: Portal) -> None:
    page.goto(f"{portal.url}/accounts/logout/")
    page.click("main button:has-text('Sign out')")
    page.wait_for_url("**/accounts/login/")


def password(page: Page, portal: Portal) -> None:
    """The first half of a sign-in."""
    page.goto(f"{portal.url}/accounts/login/")
    page.fill("input[name=login]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button:has-text('Sign in')")
    page.wait_for_url("**/accounts/second-step/")


def set_up(page: Page, portal: Portal) -> None:
    """Ana opens the link of the console and makes her account; the second factor is the next page."""
    page.goto(f"{portal.url}{setup_path(portal)}")
    page.fill("input[name=name]", "Ana Lima")
    page.fill("input[name=email]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/profile/security/enrol/**")
    page.goto(f"{portal.url}/now/")  # skipping leads back
    page.wait_for_url("**/profile/security/enrol/**")
    page.goto(f"{portal.url}/profile/security/enrol/?next=/first-steps/")


def test_the_first_administrator_signs_in_by_every_way(chromium: Browser, portal: Portal) -> None:
    """Issue 4, "Shown by": app and passkey enrolled; password and code, passkey alone, a recovery code once."""
    context = chromium.new_context(viewport={"width": 360, "height": 780}, reduced_motion="reduce")
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    device(context, page)
    set_up(page, portal)
    secret = add_app(page)
    recovery = re.findall(r"\d{4} \d{4}", page.inner_text("pre"))
    assert len(recovery) == 10
    go_on(page)
    page.wait_for_url("**/first-steps/")

    page.goto(f"{portal.url}/profile/security/")
    page.click("a:has-text('Add a passkey')")
    page.fill("input[name=name]", "Laptop")
    page.click("button:has-text('Add the passkey')")
    page.wait_for_url("**/profile/security/")
    expect(page.locator("main")).to_contain_text("Laptop")

    sign_out(page, portal)
    password(page, portal)
    page.fill("input[name=code]", code_of(secret, time.time() + 30))  # the one of now was used to add the app
    page.click("main button:has-text('Go on')")
    page.wait_for_url("**/now/")

    sign_out(page, portal)
    page.goto(f"{portal.url}/accounts/login/?next=/teams/")
    page.click("button:has-text('Use a passkey')")
    page.wait_for_url(f"{portal.url}/teams/")  # the sign-in page ends so too
    page.goto(f"{portal.url}/admin/")
    expect(page).to_have_url(f"{portal.url}/admin/")

    for fits in (True, False):
        sign_out(page, portal)
        password(page, portal)
        page.fill("input[name=code]", recovery[0])
        page.click("main button:has-text('Go on')")
        if fits:
            page.wait_for_url("**/now/")
        else:
            expect(page.locator("main")).to_contain_text("wrong, or has been used")
            page.click("button:has-text('Use your passkey')")
            page.wait_for_url("**/now/")
    assert not said
    context.close()


def test_a_refused_passkey_is_said_on_the_page(chromium: Browser, portal: Portal) -> None:
    """The browser has none for this portal: a sentence beside the button, and the password still works."""
    context = chromium.new_context()
    page = context.new_page()
    device(context, page)
    page.goto(f"{portal.url}/accounts/login/")
    page.click("button:has-text('Use a passkey')")
    expect(page.locator("[data-passkey=refused]")).to_be_visible()
    expect(page.locator("[data-passkey=refused]")).to_contain_text("sign in with your password")
    context.close()


def test_a_session_ended_elsewhere_closes_its_socket(chromium: Browser, portal: Portal) -> None:
    """A28: within five seconds with 4401, and its page leads to the sign-in."""
    here = chromium.new_context()
    laptop = here.new_page()
    set_up(laptop, portal)
    secret = add_app(laptop)
    go_on(laptop)
    laptop.wait_for_url("**/first-steps/")

    there = chromium.new_context(user_agent="Mozilla/5.0 (Linux; Android 14) Chrome/131.0 Mobile Safari/537.36")
    there.add_init_script(SOCKETS)
    phone = there.new_page()
    password(phone, portal)
    phone.fill("input[name=code]", code_of(secret, time.time() + 30))
    phone.click("main button:has-text('Go on')")
    phone.wait_for_url("**/now/")
    eventually(
        partial(phone.evaluate, "window.sockets.some((socket) => socket.readyState === 1)"), 20, "the line is open"
    )
    phone.evaluate(
        "window.sockets.forEach((one) => one.addEventListener('close', (end) => { window.ended = end.code; }))"
    )

    laptop.goto(f"{portal.url}/profile/security/")
    laptop.click("li:has-text('Chrome on Android') a:has-text('Sign out')")
    laptop.click("main button:has-text('Sign it out')")
    laptop.wait_for_url("**/profile/security/")
    begun = time.monotonic()
    eventually(partial(phone.evaluate, "window.ended"), 8, "the socket is closed")
    assert time.monotonic() - begun <= 5
    assert phone.evaluate("window.ended") == 4401
    phone.goto(f"{portal.url}/now/")
    phone.wait_for_url("**/accounts/login/**")
    for context in (here, there):
        context.close()
