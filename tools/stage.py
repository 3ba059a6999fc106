"""The demo on a throw-away directory, with Chromium in front of it: for pictures and page quality."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.chaos.portal import Portal

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
#: Without sandbox (a container's root has none) and without calls home.
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@contextlib.contextmanager
def demo() -> Iterator[tuple[Portal, dict[str, Any]]]:
    """A running demo and its card."""
    folder = Path(tempfile.mkdtemp(prefix="watchbill-stage-"))
    portal = Portal(folder)
    try:
        card: dict[str, Any] = json.loads(portal.manage("demo", "--json"))
        portal.start()
        yield portal, card
    finally:
        portal.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def empty() -> Iterator[Portal]:
    """A running portal that knows nobody yet."""
    folder = Path(tempfile.mkdtemp(prefix="watchbill-stage-"))
    portal = Portal(folder)
    try:
        portal.migrate()
        portal.start()
        time.sleep(1)  # the console's greeting comes after the first answer
        yield portal
    finally:
        portal.stop()
        shutil.rmtree(folder, ignore_errors=True)


def user(card: dict[str, Any], role: str) -> dict[str, str]:
    """The first person of a role on the card."""
    found: dict[str, str] = next(user for user in card["users"] if user["role"] == role)
    return found


def sign_in(page: Any, portal: Portal, person: dict[str, str]) -> None:
    """Sign in through the form."""
    page.goto(f"{portal.url}/accounts/login/")
    page.fill("input[name=login]", person["email"])
    page.fill("input[name=password]", person["password"])
    page.click("main button[type=submit]")
    page.wait_for_load_state()
