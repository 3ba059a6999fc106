"""A whole response with the keyboard alone, and one without any script (design 7, 11; RES-05, RES-24)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.system.scene import PASSWORD, Scene, eventually

pytestmark = pytest.mark.browser

# What a reader would say of the element that has the focus.
FOCUSED = """() => {
  const el = document.activeElement;
  if (el === document.body) return '';
  const named = el.labels && el.labels.length ? el.labels[0].innerText : '';
  const name = el.getAttribute('aria-label') || named || el.innerText || el.value || el.name || '';
  return `${el.tagName} ${name}`.trim();
}"""
ENTRIES = "[...document.querySelectorAll('#log .tl-e')].map(el => el.innerText).join('\\n')"


def paged(scene: Scene) -> tuple[int, str, str]:
    """A new incident: its number, its token, and the address of the person who was paged for it."""
    token = scene.post()
    mail = scene.arrives(token)
    return scene.incident(token)["number"], token, mail.to


def tab_to(page: Page, words: str, key: str = "Tab", most: int = 120) -> None:
    """Press Tab until the element that is called so has the focus; fails after a round."""
    seen = []
    for _ in range(most):
        page.keyboard.press(key)
        said = page.evaluate(FOCUSED)
        seen.append(said)
        if words.lower() in said.lower():
            return
    raise AssertionError(f"Tab never came to “{words}”: {seen}")


def at_the_door(context: BrowserContext, scene: Scene, path: str = "/now/") -> Page:
    """The sign-in page, on the way to a path."""
    page = context.new_page()
    page.goto(f"{scene.portal.url}/accounts/login/?next={path}")
    return page


def status(scene: Scene, number: int) -> str:
    """How the incident stands, by the API."""
    return str(scene.api(f"incidents/{number}/")["status"])


def close(page: Page) -> None:
    """End a browser at rest: Chromium may never confirm the end of one that still follows an answer."""
    page.wait_for_load_state("networkidle")
    page.context.close()


def test_with_the_keyboard_alone(scene: Scene, chromium: Browser) -> None:
    """Ann signs in, accepts the page that waits for her, writes, and resolves; the mouse is never touched."""
    number, token, address = paged(scene)
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = at_the_door(context, scene)
    if "E-mail" not in page.evaluate(FOCUSED):
        tab_to(page, "E-mail")
    page.keyboard.type(address)
    tab_to(page, "Password", most=3)
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{scene.portal.url}/now/")

    assert token in page.inner_text("main")
    tab_to(page, "Accept")
    page.keyboard.press("Enter")
    # To go on while the answer still leads elsewhere is a race, and a key pressed meanwhile may never be confirmed.
    page.wait_for_url(f"{scene.portal.url}/incidents/{number}/**")
    assert status(scene, number) == "acknowledged", "the page is accepted"
    page.goto(f"{scene.portal.url}/now/")
    tab_to(page, token)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{scene.portal.url}/incidents/{number}/**")

    tab_to(page, "TEXTAREA")
    page.keyboard.type("The pool is exhausted.")
    page.keyboard.press("Control+Enter")
    eventually(lambda: "The pool is exhausted." in page.evaluate(ENTRIES), 10, "the note stands in the record")
    tab_to(page, "Resolve")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog#sheet[open] textarea, dialog#sheet[open] input[type=text]")
    focused = page.evaluate(FOCUSED)
    assert focused.split()[0] in ("TEXTAREA", "INPUT"), f"the first field has the focus, not {focused}"
    page.keyboard.type("Pool enlarged.")
    page.keyboard.press("Control+Enter")
    eventually(lambda: status(scene, number) == "resolved", 10, "the incident is resolved")
    close(page)


def test_acknowledged_by_a_key(scene: Scene, chromium: Browser) -> None:
    """`A` takes the one page that waits on this screen (design 7)."""
    number, _, address = paged(scene)
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = at_the_door(context, scene, f"/incidents/{number}/")
    page.fill("input[name=login]", address)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{scene.portal.url}/incidents/{number}/")
    page.wait_for_timeout(300)
    page.keyboard.press("a")
    eventually(lambda: status(scene, number) == "acknowledged", 10, "the incident is acknowledged")
    close(page)


@pytest.mark.parametrize("width", [1280, 360])
def test_without_scripts(scene: Scene, chromium: Browser, width: int) -> None:
    """Everything is a link or a form: sign in, accept (which acknowledges), note, resolve."""
    number, token, address = paged(scene)
    context = chromium.new_context(viewport={"width": width, "height": 780}, java_script_enabled=False)
    page = at_the_door(context, scene)
    page.fill("input[name=login]", address)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{scene.portal.url}/now/")
    assert token in page.inner_text("main")
    with page.expect_navigation():
        page.click("form[action*='/now/pages/'][action$='/accept/'] button >> nth=0")
    assert status(scene, number) == "acknowledged"

    page.goto(f"{scene.portal.url}/incidents/{number}/")
    page.fill("textarea[name=text]", "The pool is exhausted.")
    with page.expect_navigation():
        page.click("text=Add note")
    assert "The pool is exhausted." in page.inner_text("#log")
    page.goto(f"{scene.portal.url}/incidents/{number}/")
    page.click(f"a[href='/incidents/{number}/resolve/'] >> visible=true")
    page.fill("main textarea, main input[type=text]", "Pool enlarged.")
    with page.expect_navigation():
        page.click("main form button[type=submit] >> visible=true")
    assert status(scene, number) == "resolved"

    context.close()
