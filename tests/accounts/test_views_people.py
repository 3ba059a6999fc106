"""A person's page, to which the palette and teams lead."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tests import world as builders
from tests.pages import EVIL, assert_inert, count, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db


def test_di_sees_who_bo_is_and_when_he_is_on_call(world: World, browser: Browser) -> None:
    """O12: the present turn by the wall clock; the time of day where he is."""
    world.bo.time_zone = "Asia/Tokyo"
    world.bo.save()
    builders.schedule("Payments weekly", world.payments, world.bo, world.cy)
    page = text_of(browser(world.di).get(f"/people/{world.bo.pk}/"))
    for found in ("Bo Chen", "in Asia/Tokyo", f"/teams/{world.payments.pk}/", "Payments weekly"):
        assert found in page, found
    other = text_of(browser(world.di).get(f"/people/{world.cy.pk}/"))
    turns = ["On call now" in page, "On call now" in other]
    assert sorted(turns) == [False, True], "one of them, and not both"
    assert "next from" in (other if turns[0] else page)
    eve = text_of(browser(world.di).get(f"/people/{world.eve.pk}/"))
    assert 'id="turns"' not in eve, "who takes no turns has no card of them"


def test_the_address_is_for_oneself_and_administrators(world: World, browser: Browser) -> None:
    """A57."""
    path = f"/people/{world.bo.pk}/"
    for viewer, known in ((world.di, False), (world.ana, False), (world.bo, True), (world.ada, True)):
        assert ("bo@example.org" in text_of(browser(viewer).get(path))) is known, viewer


def test_a_stakeholder_sees_only_himself(world: World, browser: Browser) -> None:
    """A57: nobody else exists for him, and teams do not either."""
    builders.join(world.sam, world.payments)
    sam = browser(world.sam)
    assert sam.get(f"/people/{world.bo.pk}/").status_code == 404
    own = sam.get(f"/people/{world.sam.pk}/")
    assert own.status_code == 200
    assert "/teams/" not in text_of(own)
    assert browser(world.bo).get("/people/99999/").status_code == 404
    assert browser().get(f"/people/{world.bo.pk}/")["Location"].startswith("/accounts/login/")


def test_a_hostile_name_is_inert_and_turns_cost_nothing_more(world: World, browser: Browser) -> None:
    """A4; the page costs the same for one schedule and for many."""
    evil = builders.person(EVIL, email="evil@example.org", teams=[world.payments])
    path = f"/people/{evil.pk}/"
    builders.schedule(EVIL[:100], world.payments, evil)
    di = browser(world.di)
    assert_inert(di.get(path))
    few = count(di, path)
    for number in range(8):
        builders.schedule(f"Turns {number}", world.payments, evil, world.bo)
    assert count(di, path) == few
    assert few <= 8
