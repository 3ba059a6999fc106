"""Two people watch one incident while it is written and the line breaks again and again (RES-20, G16)."""

from __future__ import annotations

import random
import time
from functools import partial

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Scribe, enter
from tests.system.scene import Scene, eventually

pytestmark = pytest.mark.browser
# Keeps every socket of the page where the test can reach it.
SOCKETS = """
window.sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(...words) { super(...words); window.sockets.push(this); }
};
"""
SHOWN = "[...document.querySelectorAll('#log .tl-e')].map((entry) => Number(entry.dataset.id))"


def watch(scene: Scene, chromium: Browser, number: int) -> Page:
    """A browser of its own, signed in, on the incident."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.add_init_script(SOCKETS)
    enter(context, scene, "ada@example.org")
    page = context.new_page()
    page.goto(f"{scene.portal.url}/incidents/{number}/")
    # Playwright's own waiting for a function needs eval, which the page's policy forbids.
    is_open = "window.sockets.some((socket) => socket.readyState === 1)"
    eventually(partial(page.evaluate, is_open), 20, "the line is open")
    return page


def shows(page: Page, wanted: list[int]) -> bool:
    """Whether the screen has exactly these entries, in this order."""
    shown: list[int] = page.evaluate(SHOWN)
    return shown == wanted


@pytest.mark.parametrize(("notes", "rate"), [(80, 8), pytest.param(200, 20, marks=pytest.mark.long)])
def test_both_screens_equal_the_database_after_breaks(scene: Scene, chromium: Browser, notes: int, rate: int) -> None:
    """`rate` notes a second are written while the lines of both break, and the web process is killed once."""
    token = scene.post()
    scene.arrives(token)
    number = scene.incident(token)["number"]
    pages = [watch(scene, chromium, number) for _ in range(2)]
    chance, cuts, web = random.Random(20), 0, scene.portal.roles()["web"]
    with Scribe(scene, number, notes, rate) as scribe:
        while scribe.writes():
            page = chance.choice(pages)
            page.evaluate("window.sockets.forEach((socket) => socket.close())")
            cuts += 1
            page.wait_for_timeout(chance.uniform(100, 600))
            if cuts == 5:
                pages[0].context.set_offline(True)
            elif cuts == 9:
                pages[0].context.set_offline(False)
            elif cuts == 12:
                scene.portal.kill(web)
    pages[0].context.set_offline(False)
    of = f"incident_id = (SELECT id FROM incidents_incident WHERE number = {number})"
    written = f"SELECT id FROM incidents_timelineentry WHERE {of} ORDER BY occurred_at, id"
    wanted = [pk for (pk,) in scene.sql(written)]
    assert len(wanted) >= notes
    begun = time.monotonic()
    for page in pages:
        eventually(partial(shows, page, wanted), 40, "the screen equals the database")
    assert cuts >= 10
    assert time.monotonic() - begun <= 40
    for page in pages:
        page.context.close()
