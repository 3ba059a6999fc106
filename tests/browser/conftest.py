"""Chromium on a portal that runs as processes of its own; nothing in this run touches Django's ORM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.system.conftest import Make
from tests.system.conftest import make as make
from tests.system.conftest import migrated as migrated
from tests.system.conftest import prepared as prepared
from tests.system.scene import PASSWORD, Scene, eventually

CHROMIUM = Path("/usr/bin/chromium")
expect.set_options(timeout=15_000)  # two cores that all tests share are slower than a phone


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window; it ends with the file, and Playwright's event loop with it."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (Debian: chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def scene(make: Make) -> Scene:
    """A running portal with people, keys and a mail server."""
    made = make()
    made.portal.start()
    return made


def sign_in(page: Page, scene: Scene, email: str) -> None:
    """Sign in by the form, as people do."""
    page.goto(f"{scene.portal.url}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/now/")


def shortly(page: Page, check: Callable[[], Any], what: str, seconds: float = 10) -> Any:
    """As `eventually`, while the browser's own events are heard."""

    def look() -> Any:
        page.wait_for_timeout(50)
        return check()

    return eventually(look, seconds, what)
