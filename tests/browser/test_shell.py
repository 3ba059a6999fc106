"""The shell in Chromium: axe finds nothing on components and error pages, nothing scrolls sideways (design 11)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import enter, sign_in
from tests.browser.visit import Look, visitor
from tests.system.scene import Scene

pytestmark = [pytest.mark.browser, pytest.mark.long]
ADA = "ada@example.org"
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def opened(chromium: Browser, width: int, theme: str = "light") -> tuple[BrowserContext, Page, list[str]]:
    """A browser of this size and theme, and what it complains of."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    page, said = context.new_page(), list[str]()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    return context, page, said


@pytest.mark.parametrize("width", [1440, 360])
def test_axe_finds_nothing_on_the_page_of_components(scene: Scene, chromium: Browser, width: int) -> None:
    looks = (Look(width), Look(width, "dark"))
    with visitor(chromium, scene.portal.url, width) as guest:
        enter(guest.page.context, scene, ADA)
        wrong = guest.wrong_with("/styleguide/", looks)
        assert guest.page.get_by_text("Loaded after the page.").is_visible()
        wrong += guest.wrong_with("/help/", looks) + guest.wrong_with("/nowhere/", looks, meant=404)
        assert guest.page.get_by_role("link", name="Components").is_visible(), "the page seen last is offered"
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("width", [1440, 360])
def test_axe_finds_nothing_on_bare_pages(scene: Scene, chromium: Browser, width: int) -> None:
    wrong: list[str] = []
    with visitor(chromium, scene.portal.url, width) as guest:
        for path in ("/nowhere/", "/callbacks/sms/abc/", "/accounts/login/"):
            guest.open(path)
            assert guest.page.locator("h1").count() == 1
            for theme in ("light", "dark"):
                guest.look(Look(width, theme))
                wrong += [f"{path} {theme}: {each}" for each in guest.wrong_now()]
    assert not wrong, "\n".join(wrong)


def test_nothing_scrolls_sideways_and_the_shell_works_at_320(scene: Scene, chromium: Browser) -> None:
    context, page, said = opened(chromium, 320)
    enter(context, scene, ADA)
    for path in ("/styleguide/", "/help/", "/nowhere/", "/now/"):
        page.goto(f"{scene.portal.url}{path}")
        assert not page.evaluate(SIDEWAYS), path
    page.get_by_text("More", exact=True).click()
    assert page.locator(".mobilebar").get_by_role("link", name="Help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".mobilebar").get_by_role("link", name="Help").is_visible()
    assert [line for line in said if "404" not in line] == []
    context.close()


def test_a_region_that_fails_can_be_asked_for_again(scene: Scene, chromium: Browser) -> None:
    context, page, _ = opened(chromium, 1440)
    enter(context, scene, ADA)
    page.route("**/styleguide/late/", lambda route: route.abort())
    page.goto(f"{scene.portal.url}/styleguide/")
    again = page.get_by_role("button", name="Try again")
    again.wait_for()
    assert page.get_by_text("This region could not be loaded.").is_visible()
    page.unroute("**/styleguide/late/")
    again.click()
    page.get_by_text("Loaded after the page.").wait_for()
    context.close()


def test_signing_out_forgets_the_pages_seen_last(scene: Scene, chromium: Browser) -> None:
    context, page, _ = opened(chromium, 1440)
    sign_in(page, scene, ADA)
    page.goto(f"{scene.portal.url}/teams/")
    kept = "Object.keys(localStorage).filter((key) => key.startsWith('recent:'))"
    seen = page.evaluate(f"JSON.parse(localStorage[({kept})[0]])")
    assert [one["path"] for one in seen] == ["/teams/", "/now/"]
    assert {tuple(sorted(one)) for one in seen} == {("path", "title")}
    page.get_by_label("Account of").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/**")
    assert page.evaluate(kept) == []
    context.close()


def test_without_scripts_the_search_is_a_plain_form(scene: Scene, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    enter(context, scene, ADA)
    page.goto(f"{scene.portal.url}/now/")
    assert not page.locator("[data-open=palette]").is_visible()
    page.get_by_role("searchbox", name="Search incidents").first.fill("disk")
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/?q=disk")
    page.goto(f"{scene.portal.url}/styleguide/")
    assert page.get_by_role("link", name="Show this region").is_visible()
    context.close()


def test_a_page_prints_without_the_shell_and_black_on_white(scene: Scene, chromium: Browser) -> None:
    context, page, _ = opened(chromium, 1440, "dark")
    token = scene.post()
    scene.arrives(token)
    enter(context, scene, ADA)
    page.goto(f"{scene.portal.url}/incidents/{scene.incident(token)['number']}/")
    page.emulate_media(media="print")
    for part in (".side", ".topbar", ".composer", ".mobilebar"):
        assert not page.locator(part).is_visible(), part
    assert page.locator("h1").is_visible()
    assert page.locator("#log .tl-e").first.is_visible()
    colour = page.evaluate("getComputedStyle(document.querySelector('#log')).color.match(/\\d+/g).map(Number)")
    assert max(colour[:3]) < 60
    assert page.evaluate("getComputedStyle(document.querySelector('#log')).overflowY") == "visible"
    context.close()
