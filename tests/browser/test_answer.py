"""The page that answers, on a phone: without scripts, before they load, with a nervous thumb, and in a tunnel (S9)."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.browser.conftest import shortly, sign_in
from tests.browser.visit import SETTLED, axe, described
from tests.system.scene import Scene, link_of

pytestmark = pytest.mark.browser
WINDOWED = True
PHONE: ViewportSize = {"width": 360, "height": 780}


def asked(scene: Scene) -> tuple[str, str, str]:
    """A fresh incident: its token, the link in its mail, and the address of the person who was paged."""
    token = scene.post()
    mail = scene.arrives(token)
    return token, link_of(mail.text), f"p{int(token.removeprefix('chaos-')):03d}@example.org"


def status(scene: Scene, token: str) -> str:
    """How the incident stands."""
    return str(scene.incident(token)["status"])


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A phone."""
    made = chromium.new_context(viewport=PHONE)
    made.set_default_timeout(8000)
    yield made
    made.close()


def second_page(scene: Scene, token: str) -> str:
    """Another incident that pages the same person; its token."""
    key = scene.keys[int(token.removeprefix("chaos-")) % len(scene.keys)]
    other = scene.fresh()
    assert scene.try_post(other, key) == 202
    scene.pages(other)
    return other


def test_accept_without_scripts_and_before_they_load(chromium: Browser, scene: Scene) -> None:
    """The button is a plain form in the first 8 KB, 56 px high and in the lowest third; /static/ may hang for ever."""
    for scripts in (False, True):
        token, link, _ = asked(scene)
        context = chromium.new_context(viewport=PHONE, java_script_enabled=scripts)
        page = context.new_page()
        if scripts:
            page.route("**/static/**", lambda route: route.abort())
        page.goto(link, wait_until="commit")
        accept = page.get_by_role("button", name="Accept", exact=True)
        if not scripts:
            box = accept.bounding_box()
            assert box
            assert box["height"] >= 56
            assert box["width"] >= 320
            assert box["y"] >= PHONE["height"] * 2 / 3 - box["height"] - 48 - 10
            assert box["y"] + box["height"] <= PHONE["height"]
            decline = page.get_by_role("button", name="Decline").bounding_box()
            assert decline
            assert decline["height"] >= 48
            assert decline["y"] - box["y"] - box["height"] == pytest.approx(10, abs=0.5)
        accept.click()
        expect(page.get_by_role("status")).to_contain_text("You have acknowledged")
        expect(page.get_by_role("link", name="Open INC-")).to_be_visible()
        assert status(scene, token) == "acknowledged"
        context.close()


def test_what_counts_down_does_so_without_a_script(scene: Scene, context: BrowserContext) -> None:
    key = scene.ladders[0]
    token = scene.fresh()
    assert scene.try_post(token, key) == 202
    page = context.new_page()
    page.goto(link_of(scene.arrives(token).text))
    line = page.locator(".countdown")
    expect(line).to_contain_text("Next: Moe Second in")
    seconds = "parseInt(getComputedStyle(document.querySelector('.ticks')).getPropertyValue('--left'))"
    first = page.evaluate(seconds)
    assert 200 < first <= 300
    shortly(page, lambda: page.evaluate(seconds) <= first - 2, "two seconds less")
    page.evaluate("document.body.insertAdjacentHTML('afterbegin', '<p class=offline>Offline</p>')")
    expect(line).to_be_hidden()  # a kept page would count from what was left then


def test_a_double_tap_accepts_one(scene: Scene, context: BrowserContext) -> None:
    """The second page stands where the first stood, and does nothing for 600 ms; then it answers."""
    first, link, email = asked(scene)
    other = second_page(scene, first)
    page = context.new_page()
    sign_in(page, scene, email)
    page.goto(link)
    expect(page.get_by_text("Page 1 of 2")).to_be_visible()
    box = page.get_by_role("button", name="Accept", exact=True).bounding_box()
    assert box
    spot = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(*spot)
    page.get_by_text("Page 2 of 2").wait_for()
    page.mouse.click(*spot)
    page.mouse.click(*spot)
    page.wait_for_timeout(300)
    assert status(scene, first) == "acknowledged"
    assert status(scene, other) == "triggered"
    expect(page.locator("h1")).to_contain_text(other)
    page.wait_for_timeout(700)
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("You have acknowledged")
    assert status(scene, other) == "acknowledged"


def test_a_decline_goes_out_first_and_asks_why_afterwards(scene: Scene, context: BrowserContext) -> None:
    token, link, _ = asked(scene)
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("status")).to_contain_text("You have declined")
    why = page.get_by_label("Why?")
    why.fill("On a train, no signal soon")
    page.get_by_role("button", name="Add the reason").click()
    expect(page.get_by_role("status")).to_contain_text("Your reason stands in the timeline.")
    number = scene.incident(token)["number"]
    texts = [entry["text"] for entry in scene.api(f"incidents/{number}/timeline/")["results"]]
    assert any("declined because: On a train, no signal soon" in text for text in texts)


def ready(page: Page) -> None:
    """Wait until the worker holds the page."""
    registered = "navigator.serviceWorker.getRegistration().then((found) => Boolean(found?.active))"
    shortly(page, lambda: page.evaluate(registered), "an active worker", 30)
    page.reload()
    shortly(page, lambda: page.evaluate("!!navigator.serviceWorker.controller"), "a worker", 30)


def open_and_keep(page: Page, link: str) -> None:
    """Open an answer page and wait until the worker has kept it."""
    page.goto(link)
    shortly(page, lambda: urlsplit(link).path in page.evaluate(KEPT), "the worker keeps the page", 30)


def accept_offline(page: Page) -> None:
    """Accept where nothing can be sent."""
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.locator("h1")).to_have_text("Will be sent when you are connected")


@pytest.mark.long
def test_an_answer_given_offline_is_kept_and_sent_once(scene: Scene, context: BrowserContext) -> None:
    """The last state of one's pages shows with its time; the answer waits, and counts once when the network is back."""
    token, link, email = asked(scene)
    scene.sql("UPDATE accounts_user SET time_zone = 'Asia/Tokyo' WHERE email = ?", email)
    page = context.new_page()
    sign_in(page, scene, email)
    ready(page)
    open_and_keep(page, link)
    context.set_offline(True)
    page.reload()
    said = page.get_by_role("status")
    expect(said).to_contain_text(re.compile(r"^Offline, showing \d+ \w+,? .*\d\d:\d\d"))
    there = datetime.now(ZoneInfo("Asia/Tokyo"))
    assert said.inner_text()[-5:] in {f"{there - timedelta(minutes=back):%H:%M}" for back in range(3)}, (
        "in her own zone"
    )
    expect(page.locator("h1")).to_contain_text(token)
    accept_offline(page)
    assert status(scene, token) == "triggered"
    tried = context.service_workers[0].evaluate("flush().then(() => 'sent', () => 'to be tried again')")
    assert tried == "to be tried again", "else Background Sync would take it for done"
    context.set_offline(False)
    expect(page.get_by_role("status")).to_contain_text("You have accepted this page.", timeout=30_000)
    assert status(scene, token) == "acknowledged"
    entries = scene.api(f"incidents/{scene.incident(token)['number']}/timeline/")["results"]
    assert sum(entry["kind"] == "acknowledged" for entry in entries) == 1
    assert page.evaluate("caches.open('queue').then((queue) => queue.keys()).then((keys) => keys.length)") == 0


@pytest.mark.long
def test_an_answer_goes_out_where_nothing_says_that_the_network_is_back(scene: Scene, context: BrowserContext) -> None:
    """S9: the first try after a tunnel may fail, and a portal that was away announces nothing; the page tries again.

    Nor does the browser: not every one has Background Sync.
    """
    token, link, email = asked(scene)
    context.add_init_script("addEventListener('online', (ev) => ev.stopImmediatePropagation(), true)")
    page = context.new_page()
    sign_in(page, scene, email)
    ready(page)
    page.goto(link)
    context.service_workers[0].evaluate("delete ServiceWorkerRegistration.prototype.sync")
    context.set_offline(True)
    accept_offline(page)
    context.set_offline(False)
    expect(page.get_by_role("status")).to_contain_text("You have accepted this page.", timeout=30_000)
    assert status(scene, token) == "acknowledged"


def test_a_slow_network_shows_what_was_kept(scene: Scene, context: BrowserContext) -> None:
    """Design 9: after three seconds without an answer, the last state with its time; no longer than it has to be."""
    token, link, email = asked(scene)
    page = context.new_page()
    sign_in(page, scene, email)
    ready(page)
    open_and_keep(page, link)
    web = scene.portal.roles()["web"]
    os.kill(web, signal.SIGSTOP)
    try:
        page.reload(wait_until="commit")
        expect(page.get_by_role("status")).to_contain_text("Offline, showing")
        expect(page.locator("h1")).to_contain_text(token)
        page.evaluate("caches.keys().then((names) => caches.delete(names.find((name) => name[0] === 'd')))")
        assert page.evaluate(KEPT) == []
    finally:
        os.kill(web, signal.SIGCONT)
    shortly(page, lambda: page.evaluate(KEPT), "what came too late for the screen is kept for the next time")
    page.reload()
    expect(page.get_by_text("Offline, showing")).to_have_count(0)


def test_what_one_person_saw_is_gone_after_the_sign_out(scene: Scene, context: BrowserContext) -> None:
    """A34: the worker keeps a person's pages under that person, nothing of the API, and drops them at sign-out."""
    _, link, email = asked(scene)
    page = context.new_page()
    sign_in(page, scene, email)
    ready(page)
    page.goto(f"{scene.portal.url}/now/")
    page.goto(link)
    kept = partial(page.evaluate, KEPT)
    shortly(page, lambda: len(kept()) == 2, "both pages are kept")
    assert [path for path in kept() if not re.match(r"/(now|answer/[^/]+)/$", path)] == []
    page.goto(f"{scene.portal.url}/now/")
    page.evaluate("fetch('/api/v1/me/')")
    assert len(kept()) == 2
    page.goto(f"{scene.portal.url}/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
    shortly(page, lambda: kept() == [], "nothing is left")
    context.set_offline(True)
    page.goto(f"{scene.portal.url}/now/")
    expect(page.locator("h1")).to_have_text("You are offline")


# What reaches out of the screen, where something does.
WIDE = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const out = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth);
  return out.map((one) => one.outerHTML.slice(0, 90));
}"""
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys())
    if (!name.startsWith("shell-") && name !== "queue")
      for (const { url } of await (await caches.open(name)).keys()) found.push(new URL(url).pathname);
  return found;
}"""


def test_nobody_is_shut_out(scene: Scene, chromium: Browser) -> None:
    """axe finds nothing at 360 px in both themes, asked and answered; nothing scrolls sideways at 320 and at 200 %."""
    token, link, email = asked(scene)
    second_page(scene, token)
    context = chromium.new_context(viewport=PHONE, reduced_motion="reduce")
    page = context.new_page()
    sign_in(page, scene, email)
    for act in ("", "Accept", "Decline"):
        if act:
            page.wait_for_timeout(700)
            with page.expect_navigation():
                page.get_by_role("button", name=act, exact=True).click()
        else:
            page.goto(link)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            page.evaluate(SETTLED)
            assert [described(each) for each in axe(page)] == [], theme
        assert page.evaluate(WIDE) == []
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate(WIDE) == []
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate(WIDE) == []
        page.evaluate("document.documentElement.style.fontSize = ''")
        page.set_viewport_size(PHONE)
    context.close()
