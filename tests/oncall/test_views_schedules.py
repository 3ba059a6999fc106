"""Pages of schedules: whose turn it is, and changing the turns without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core import clock
from oncall.models import Schedule
from tests import world as builders
from tests.pages import EVIL, after, assert_inert, count, recorded, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db


def form(world: World, *people: int | str, **more: object) -> dict[str, object]:
    return {
        "name": "Primary",
        "team": world.payments.pk,
        "time_zone": "Europe/Berlin",
        "anchor": "2026-11-09T09:00",
        "length": 1,
        "unit": "week",
        "member": list(people),
        **more,
    }


def test_whose_turn_it_is_and_who_is_next(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    turns = builders.schedule("Primary", world.payments, world.bo, world.cy, anchor="2026-11-16T09:00")
    builders.policy("Uses it", world.payments, [turns])
    page = text_of(browser(world.eve).get(f"/schedules/{turns.pk}/"))
    for words in ("Bo Chen is on call", "Mon 23 Nov, 09:00 UTC", "Uses it, level 1", "each for 1 week"):
        assert words in page, words
    assert "Bo Chen" in text_of(browser(world.eve).get("/schedules/"))


def test_a_gap_and_people_out_of_reach_are_said_in_words(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """F56, O12."""
    noah = builders.person("Noah Fischer", teams=[world.payments])
    later = builders.schedule("Later", world.payments, noah, world.bo, anchor="2026-11-19T09:00")
    page = text_of(browser(world.ana).get(f"/schedules/{later.pk}/"))
    assert "Nobody is on call now." in page
    assert "Thu 19 Nov, 09:00 UTC" in page
    assert "Noah Fischer cannot be reached" in page
    assert "shift gap" in page
    assert "Nobody is on call" in text_of(browser(world.ana).get("/schedules/"))


def test_ana_makes_moves_and_changes_turns(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    ana, bo, cy = browser(world.ana), world.bo.pk, world.cy.pk
    moved = text_of(ana.post("/schedules/new/", form(world, bo, cy, do="up:1", name="Half typed")))
    assert "Half typed" in moved
    assert moved.index(f'value="{cy}" selected') < moved.index(f'value="{bo}" selected')
    assert not Schedule.objects.exists(), "a button of a row saves nothing"
    page = after(ana, ana.post("/schedules/new/", form(world, cy, "", bo)))
    made = Schedule.objects.get()
    assert [member.user_id for member in made.members.all()] == [cy, bo]
    assert "Bo Chen is on call" in page, "the second week since the first hand-off"
    assert ana.post(f"/schedules/{made.pk}/edit/", form(world, bo, version=made.version)).status_code == 303
    stale = ana.post(f"/schedules/{made.pk}/edit/", form(world, cy, version=1, name="Late"))
    assert stale.status_code == 409
    assert "Stored meanwhile: Primary" in text_of(stale)


def test_what_cannot_be_used_is_said(world: World, browser: Browser) -> None:
    ana = browser(world.ana)
    for given, said in (
        (form(world), "needs somebody who takes turns"),
        (form(world, world.di.pk), "Choose a person of the list"),
        (form(world, world.bo.pk, anchor="2026-02-30T09:00"), "no such day or time"),
        (form(world, world.bo.pk, time_zone="Mars/Phobos"), "Select a valid choice"),
        (form(world, world.bo.pk, length=0), "greater than or equal to 1"),
    ):
        answer = ana.post("/schedules/new/", given)
        assert answer.status_code == 400, said
        assert said in text_of(answer), said
    assert not Schedule.objects.exists()


def test_a_used_schedule_is_not_deleted_and_eve_changes_nothing(world: World, browser: Browser) -> None:
    """A57."""
    turns = builders.schedule("Primary", world.payments, world.bo)
    builders.policy("Uses it", world.payments, [turns])
    path = f"/schedules/{turns.pk}/"
    for each in (f"{path}edit/", f"{path}delete/", "/schedules/new/"):
        assert browser(world.eve).get(each).status_code == 403, each
        assert browser(world.eve).post(each, form(world, world.bo.pk)).status_code == 403, each
    assert browser(world.sam).get(path).status_code == 404
    assert browser(world.ana, csrf=True).post(f"{path}delete/").status_code == 403
    refused = browser(world.ana).post(f"{path}delete/")
    assert refused.status_code == 409
    assert "Still used by Uses it" in text_of(refused)


def test_hostile_names_are_inert(world: World, browser: Browser) -> None:
    """A4."""
    evil = builders.person(EVIL, email="evil@example.org", teams=[world.payments])
    turns = builders.schedule(EVIL[:120], world.payments, evil)
    for path in ("/schedules/", f"/schedules/{turns.pk}/", f"/schedules/{turns.pk}/edit/"):
        assert_inert(browser(world.ana).get(path))


def test_pages_cost_the_same_for_few_and_many(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    turns = builders.schedule("Primary", world.payments, world.bo, world.cy)
    ana = browser(world.ana)

    def cost() -> dict[str, int]:
        return {"schedules": count(ana, "/schedules/"), "schedule": count(ana, f"/schedules/{turns.pk}/")}

    few = cost()
    for number in range(12):
        person = builders.person(f"P{number} X", teams=[world.payments])
        turns.members.create(user=person, position=number + 2)
        builders.policy(
            f"Policy {number}", world.payments, [builders.schedule(f"S{number}", world.payments, person), turns]
        )
    assert cost() == few
    assert few == {name: recorded(__file__)[name] for name in few}
