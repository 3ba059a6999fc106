"""Keys and the command palette in Chromium, as people at a desk use them (design 4, 7; WCAG 2.1.4)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import enter, shortly, sign_in
from tests.browser.visit import axe, described
from tests.system.scene import Scene

pytestmark = [pytest.mark.browser, pytest.mark.long]
FOCUSED = "document.activeElement.%s"


@pytest.fixture
def page(scene: Scene, chromium: Browser) -> Iterator[Page]:
    """Ada at her desk, with the policy out of axe's way; the console has to stay silent."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce", bypass_csp=True)
    enter(context, scene, "ada@example.org")
    made = context.new_page()
    wrong: list[str] = []
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    yield made
    assert wrong == []
    context.close()


def clean(page: Page) -> None:
    """Axe finds nothing on the page as it stands."""
    assert [described(each) for each in axe(page)] == []


def test_ada_finds_a_service_by_typing_and_opens_it_by_enter(scene: Scene, page: Page) -> None:
    page.goto(f"{scene.portal.url}/teams/")
    page.keyboard.press("Control+k")
    box, field = page.locator("#palette"), page.locator("#palette input")
    expect(box).to_be_visible()
    expect(field).to_be_focused()
    page.keyboard.type("red")
    first = page.locator("#palette [role=option]").filter(has_text="Red")
    expect(first.first).to_be_visible()
    expect(field).to_have_attribute("aria-activedescendant", "found-0")
    clean(page)
    wanted = page.locator("#palette [href^='/services/']").first
    for _ in range(12):
        if wanted.get_attribute("aria-selected") == "true":
            break
        page.keyboard.press("ArrowDown")
    expect(wanted).to_have_attribute("aria-selected", "true")
    assert wanted.get_attribute("id") == field.get_attribute("aria-activedescendant")
    page.keyboard.press("Enter")
    page.wait_for_url("**/services/*/")
    expect(page.locator("h1")).to_contain_text("Red")


def test_enter_before_the_answer_waits_for_it(scene: Scene, page: Page) -> None:
    page.goto(f"{scene.portal.url}/teams/")
    page.keyboard.press("Control+k")
    page.keyboard.type("blue")
    page.keyboard.press("Enter")
    page.wait_for_url("**/services/*/")
    expect(page.locator("h1")).to_contain_text("Blue")


def test_without_a_connection_the_palette_says_so_and_keeps_what_the_page_knows(
    scene: Scene, chromium: Browser
) -> None:
    """Enter chooses again once there is an answer, also after a text that was taken back."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    enter(context, scene, "ada@example.org")
    page = context.new_page()
    page.goto(f"{scene.portal.url}/teams/")
    page.keyboard.press("Control+k")
    context.set_offline(True)
    page.keyboard.type("team")
    page.keyboard.press("Enter")
    expect(page.locator("#palette > [role=status]")).to_contain_text("The portal does not answer")
    expect(page.locator("#palette")).to_be_visible()
    expect(page.locator("#messages .notice")).to_have_count(0)
    expect(page.locator("#palette [role=option]").filter(has_text="New team")).to_be_visible()
    context.set_offline(False)
    page.keyboard.press("Control+a")
    page.keyboard.type("blue")
    page.keyboard.press("Enter")
    page.wait_for_url("**/services/*/")
    context.close()


def test_escape_gives_the_focus_back_and_the_button_opens_it_too(scene: Scene, page: Page) -> None:
    page.goto(f"{scene.portal.url}/teams/")
    jump = page.locator("[data-open=palette]")
    jump.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(jump).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.type("nothing is called so")
    expect(page.locator("#palette > [role=status]")).to_have_text("Nothing found")
    clean(page)


def test_commands_come_first_and_only_press_what_the_page_has(scene: Scene, page: Page) -> None:
    """A command that pages leads to its form: the palette itself sends nothing."""
    page.goto(f"{scene.portal.url}/teams/")
    page.keyboard.press("Control+k")
    options = page.locator("#palette [role=option]")
    expect(options.first).to_contain_text("New incident")
    expect(page.locator("#palette [role=group]:visible").first).to_have_attribute("aria-label", "On this page")
    page.keyboard.type(">new inc")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/new/")


def test_a_command_of_an_incident_opens_its_dialog_and_changes_nothing(scene: Scene, page: Page) -> None:
    """Even from the closed menu: to escalate pages people, so the question comes first."""
    token = scene.post()
    scene.arrives(token)
    number = scene.incident(token)["number"]
    page.goto(f"{scene.portal.url}/incidents/{number}/")
    page.keyboard.press("Control+k")
    page.keyboard.type(">escalate")
    expect(page.locator("#palette [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator("dialog#sheet")).to_be_visible()
    assert scene.incident(token)["status"] == "triggered"
    assert len(scene.mails(token)) == 1


def test_p_pins_the_entry_in_focus_and_l_goes_to_the_newest(scene: Scene, page: Page) -> None:
    token = scene.post()
    scene.arrives(token)
    page.goto(f"{scene.portal.url}/incidents/{scene.incident(token)['number']}/")
    page.keyboard.press("p")
    expect(page.locator(".tl-e .pinned")).to_have_count(0)
    page.keyboard.press("l")
    assert page.evaluate("document.activeElement === [...document.querySelectorAll('#log .tl-e')].at(-1)")
    page.keyboard.press("p")
    expect(page.locator("#log .tl-e").last.locator(".pinned")).to_be_visible()


def test_the_last_pages_are_offered_first(scene: Scene, page: Page) -> None:
    for path in ("/schedules/", "/policies/", "/teams/"):
        page.goto(f"{scene.portal.url}{path}")
    page.keyboard.press("Control+k")
    visited = page.get_by_role("group", name="Visited last").get_by_role("option")
    expect(visited.filter(has_text="Schedules")).to_be_visible()
    assert visited.filter(has_text="Escalation policies").get_attribute("href") == "/policies/"


def test_letters_lead_and_do_nothing_inside_fields(scene: Scene, page: Page) -> None:
    page.goto(f"{scene.portal.url}/services/")
    field = page.locator("main input[type=search]").first
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type("n?jg")
    assert field.input_value() == "n?jg"
    assert page.url.endswith("/services/")
    assert page.locator("dialog[open]").count() == 0
    page.locator("h1").first.click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Shift+N")
    page.keyboard.press("Alt+n")
    assert page.url.endswith("/services/")
    page.keyboard.press("j")
    first = page.evaluate(FOCUSED % "href")
    assert page.evaluate(FOCUSED % "matches('a.t-title')")
    page.keyboard.press("j")
    assert page.evaluate(FOCUSED % "href") != first
    page.keyboard.press("k")
    assert page.evaluate(FOCUSED % "href") == first
    page.keyboard.press("g")
    page.keyboard.press("a")
    assert page.url.endswith("/services/"), "what follows G is no key of its own"
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/incidents/")
    page.keyboard.press("n")
    page.wait_for_url("**/incidents/new/")


def test_the_overlay_lists_the_keys_that_work_here(scene: Scene, page: Page) -> None:
    page.goto(f"{scene.portal.url}/teams/")
    page.keyboard.press("j")
    page.keyboard.press("?")
    overlay = page.locator("dialog#keys")
    expect(overlay).to_be_visible()
    shown = set(overlay.locator("[data-k]:visible").evaluate_all("rows => rows.map(row => row.dataset.k)"))
    assert {"palette", "?", "n", "j", "k", "enter", "gn", "gi", "gs"} <= shown
    assert not shown & {"x", "a", "d", "l", "p", "gp", "ga"}, "nothing here to select, to answer or to pin"
    clean(page)
    page.keyboard.press("n")
    assert page.url.endswith("/teams/"), "no letter acts behind a dialog"
    page.keyboard.press("Escape")
    expect(overlay).to_be_hidden()
    assert page.evaluate(FOCUSED % "matches('a.t-title')"), "the focus is where it was"


def test_x_selects_rows_and_escape_clears_them(scene: Scene, page: Page) -> None:
    for token in scene.post_many(4):
        scene.arrives(token)
    page.goto(f"{scene.portal.url}/incidents/")
    ticked = page.locator("input[type=checkbox][name=number]:checked")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(ticked).to_have_count(1)
    for key in ("j", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    expect(ticked).to_have_count(4)
    page.keyboard.press("x")
    expect(ticked).to_have_count(3)
    page.keyboard.press("Escape")
    expect(ticked).to_have_count(0)


def test_keys_switched_off_do_nothing(scene: Scene, page: Page) -> None:
    """WCAG 2.1.4: the palette by Ctrl K still opens, since it is no single key."""
    page.goto(f"{scene.portal.url}/profile/")
    page.get_by_label("Single-letter keys").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-keys", "off")
    page.goto(f"{scene.portal.url}/teams/")
    for key in ("j", "n", "?", "/", "g", "i"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert page.url.endswith("/teams/")
    assert page.locator("dialog[open]").count() == 0
    assert page.evaluate(FOCUSED % "tagName") == "BODY"
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.goto(f"{scene.portal.url}/profile/")
    page.get_by_label("Single-letter keys").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).not_to_have_attribute("data-keys", "off")


def test_the_browsers_zone_is_offered_and_never_set(scene: Scene, chromium: Browser) -> None:
    context = chromium.new_context(timezone_id="Europe/Vienna")
    enter(context, scene, "ada@example.org")
    page = context.new_page()
    page.goto(f"{scene.portal.url}/profile/")
    zone = page.get_by_label("Time zone")
    assert zone.input_value() == "UTC"
    page.get_by_role("button", name="Use Europe/Vienna").click()
    assert zone.input_value() == "Europe/Vienna"
    page.reload()
    assert zone.input_value() == "UTC", "it is set by Save alone"
    context.close()


def test_a_acts_on_the_only_page_and_leads_to_the_first_of_several(scene: Scene, chromium: Browser) -> None:
    """Design 7; and D never declines by itself, since that pages the next person."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    first, second = (scene.post(scene.ladders[0]) for _ in range(2))
    for token in (first, second):
        scene.pages(token)
    sign_in(page, scene, "lea@example.org")
    page.keyboard.press("a")
    shortly(page, lambda: page.evaluate(FOCUSED % "dataset.key") == "a", "the first of two is in focus")
    assert {scene.incident(token)["status"] for token in (first, second)} == {"triggered"}
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/*/")
    page.goto(f"{scene.portal.url}/now/")
    page.keyboard.press("d")
    shortly(page, lambda: page.evaluate(FOCUSED % "dataset.key") == "d", "the decline is in focus")
    assert sorted(scene.incident(token)["status"] for token in (first, second)) == ["acknowledged", "triggered"]
    page.keyboard.press("a")
    page.wait_for_url("**/incidents/*/")
    assert {scene.incident(token)["status"] for token in (first, second)} == {"acknowledged"}
    context.close()
