"""Pages in other states: forms with errors, dialogs, what lies over a page, an empty portal (design 10, 11)."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.shop import Shop
from tests.browser.shop import shop as shop
from tests.browser.shop import stocked as stocked
from tests.browser.visit import Look, Visitor, by_turns, visitor
from tests.system.scene import eventually
from tools.chaos.portal import Portal
from tools.enrolment import add_app, go_on
from tools.tour import open_places

pytestmark = pytest.mark.browser

LOOKS = tuple(Look(width, theme) for width in (1440, 1024, 768, 360, 320) for theme in ("light", "dark"))
USUAL = (Look(1440), Look(360))
STATE = itertools.count()
ROUNDS = [pytest.param(USUAL, id="usual"), pytest.param(LOOKS, id="all", marks=pytest.mark.long)]
# Forms that are sent empty: each answers with sentences beside its fields.
FORMS = (
    "/incidents/new/",
    "/incidents/{incident}/notes/",
    "/incidents/views/new/",
    "/services/new/",
    "/services/{service}/edit/",
    "/services/{service}/rules/new/",
    "/policies/new/",
    "/schedules/new/",
    "/teams/new/",
    "/rules/new/",
    "/organisation/",
    "/profile/contact-methods/add/webhook/",
    "/profile/contact-methods/add/email/",
    "/accounts/password/change/",
)
SUBMIT = """() => {
  const typed = 'input:not([type=hidden]):not([type=checkbox]):not([type=radio]), textarea';
  const form = [...document.querySelectorAll('main form[method=post]')].find(f => f.querySelector(typed));
  form.noValidate = true;
  form.querySelectorAll(typed).forEach(el => { el.value = ''; });
  form.requestSubmit();
}"""
SHEETS = "all => [...new Set(all.map(el => el.getAttribute('href')))]"


def turned(looks: tuple[Look, ...]) -> tuple[Look, ...]:
    """In `make test` axe reads one state at a desk's width, the next one at a phone's; in the long round each."""
    return by_turns(looks, next(STATE)) if looks is USUAL else looks


def seen(guest: Visitor, name: str, looks: tuple[Look, ...]) -> list[str]:
    """What is wrong with the page as it stands, in each look."""
    found = []
    for look in turned(looks):
        guest.look(look)
        found += [f"{name} {look.width} {look.theme}: {each}" for each in guest.wrong_now(read=look.read)]
    return found


@pytest.mark.parametrize("looks", ROUNDS)
def test_forms_with_errors_are_whole(chromium: Browser, shop: Shop, looks: tuple[Look, ...]) -> None:
    """Sent empty they come back with sentences; the first wrong field has the focus."""
    wrong: list[str] = []
    with shop.guest(chromium, "administrator", looks[0].width) as guest:
        for path in (each.format(**shop.ids) for each in FORMS):
            guest.open(path)
            with guest.page.expect_navigation():
                guest.page.evaluate(SUBMIT)
            if not guest.page.query_selector("[aria-invalid=true]"):
                wrong.append(f"{path}: no field is said to be wrong")
            elif not guest.page.evaluate("document.querySelector('[aria-invalid=true]') === document.activeElement"):
                wrong.append(f"{path}: the first wrong field has no focus")
            wrong += seen(guest, f"{path} sent empty", looks)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("looks", ROUNDS)
@pytest.mark.parametrize("which", ["waiting", "incident"])
def test_dialogs_are_whole(chromium: Browser, shop: Shop, which: str, looks: tuple[Look, ...]) -> None:
    """Every dialog of an incident that waits and of one that is worked on, opened one after the other."""
    wrong: list[str] = []
    with shop.guest(chromium, "administrator", 1440) as guest:
        page = guest.page
        guest.open(f"/incidents/{shop.ids[which]}/")
        names: list[Any] = page.eval_on_selector_all('[hx-target="#sheet"]', SHEETS)
        assert len(names) >= 3, names
        for name in names:
            page.evaluate("name => document.querySelector(`[hx-target='#sheet'][href='${name}']`).click()", name)
            page.wait_for_selector("dialog#sheet[open] form")
            wrong += seen(guest, f"dialog {name}", looks)
            page.keyboard.press("Escape")
            page.wait_for_selector("dialog#sheet[open]", state="detached")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("looks", ROUNDS)
def test_what_lies_over_a_page_is_whole(chromium: Browser, shop: Shop, looks: tuple[Look, ...]) -> None:
    """The menu of an incident, the palette empty and with answers, the list of keys, the menu of a phone."""
    wrong: list[str] = []
    with shop.guest(chromium, "administrator", 1440) as guest:
        page = guest.page
        guest.open(f"/incidents/{shop.ids['incident']}/")
        page.eval_on_selector_all("main details", "all => all.forEach(el => { el.open = true; })")
        wrong += seen(guest, "menus open", looks)
        guest.open("/now/")
        page.keyboard.press("Control+k")
        page.wait_for_selector("dialog[open] [role=option]")
        wrong += seen(guest, "palette", looks)
        page.keyboard.type("check")
        page.wait_for_selector("dialog[open] [role=option]:has-text('checkout-api')")
        wrong += seen(guest, "palette with answers", looks)
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog[open]", state="detached")
        page.wait_for_selector("dialog input:focus", state="detached")  # a moment later; a key in a field is a letter
        page.keyboard.press("?")
        page.wait_for_selector("dialog#keys[open] [data-k]")
        wrong += seen(guest, "keys", looks)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("looks", ROUNDS)
def test_an_empty_portal_is_whole(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory, migrated: Path, looks: tuple[Look, ...]
) -> None:
    """Before anything has been set up but the first administrator: no blank table, one next step."""
    folder = Path(tmp_path_factory.mktemp("empty"))
    shutil.copytree(migrated, folder / "data")
    portal = Portal(folder)
    portal.start()
    try:
        with visitor(chromium, portal.url, looks[0].width) as guest:
            wrong = first_day(guest, portal, looks)
    finally:
        portal.stop()
    assert not wrong, "\n".join(wrong)


def setup_path(portal: Portal) -> str:
    """The one-time link that the console shows once the portal answers."""
    link = re.compile(r"http://[^/\s]+(/setup/[\w-]+/)")
    eventually(lambda: bool(link.search(portal.log.read_text())), 10, "the console shows the link")
    return str(link.findall(portal.log.read_text())[-1])


def first_day(guest: Visitor, portal: Portal, looks: tuple[Look, ...]) -> list[str]:
    """Ana makes herself the first administrator and looks at every page that needs no row."""
    page = guest.page
    guest.open(setup_path(portal))
    wrong = seen(guest, "set-up", looks)
    page.fill("input[name=name]", "Ana Lima")
    page.fill("input[name=email]", "ana@example.org")
    for field in page.query_selector_all("input[type=password]"):
        field.fill("a-long-password-of-ana")
    page.click("main button[type=submit]")
    page.wait_for_url("**/profile/security/enrol/**")
    wrong += seen(guest, "second factor", looks)
    add_app(page)
    wrong += seen(guest, "recovery codes", looks)
    go_on(page)
    page.wait_for_url("**/first-steps/")
    for path in open_places(public=False):
        wrong += guest.wrong_with(path, turned(looks)) if "{" not in path else []
    return wrong
