"""Chromium on a portal that runs as processes of its own; nothing in this run touches Django's ORM."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.system.conftest import Make
from tests.system.conftest import make as make
from tests.system.conftest import migrated as migrated
from tests.system.conftest import prepared as prepared
from tests.system.limits import pytest_runtest_call as pytest_runtest_call
from tests.system.limits import pytest_runtest_setup as pytest_runtest_setup
from tests.system.limits import pytest_runtest_teardown as pytest_runtest_teardown
from tests.system.scene import PASSWORD, Scene, eventually
from tools.chaos.portal import ROOT

CHROMIUM = Path("/usr/bin/chromium")
# The same browser without a window manager's share, a fifth to a half of its work. A file whose stories are to be
# seen in the whole browser (an installed portal, notifications, weight) says WINDOWED = True.
WINDOWLESS = Path("/usr/bin/chromium-headless-shell")
expect.set_options(timeout=15_000)  # two cores that all tests share are slower than a phone


@pytest.fixture(scope="module")
def chromium(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Debian's Chromium without a window; it ends with the file, and Playwright's event loop with it."""
    windowed = getattr(request.module, "WINDOWED", False) or not WINDOWLESS.exists()
    binary = CHROMIUM if windowed else WINDOWLESS
    if not binary.exists():
        pytest.skip("Chromium is not installed (Debian: chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(binary), args=["--no-sandbox"])
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


def enter(context: BrowserContext, scene: Scene, email: str) -> None:
    """Be signed in without the form: it is filled once for each person of a scene. Who signs out uses `sign_in`."""
    if email not in scene.sessions:
        page = context.new_page()
        sign_in(page, scene, email)
        page.close()
        scene.sessions[email] = context.cookies()
    context.add_cookies(scene.sessions[email])


class Scribe:
    """The scribe at work, in a process of its own: `with Scribe(scene, ...) as scribe: while scribe.writes(): ...`."""

    def __init__(self, scene: Scene, *arguments: object, seconds: float = 120) -> None:
        self._log = scene.portal.folder / "scribe.log"
        command = [sys.executable, "-m", "tests.browser.scribe", *map(str, arguments)]
        with self._log.open("wb") as log:
            environment = scene.portal.environment
            self._process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
        self._end = time.monotonic() + seconds

    def __enter__(self) -> Scribe:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(10)

    def writes(self) -> bool:
        """Whether it goes on; raises where it failed, and where it takes too long."""
        code = self._process.poll()
        assert code in (None, 0), self._log.read_text()[-2000:]
        assert code == 0 or time.monotonic() < self._end, f"the scribe still writes: {self._log.read_text()[-2000:]}"
        return code is None


def shortly(page: Page, check: Callable[[], Any], what: str, seconds: float = 10) -> Any:
    """As `eventually`, while the browser's own events are heard."""

    def look() -> Any:
        page.wait_for_timeout(50)
        return check()

    return eventually(look, seconds, what)
