"""The incident page in a browser: what acts at once, what is remembered, what stands when something fails."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, Route, StorageState, ViewportSize, expect

from tests.browser.conftest import sign_in
from tests.browser.visit import axe, described
from tests.system.scene import Scene

pytestmark = [pytest.mark.browser, pytest.mark.long]
DESK: ViewportSize = {"width": 1440, "height": 900}
# What a clipboard with a picture hands to a page.
PASTE = """(box) => {
  const held = new DataTransfer();
  held.items.add(new File(["x"], "screen.png", { type: "image/png" }));
  box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true }));
}"""
# A field in a region that is drawn anew, as other rooms may put one there.
FIELD = "document.querySelector('#panel-milestones').insertAdjacentHTML('beforeend', '<input id=mine aria-label=Mine>')"


@pytest.fixture(scope="module")
def number(scene: Scene) -> int:
    """An incident that nobody has answered yet."""
    token = scene.post(scene.ladders[0])
    scene.arrives(token)
    return int(scene.incident(token)["number"])


@pytest.fixture(scope="module")
def session(scene: Scene, chromium: Browser) -> StorageState:
    """Lea, who is paged for it, signed in once."""
    context = chromium.new_context()
    sign_in(context.new_page(), scene, "lea@example.org")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(scene: Scene, chromium: Browser, number: int, session: StorageState) -> Iterator[Page]:
    """Lea on the page, in a browser that remembers nothing; nothing may be said on the console."""
    said: list[str] = []
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce", storage_state=session)
    context.set_default_timeout(8000)
    shown = context.new_page()
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.goto(f"{scene.portal.url}/incidents/{number}/")
    expect(shown.locator("[data-live-state]")).to_have_text("Live")
    yield shown
    context.close()
    assert said == []


def send(page: Page, text: str) -> None:
    """Write a note and send it by the keyboard."""
    page.fill("#note", text)
    page.locator("#note").press("Control+Enter")


def found(page: Page) -> list[str]:
    """What axe says."""
    return [described(each) for each in axe(page)]


def test_on_a_phone_everything_that_matters_stands_on_the_first_screen(page: Page) -> None:
    """TRI-01: at 390 px status, priority, impact, owner and acknowledge are visible without scrolling."""
    page.set_viewport_size({"width": 390, "height": 844})
    bar = page.locator(".mobilebar").bounding_box()
    composer = page.locator(".composer").bounding_box()
    assert bar
    assert composer
    header = page.locator("#inc-head")
    for each in (
        header.locator(".state"),
        header.locator(".prio").first,
        header.get_by_text("Impact not known yet"),
        header.get_by_text("Lea First"),
        header.get_by_role("button", name="Acknowledge"),
    ):
        box = each.bounding_box()
        assert box
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= min(bar["y"], composer["y"])


def test_filters_and_the_zone_act_without_leaving_the_page(page: Page, scene: Scene, number: int) -> None:
    scene.sql("UPDATE accounts_user SET time_zone = 'Asia/Kolkata' WHERE email = 'lea@example.org'")
    page.reload()
    page.fill("#note", "half a thought")
    page.evaluate("window.same = true")
    page.locator("#show-note").click()
    expect(page.locator("#show-note")).to_have_attribute("aria-current", "true")
    expect(page.locator("#show-note")).to_be_focused()
    assert page.url.endswith("?show=note")
    expect(page.locator("#entries .tl-e")).to_have_count(0)
    page.locator("#show-all").click()
    expect(page.locator("#entries .tl-e").first).to_be_visible()
    first = page.locator("#entries .tl-e > time").first
    own = first.inner_text()
    page.locator("#zone").click()
    expect(page.locator("#zone")).to_have_text("show mine")
    expect(first).not_to_have_text(own)
    utc = first.get_attribute("datetime")
    assert utc
    expect(first).to_have_text(utc[11:16])
    assert page.evaluate("window.same")
    assert page.input_value("#note") == "half a thought"
    page.goto(f"{scene.portal.url}/incidents/{number}/")
    expect(first).to_have_text(utc[11:16])
    page.locator("#zone").click()
    expect(first).to_have_text(own)


def test_a_live_entry_comes_in_the_zone_that_is_shown_and_is_counted(page: Page) -> None:
    page.goto(page.url.split("?")[0] + "?zone=utc")
    before = int(page.locator("#show-note [data-count]").inner_text())
    send(page, "looked at the pool")
    mine = page.locator("#entries .tl-e[data-id]", has_text="looked at the pool")
    expect(mine).to_have_count(1)
    time = mine.locator("> time")
    expect(time).to_have_text((time.get_attribute("datetime") or "")[11:16])
    expect(page.locator("#show-note [data-count]")).to_have_text(str(before + 1))
    expect(page.locator(".tl-day")).to_have_count(1)


def test_res_17_in_the_chat_every_message_stays_a_message(page: Page) -> None:
    """Reached by its filter: the form that is emptied after the first message does not fall back to a note."""
    page.locator("#show-chat").click()
    expect(page.locator("#note-send")).to_contain_text("Send")
    for text in ("who looks at the pool?", "I do"):
        send(page, text)
        expect(page.locator("#entries .tl-e[data-moment=chat]", has_text=text)).to_have_count(1)
        expect(page.locator("#note-kind")).to_have_value("chat")
    page.locator("#show-all").click()
    expect(page.locator("#note-kind")).to_have_value("note")
    expect(page.locator("#note-send")).to_contain_text("Add note")


def test_an_own_entry_stands_at_once_and_once(page: Page) -> None:
    """The mark that the form posts leads the real entry to the place of the greyed one."""

    def slowly(route: Route) -> None:
        page.wait_for_timeout(600)
        route.continue_()

    page.route(re.compile(r"/notes/$"), slowly)
    send(page, "I restart the second pod")
    waiting = page.locator(".tl-pending")
    expect(waiting).to_contain_text("sending")
    expect(page.locator("#entries .tl-e[data-id]", has_text="I restart the second pod")).to_have_count(1)
    expect(waiting).to_have_count(0)
    expect(page.locator("#note")).to_have_value("")


def test_what_could_not_be_sent_says_so_and_is_sent_again_once(page: Page) -> None:
    """The server took it, and its answer was lost: trying again writes nothing twice."""

    def lost(route: Route) -> None:
        route.fetch()
        route.abort()

    page.context.set_offline(False)
    page.route(re.compile(r"/feed/"), lambda route: route.abort())
    page.route(re.compile(r"/notes/$"), lambda route: route.abort())
    send(page, "the pager is loud")
    waiting = page.locator(".tl-pending")
    expect(waiting).to_contain_text("Not sent.")
    expect(page.locator("#note")).to_have_value("the pager is loud")
    assert found(page) == []
    page.unroute(re.compile(r"/notes/$"))
    page.route(re.compile(r"/notes/$"), lost, times=1)
    waiting.get_by_role("button", name="Try again").click()
    written = page.locator("#entries .tl-e[data-id]", has_text="the pager is loud")
    expect(written).to_have_count(1)
    expect(page.locator("#note")).to_have_value("the pager is loud")
    page.locator("#note").press("Control+Enter")
    expect(page.locator("#note")).to_have_value("")
    expect(waiting).to_have_count(0, timeout=20_000)
    expect(written).to_have_count(1)


def test_commands_are_completed_by_the_keyboard_and_by_pointing(page: Page) -> None:
    box, menu = page.locator("#note"), page.get_by_role("listbox", name="Commands")
    box.press_sequentially("/")
    expect(menu.get_by_role("option").nth(5)).to_be_attached()
    expect(box).to_have_attribute("aria-controls", "slashes")
    assert found(page) == []
    box.press_sequentially("de")
    expect(menu.get_by_role("option")).to_have_count(1)
    chosen = menu.get_by_role("option", selected=True)
    expect(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    box.press("Tab")
    expect(box).to_have_value("/decide ")
    expect(menu).to_be_hidden()
    box.press_sequentially("we roll back")
    box.press("Control+Enter")
    expect(page.locator("#entries .tl-e", has_text="we roll back")).to_contain_text("Decision")
    box.fill("/")
    box.press("ArrowUp")
    last = menu.get_by_role("option").last
    expect(last).to_have_attribute("aria-selected", "true")
    box.press("Escape")
    expect(menu).to_be_hidden()
    box.fill("/todo")
    menu.get_by_role("option").first.click()
    expect(box).to_have_value("/todo ")
    box.fill("no /command")
    expect(menu).to_be_hidden()


def test_files_that_go_along_are_named_and_can_be_taken_away(page: Page) -> None:
    """Chosen and pasted ones; what is sent without a word twice stands in the record twice."""
    names = "[...document.querySelector('[data-paste]').files].map((file) => file.name)"
    along = page.get_by_role("group", name="Files that go along")
    first: FilePayload = {"name": "first.log", "mimeType": "text/plain", "buffer": b"x" * 2000}
    page.set_input_files("#note-files", first)
    page.locator("#note").evaluate(PASTE)
    expect(along.get_by_role("button")).to_have_text(["first.log, 2 KB ✕", "screen.png, 1 KB ✕"])
    along.get_by_role("button", name="screen.png").click()
    expect(page.locator("#note")).to_be_focused()
    assert page.evaluate(names) == ["first.log"]
    for name in ("first.log", "second.log"):
        page.set_input_files("#note-files", {"name": name, "mimeType": "text/plain", "buffer": name.encode()})
        page.get_by_role("button", name="Add note").click()
        expect(page.locator("#entries .files", has_text=name)).to_have_count(1)
        expect(along).to_be_hidden()


def test_panels_fold_and_the_browser_remembers(page: Page) -> None:
    panel = page.locator("#panel-milestones")
    panel.locator("summary").press("Enter")
    expect(panel).not_to_have_attribute("open", "")
    send(page, "/priority P2 as a test")
    expect(page.locator("#inc-head .prio").first).to_have_text("P2")
    expect(panel).not_to_have_attribute("open", "")
    page.reload()
    expect(panel).not_to_have_attribute("open", "")
    expect(page.locator("#panel-alerts")).to_have_attribute("open", "")
    panel.locator("summary").click()
    expect(panel).to_have_attribute("open", "")


def test_a_region_waits_while_somebody_types_in_it(page: Page) -> None:
    """Nothing typed is lost to a redraw: it is announced as a change and made when the field is empty and left."""
    page.evaluate(FIELD)
    page.locator("#mine").press_sequentially("abc")
    page.evaluate("window.watchbill.draw()")
    expect(page.locator("#panels")).to_contain_text("1 change")
    assert page.input_value("#mine") == "abc"
    page.locator("#mine").fill("")
    page.locator("#note").focus()
    expect(page.locator("#mine")).to_have_count(0)
    expect(page.locator("#panels")).not_to_contain_text("1 change")


def test_focus_stays_where_it_was_when_the_header_is_drawn_anew(page: Page) -> None:
    page.locator("#more").focus()
    page.evaluate("document.querySelector('#inc-head').dataset.old = document.querySelector('h1').textContent = 'x'")
    page.evaluate("window.watchbill.draw()")
    expect(page.locator("#inc-head[data-old]")).to_have_count(0)
    expect(page.locator("#more")).to_be_focused()


def test_the_newest_entry_is_in_sight_however_late_a_picture_comes(page: Page) -> None:
    """Its room is kept before it comes; a phone, which opens at the oldest, has a link."""
    for line in range(12):
        send(page, f"line {line}")
        expect(page.locator("#entries .tl-e[data-id]", has_text=f"line {line}")).to_have_count(1)
    picture = io.BytesIO()
    Image.new("RGB", (1600, 900), "teal").save(picture, "PNG")
    page.locator("#note-files").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    send(page, "what the graph shows")
    shown = page.locator("#entries .pic img")
    expect(shown).to_have_count(1)
    held: list[Route] = []
    page.route(re.compile(r"\?small$"), lambda route: held.append(route))
    page.reload(wait_until="domcontentloaded")
    gap = "log.scrollHeight - log.scrollTop - log.clientHeight"
    expect(page.locator("[data-live-state]")).to_have_text("Live")
    assert page.evaluate("log.scrollTop") > 0
    assert page.evaluate(gap) < 2
    before = shown.bounding_box()
    assert before
    assert before["height"] > 150
    page.wait_for_timeout(200)
    for each in held:
        each.continue_()
    expect(shown).to_have_js_property("complete", value=True)
    assert shown.evaluate("(img) => img.naturalWidth") > 0
    assert shown.bounding_box() == before
    assert page.evaluate(gap) < 2
    link = page.get_by_role("link", name="Newest entry")
    expect(link).to_be_hidden()
    page.set_viewport_size({"width": 360, "height": 780})
    page.evaluate("window.scrollTo(0, 0)")
    link.click()
    expect(page.locator("#entries .tl-e").last).to_be_in_viewport()


def test_whoever_comes_late_is_told_once(page: Page, scene: Scene, number: int) -> None:
    """RES-17: the card stands open for the first time in a browser, and not again."""
    card = page.locator("#catch-up")
    expect(card).to_have_count(0)
    page.evaluate("localStorage.clear()")
    old = "datetime('now', '-20 minutes')"
    scene.sql(f"UPDATE incidents_incident SET created_at = {old} WHERE number = {number}")
    page.reload()
    expect(card).to_be_visible()
    expect(card).to_contain_text("Lea First")
    assert card.locator("li").count() in (4, 5)
    assert found(page) == []
    page.reload()
    expect(card).to_be_hidden()


def test_axe_finds_nothing_on_the_page_and_in_its_dialogs(page: Page) -> None:
    assert found(page) == []
    page.locator("#more").click()
    assert found(page) == []
    page.locator("#act-resolve").click()
    expect(page.locator("#sheet[open]")).to_be_visible()
    assert found(page) == []
    page.locator("#sheet").get_by_role("link", name="Back").click()
    page.set_viewport_size({"width": 360, "height": 780})
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert found(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_what_is_read_out_follows_the_profile(page: Page, scene: Scene) -> None:
    """Design 11: everything, key moments or nothing; a page for me is the alert."""
    log = page.locator("#log")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(page.locator("#asked [role=alert]")).to_have_text(re.compile("You are paged for INC-"))
    scene.sql("UPDATE accounts_user SET announce = 'key' WHERE email = 'lea@example.org'")
    page.reload()
    expect(log).to_have_attribute("aria-live", "off")
    scene.sql("UPDATE accounts_user SET announce = 'all' WHERE email = 'lea@example.org'")
