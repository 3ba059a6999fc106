"""What is asked of every page: nothing on the console, no sideways scroll, and axe finds nothing (design 11)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import axe_playwright_python
from playwright.sync_api import Browser, BrowserContext, Page

AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text()
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# What Swagger UI draws of the API is a library's, the heading of its page too; the page around it is ours.
RUN = """rules => axe.run({exclude: [['#swagger-ui']]}, {runOnly: rules, resultTypes: ['violations'],
  rules: {'page-has-heading-one': {enabled: !document.querySelector('#swagger-ui')}}})
  .then(found => found.violations)"""
# A change of theme is a transition; infinite animations are not waited for.
SETTLED = """() => Promise.race([new Promise(late => setTimeout(late, 5000)),
  Promise.all(document.getAnimations().filter(a => a instanceof CSSTransition)
    .map(a => a.finished.catch(() => null)))])"""
# A region that comes after the page asks for itself at once ("load"), and is replaced by what it asked for.
LATE = "[hx-trigger='load'][hx-swap=outerHTML], [hx-trigger='load, again']"
PHONE = 860  # pixels; narrower windows are phones'
ROOT = "document.documentElement"
WIDEST = """() => [...document.querySelectorAll('body *')]
  .filter(el => el.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(el => el.tagName + '.' + el.className).slice(0, 3).join(', ')"""


class Look(NamedTuple):
    """A width in pixels, a theme, and whether axe reads the page as well."""

    width: int
    theme: str = "light"
    read: bool = True


def by_turns(looks: tuple[Look, ...], number: int) -> tuple[Look, ...]:
    """The same looks, of which axe reads one: another at the page of the next number."""
    return tuple(look._replace(read=number % len(looks) == place) for place, look in enumerate(looks))


class Visitor:
    """A person with a browser; remembers what the console said."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.url = url
        self._current: Look | None = None
        self.console: list[str] = []
        self.page.on("console", lambda said: self.console.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.console.append(str(error)))

    def sign_in(self, person: dict[str, str]) -> None:
        """By the form, as people do."""
        self.page.goto(f"{self.url}/accounts/login/")
        self.page.fill("input[name=login]", person["email"])
        self.page.fill("input[name=password]", person["password"])
        self.page.click("main button[type=submit]")
        self.page.wait_for_url("**/now/")

    def open(self, path: str) -> int:
        """Open a page; its status."""
        self.console.clear()
        answer = self.page.goto(f"{self.url}{path}")
        self.page.wait_for_selector(LATE, state="detached")
        return answer.status if answer else 0

    def wrong_with(self, path: str, looks: Iterable[Look] = (), meant: int | None = None) -> list[str]:
        """Open a page, look at it in each way, and say what is wrong; a refusal that is meant is a page too."""
        status = self.open(path)
        found = [f"{path} answered {status}"] if status >= 500 or status not in (meant or status, 200) else []
        # The window keeps its width from page to page: half the changes, and pages are opened on desks and phones.
        if not (chosen := sorted(looks, key=lambda look: look[:2] != (self._current or look)[:2])):
            found += [f"{path}: {each}" for each in self.wrong_now()]
        for look in chosen:
            self.look(look)
            found += [f"{path} {look.width} {look.theme}: {each}" for each in self.wrong_now(read=look.read)]
        return found

    def look(self, look: Look) -> None:
        """Make the window so wide, and the system light or dark."""
        if self._current is None or look[:2] != self._current[:2]:
            self._current = look
            self.page.set_viewport_size(size(look.width))
            self.page.emulate_media(color_scheme="dark" if look.theme == "dark" else "light")
        self.page.evaluate(SETTLED)

    def wrong_now(self, *, read: bool = True) -> list[str]:
        """What is wrong with the page as it stands, dialogs and all; axe leaves out what is not to be `read`."""
        # Chromium notes every refusal that the portal means to give as an error of its own.
        said = [said for said in self.console if "the server responded with a status of 4" not in said]
        self.console.clear()
        found = [f"console: {each}" for each in said]
        if self.page.evaluate(f"{ROOT}.scrollWidth > {ROOT}.clientWidth"):
            found.append(f"scrolls sideways: {self.page.evaluate(WIDEST)}")
        return found + [described(each) for each in (axe(self.page) if read else [])]


def axe(page: Page) -> list[dict[str, Any]]:
    """What axe finds on the page as it stands."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(RUN, list(RULES))
    return found


def described(violation: dict[str, Any]) -> str:
    """A violation in one line: the rule, and the first two elements that break it."""
    where = "; ".join(node["html"][:160] for node in violation["nodes"][:2])
    return f"axe {violation['id']} ({len(violation['nodes'])}): {where}"


def size(width: int) -> Any:
    """A window of this width: a phone's is 780 high, a desk's 900."""
    return {"width": width, "height": 780 if width < PHONE else 900}


@contextlib.contextmanager
def visitor(browser: Browser, url: str, width: int, theme: str = "light", **more: Any) -> Iterator[Visitor]:
    """A browser of one width and theme, without any movement."""
    scheme: Any = "dark" if theme == "dark" else "light"
    context = browser.new_context(viewport=size(width), color_scheme=scheme, reduced_motion="reduce", **more)
    try:
        yield Visitor(context, url)
    finally:
        context.close()
