"""Help for everybody, and the page of components for those who keep the process."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from tests.architecture.source import ROOT
from tests.pages import text_of
from tests.world import World

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
SYMBOLS = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (ROOT / "static/icons.svg").read_text(encoding="utf-8")))


def test_components_are_for_those_who_keep_the_process(world: World, browser: Browser) -> None:
    for path in ("/styleguide/", "/styleguide/late/"):
        for user in (world.pat, world.ada):
            assert browser(user).get(path).status_code == 200
        for user in (world.bo, world.ana, world.sam):
            assert browser(user).get(path).status_code == 404
        assert browser().get(path).status_code == 302


def test_every_icon_of_the_page_is_in_the_sprite_and_no_id_stands_twice(world: World, browser: Browser) -> None:
    page = text_of(browser(world.ada).get("/styleguide/"))
    used = set(re.findall(r'<use href="[^"#]*#([^"]+)"', page))
    assert used
    assert used <= SYMBOLS
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))
    wanted = re.findall(r'aria-(?:labelledby|describedby|controls)="([^"]+)"', page)
    assert {name for names in wanted for name in names.split()} - {"sheet-title"} <= set(ids) | {"keys-title"}


def test_every_icon_that_the_code_names_is_in_the_sprite() -> None:
    """Navigation, kinds of entries and panels name their icons in Python."""
    named = set()
    for room in ("core", "accounts", "notifications", "oncall", "incidents", "integrations", "portal"):
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            named |= set(re.findall(r'\bicon(?:=|\()"([a-z0-9-]+)"', text))
            named |= set(re.findall(r'Item\("[^"]+", "[^"]+", "([a-z0-9-]+)"', text))
    assert len(named) > 10
    assert named <= SYMBOLS


def test_every_state_of_a_field_is_shown(world: World, browser: Browser) -> None:
    page = text_of(browser(world.pat).get("/styleguide/"))
    assert "things to put right" in page
    assert "Start with the country" in page
    assert 'href="#id_w-phone"' in page
    assert "could not be loaded" in page


def test_help_names_whom_to_ask(world: World, browser: Browser) -> None:
    page = text_of(browser(world.bo).get("/help/"))
    assert "Ana Lima, manager of Payments" in page
    assert "/styleguide/" not in page
    assert "/styleguide/" in text_of(browser(world.pat).get("/help/"))
    stakeholder = text_of(browser(world.sam).get("/help/"))
    assert "/incidents/new/" not in stakeholder
    assert browser().get("/help/").status_code == 302
