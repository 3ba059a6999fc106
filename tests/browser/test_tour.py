"""Every page of the demo, by people of each role, at each width, light and dark (design 10, 11)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.visit import Visitor, visitor
from tools.chaos.portal import Portal
from tools.tour import PLACES, Ids, answer_link, ids

pytestmark = pytest.mark.browser

WIDTHS = (1440, 1024, 768, 360, 320)
THEMES = ("light", "dark")
ROLES = ("administrator", "responder", "stakeholder")
USUAL = {("administrator", 1440, "light"), ("administrator", 360, "light")}
# Forms that are sent empty: each answers with sentences beside its fields.
FORMS = (
    "/incidents/new/",
    "/services/new/",
    "/policies/new/",
    "/schedules/new/",
    "/teams/new/",
    "/rules/new/",
    "/incidents/{incident}/notes/",
    "/profile/contact-methods/add/webhook/",
    "/accounts/password/change/",
)
SUBMIT = """() => {
  const form = [...document.querySelectorAll('main form[method=post]')].find(f => f.querySelector('input:not([type=hidden]), textarea'));
  form.noValidate = true;
  form.querySelectorAll('input:not([type=hidden]):not([type=checkbox]):not([type=radio]), textarea').forEach(el => { el.value = ''; });
  form.requestSubmit();
}"""


@dataclass
class Shop:
    """The demo as it runs: its people by role, its rows."""

    portal: Portal
    people: dict[str, dict[str, str]]
    ids: Ids
    answer: str

    def paths(self) -> list[str]:
        """Every address of the tour."""
        return [place.path.format(**self.ids, answer=self.answer) for place in PLACES]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The demo with a week's past."""
    portal = Portal(Path(tmp_path_factory.mktemp("shop")))
    card: dict[str, Any] = json.loads(portal.manage("demo", "--json", "--days", "7"))
    people = {user["role"]: user for user in reversed(card["users"])}
    portal.start()
    try:
        yield Shop(portal, people, ids(portal, card, people["administrator"]), answer_link(portal))
    finally:
        portal.stop()


def rounds() -> list[Any]:
    """Who goes round at which width in which theme; all but two rounds belong to the long run."""
    return [
        pytest.param(*each, marks=() if each in USUAL else pytest.mark.long)
        for each in itertools.product(ROLES, WIDTHS, THEMES)
    ]


def at_home(guest: Visitor, shop: Shop, role: str) -> Visitor:
    """Signed in; what a page says once (a welcome, a catch-up) is said."""
    guest.sign_in(shop.people[role])
    return guest


@pytest.mark.parametrize(("role", "width", "theme"), rounds())
def test_every_page_is_whole(chromium: Browser, shop: Shop, role: str, width: int, theme: str) -> None:
    """No console error, nothing refused by the content policy, no sideways scroll, axe finds nothing."""
    with visitor(chromium, shop.portal.url, width, theme) as guest:
        at_home(guest, shop, role)
        wrong = [said for path in shop.paths() for said in guest.wrong_with(path)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("width", "theme"), [(360, "light"), pytest.param(1440, "dark", marks=pytest.mark.long)])
def test_forms_with_errors_are_whole(chromium: Browser, shop: Shop, width: int, theme: str) -> None:
    """Sent empty they come back with sentences; the first wrong field has the focus."""
    wrong: list[str] = []
    with visitor(chromium, shop.portal.url, width, theme) as guest:
        at_home(guest, shop, "administrator")
        for path in (each.format(**shop.ids) for each in FORMS):
            guest.page.goto(f"{shop.portal.url}{path}")
            with guest.page.expect_navigation():
                guest.page.evaluate(SUBMIT)
            guest.console.clear()  # Chromium calls the meant answer 400 an error
            if not guest.page.query_selector("[aria-invalid=true], .error, .notice-red"):
                wrong.append(f"{path}: no word about what is wrong")
            if guest.page.query_selector("[aria-invalid=true]"):
                focused = guest.page.evaluate("document.activeElement.getAttribute('aria-invalid') === 'true'")
                wrong += [] if focused else [f"{path}: the first wrong field has no focus"]
            wrong += [f"{path}: {each}" for each in guest.wrong_now()]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("width", "theme"),
    [
        (1440, "light"),
        *[pytest.param(w, t, marks=pytest.mark.long) for w, t in ((360, "light"), (1440, "dark"), (360, "dark"))],
    ],
)
def test_dialogs_are_whole(chromium: Browser, shop: Shop, width: int, theme: str) -> None:
    """Every dialog of an incident's page, opened one after the other."""
    wrong: list[str] = []
    with visitor(chromium, shop.portal.url, width, theme) as guest:
        at_home(guest, shop, "administrator")
        page = guest.page
        page.goto(f"{shop.portal.url}/incidents/{shop.ids['incident']}/")
        names = page.eval_on_selector_all('[hx-target="#sheet"]', "all => all.map(el => el.getAttribute('href'))")
        assert len(names) >= 5
        for name in dict.fromkeys(names):
            page.evaluate("name => document.querySelector(`[hx-target='#sheet'][href='${name}']`).click()", name)
            page.wait_for_selector("dialog#sheet[open] form")
            guest.console.clear()
            wrong += [f"{name}: {each}" for each in guest.wrong_now()]
            page.keyboard.press("Escape")
            page.wait_for_selector("dialog#sheet[open]", state="detached")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("width", "theme"),
    [
        (360, "light"),
        *[pytest.param(w, t, marks=pytest.mark.long) for w, t in ((1440, "light"), (1440, "dark"), (360, "dark"))],
    ],
)
def test_an_empty_portal_is_whole(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory, migrated: Path, width: int, theme: str
) -> None:
    """Before anything has been set up but the first administrator: no blank table, one next step."""
    import shutil

    folder = Path(tmp_path_factory.mktemp("empty"))
    shutil.copytree(migrated, folder / "data")
    portal = Portal(folder)
    portal.start()
    try:
        with visitor(chromium, portal.url, width, theme) as guest:
            page = guest.page
            page.goto(setup_link(portal))
            wrong = [f"set-up: {each}" for each in guest.wrong_now()]
            page.fill("input[name=name]", "Ana Lima")
            page.fill("input[name=email]", "ana@example.org")
            for field in page.query_selector_all("input[type=password]"):
                field.fill("a-long-password-of-ana")
            page.click("main button[type=submit]")
            page.wait_for_load_state()
            empty = [place.path for place in PLACES if "{" not in place.path and not place.public]
            wrong += [said for path in empty for said in guest.wrong_with(path)]
    finally:
        portal.stop()
    assert not wrong, "\n".join(wrong)


def setup_link(portal: Portal) -> str:
    """The one-time link that the console shows."""
    import re

    found = re.search(r"http\S+/setup/\S+", portal.log.read_text())
    assert found, portal.tail()
    return found[0].rstrip(".,\"'")
