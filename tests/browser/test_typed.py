"""Nothing that a person has typed is lost: refusals, a portal that is away, an expired session, a reload."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, StorageState, ViewportSize, expect

from tests.browser.conftest import sign_in
from tests.system.scene import Scene

pytestmark = pytest.mark.browser
TEXT = "The disk of the second node is full\nand nobody cleans it"
ADA = "ada@example.org"


@pytest.fixture(scope="module")
def number(scene: Scene) -> int:
    """The number of an open incident."""
    token = scene.post()
    scene.arrives(token)
    return int(scene.incident(token)["number"])


@pytest.fixture(scope="module")
def session(scene: Scene, chromium: Browser) -> StorageState:
    """Ada, signed in once for all stories of the file; the last one ends it."""
    context = chromium.new_context()
    sign_in(context.new_page(), scene, ADA)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(scene: Scene, chromium: Browser, number: int, session: StorageState) -> Iterator[Page]:
    """Ada on the incident's page, in a browser without drafts."""
    size: ViewportSize = {"width": 1280, "height": 800}
    context = chromium.new_context(viewport=size, reduced_motion="reduce", storage_state=session)
    context.set_default_timeout(8000)
    shown = context.new_page()
    shown.goto(f"{scene.portal.url}/incidents/{number}/")
    yield shown
    context.close()


def send(page: Page, text: str = TEXT) -> None:
    """Write a note and send it."""
    page.fill("#note", text)
    page.get_by_role("button", name="Add note").click()


def test_a_note_outlives_a_portal_that_is_away(page: Page) -> None:
    """503 with a page of a proxy, then with ours; the text stays in the box and comes back after a reload."""
    away = re.compile(r"/notes/$")
    page.route(away, lambda route: route.fulfill(status=503, body="<h1>Bad gateway</h1>"))
    send(page)
    said = "Not sent: the portal answered 503. Your text is kept; try again."
    expect(page.locator(".composer").get_by_role("alert")).to_contain_text(said)
    expect(page.locator("#note")).to_have_value(TEXT)
    page.reload()
    expect(page.locator("#note")).to_have_value(TEXT)
    page.unroute(away)
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#log")).to_contain_text("and nobody cleans it")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#note")).to_have_value("")
    page.reload()
    expect(page.locator("#note")).to_have_value("")


def test_a_note_that_is_refused_stays(page: Page) -> None:
    page.fill("#note", "x" * 10_001)
    page.get_by_role("button", name="Add note").click()
    notice = page.locator(".composer").get_by_role("alert")
    expect(notice).to_contain_text("at most 10000 characters")
    assert len(page.input_value("#note")) == 10_001
    page.reload()
    expect(page.locator("#note")).to_have_value("x" * 10_001)


def test_what_is_typed_while_a_note_is_under_way_stays(page: Page) -> None:
    def slowly(route: Route) -> None:
        page.locator("#note").press_sequentially(" and more")
        route.continue_()

    page.route(re.compile(r"/notes/$"), slowly)
    send(page, "first")
    expect(page.locator("#note")).to_have_value("and more")


def test_after_an_expired_session_ada_signs_in_and_sends_the_same_text_once(page: Page) -> None:
    """Design 8: the form waits at the server through the sign-in; its draft goes when the server has taken it."""
    text = f"{TEXT}, not even on Fridays"
    page.fill("#note", text)
    page.context.clear_cookies(name="watchbill")
    page.get_by_role("button", name="Add note").click()
    notice = page.locator(".composer").get_by_role("alert")
    expect(notice).to_contain_text("You have been signed out. Your text is kept.")
    expect(page.locator("#note")).to_have_value(text)
    notice.get_by_role("button", name="Sign in and send it").click()
    signed_in_again(page)
    expect(page.locator("h1")).to_have_text("Send it now?")
    expect(page.locator("main dd.card").first).to_have_text(text)
    page.get_by_role("button", name="Send it").click()
    expect(page.locator("#log .tl-e", has_text="not even on Fridays")).to_have_count(1)
    expect(page.locator("#note")).to_have_value("")
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('draft:'))") == []


def test_after_an_expired_session_a_form_with_a_file_waits_in_its_draft(page: Page, number: int) -> None:
    """A file cannot wait at the server, so the way leads through the sign-in back to the page and its text."""
    page.fill("#note", TEXT)
    page.set_input_files("#note-files", {"name": "log.txt", "mimeType": "text/plain", "buffer": b"full"})
    page.context.clear_cookies(name="watchbill")
    page.get_by_role("button", name="Add note").click()
    notice = page.locator(".composer").get_by_role("alert")
    expect(notice.get_by_role("button")).to_have_count(0)
    notice.get_by_role("link", name="Sign in").click()
    signed_in_again(page)
    page.wait_for_url(f"**/incidents/{number}/")
    expect(page.locator("#note")).to_have_value(TEXT)


def signed_in_again(page: Page) -> None:
    """Ada, by the form."""
    page.fill("input[name=login]", ADA)
    page.fill("input[name=password]", "correct horse battery")
    page.click("button[type=submit]")


def test_a_form_that_the_browser_sends_itself_forgets_its_draft_when_it_is_taken(page: Page, number: int) -> None:
    """The page of an entry: a refusal keeps the text, the way on to the timeline confirms it."""
    page.fill("#note", "from the box")
    page.get_by_role("link", name="Back-date").click()
    text = page.locator("#id_text")
    expect(text).to_have_value("from the box")
    page.fill("[name=occurred_at]", "2099-01-01T10:00")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("main")).to_contain_text("Must not be in the future.")
    expect(text).to_have_value("from the box")
    page.fill("[name=occurred_at]", "")
    page.get_by_role("button", name="Add note").click()
    page.wait_for_url("**/#entry-*")
    expect(page.locator("#log")).to_contain_text("from the box")
    page.reload()
    expect(page.locator("#note")).to_have_value("")


def test_a_draft_that_no_longer_fits_is_offered_and_kept_until_it_is_decided(page: Page, scene: Scene) -> None:
    """Ada rewrites an entry and goes away; somebody else edits it before she comes back."""
    send(page, "The disc is full")
    link = page.locator("#log li", has_text="The disc is full").locator("a[href*='/entries/']").first
    path = f"{scene.portal.url}{link.get_attribute('href')}"
    page.goto(path)
    text, offer = page.locator("#id_text"), page.get_by_role("group", name="Your unsent text of")
    text.fill("The disc of Ada is full")
    page.goto("about:blank")
    edited_elsewhere(page, path, "The disc of Bo is full")
    page.goto(path)
    expect(text).to_have_value("The disc of Bo is full")
    expect(offer).to_contain_text("The disc of Ada is full")
    text.press("End")
    text.press_sequentially("!")
    page.reload()
    expect(text).to_have_value("The disc of Bo is full!")
    expect(offer).to_contain_text("The disc of Ada is full")
    offer.get_by_role("button", name="Use it").press("Enter")
    expect(text).to_have_value("The disc of Ada is full")
    expect(offer).to_contain_text("The disc of Bo is full!")
    offer.get_by_role("button", name="Discard").press("Enter")
    expect(offer).to_have_count(0)
    expect(text).to_be_focused()
    page.reload()
    expect(text).to_have_value("The disc of Ada is full")
    expect(offer).to_have_count(0)


def edited_elsewhere(page: Page, path: str, text: str) -> None:
    """The entry is edited from a device that knows nothing of the drafts of this one."""
    html = page.request.get(path).text()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)
    assert token
    form = {"csrfmiddlewaretoken": token[1], "text": text, "occurred_at": ""}
    answer = page.request.post(f"{path}edit/", form=form, headers={"Referer": path})
    assert text in answer.text(), answer.status


def test_a_refused_verb_on_its_own_page_is_shown_in_its_place(page: Page, scene: Scene, number: int) -> None:
    page.goto(f"{scene.portal.url}/incidents/{number}/reassign/")
    button = page.get_by_role("button", name="Page and reassign", exact=True)
    button.click()
    expect(page.locator("[aria-invalid=true]")).not_to_have_count(0)
    assert page.locator("#sheet[open]").count() == 0
    assert button.count() == 1


def test_a_dialog_keeps_its_form_and_says_what_went_wrong_inside(page: Page) -> None:
    page.route(re.compile(r"/escalate/$"), away_for_posts)
    page.get_by_role("link", name="Escalate").click()
    sheet = page.locator("#sheet")
    sheet.get_by_role("button", name="Page the next level").click()
    expect(sheet.get_by_role("alert")).to_contain_text("Not sent: the portal answered 503.")
    expect(sheet.get_by_role("button", name="Page the next level")).to_be_enabled()


def away_for_posts(route: Route) -> None:
    """The portal is away for whoever sends something."""
    if route.request.method == "POST":
        route.fulfill(status=503, body="<h1>Bad gateway</h1>")
    else:
        route.continue_()


def test_on_a_phone_the_composer_is_one_line_until_it_is_focused(page: Page, scene: Scene) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    bar = page.locator(".composer-bar")
    expect(bar).to_be_hidden()
    box = page.locator(".composer").bounding_box()
    assert box
    assert box["height"] <= 64
    page.locator("#note").focus()
    expect(bar).to_be_visible()
    page.goto(f"{scene.portal.url}/profile/tokens/")
    width = page.evaluate("document.documentElement.clientWidth")
    for tab in page.locator(".tabs a").all():
        found = tab.bounding_box()
        assert found
        assert found["x"] + found["width"] <= width


def test_drafts_go_at_sign_out(page: Page, scene: Scene, number: int) -> None:
    page.fill("#note", TEXT)
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('draft:')).length") == 1
    page.goto(f"{scene.portal.url}/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: "logout" not in url)
    sign_in(page, scene, ADA)
    page.goto(f"{scene.portal.url}/incidents/{number}/")
    expect(page.locator("#note")).to_have_value("")
