"""What is asked of every page: nothing on the console, no sideways scroll, and axe finds nothing (design 11)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Browser, BrowserContext, Page

AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text()
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
RUN = "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then(found => found.violations)"
PHONE = 860  # pixels; narrower windows are phones'
ROOT = "document.documentElement"


class Visitor:
    """A person with a browser of one size and theme; remembers what the console said."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.url = url
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

    def wrong_with(self, path: str) -> list[str]:
        """Open a page and say what is wrong with it; an error page that the portal means to show is a page too."""
        self.console.clear()
        answer = self.page.goto(f"{self.url}{path}")
        status = answer.status if answer else 0
        found = [f"{path} answered {status}"] if status >= 500 or status == 0 else []
        # Chromium notes every refusal that the portal means to give as an error of its own.
        self.console = [said for said in self.console if "the server responded with a status of 4" not in said]
        return [*found, *(f"{path}: {each}" for each in self.wrong_now())]

    def wrong_now(self) -> list[str]:
        """What is wrong with the page as it stands, dialogs and all."""
        found = [f"console: {said}" for said in self.console]
        if self.page.evaluate(f"{ROOT}.scrollWidth > {ROOT}.clientWidth"):
            found.append(f"scrolls sideways at {self.page.viewport_size}")
        return found + [described(each) for each in axe(self.page)]


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


@contextlib.contextmanager
def visitor(browser: Browser, url: str, width: int, theme: str = "light", **more: Any) -> Iterator[Visitor]:
    """A browser of one width and theme, without any movement."""
    context = browser.new_context(
        viewport={"width": width, "height": 780 if width < PHONE else 900},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        **more,
    )
    try:
        yield Visitor(context, url)
    finally:
        context.close()
