"""The sidebar: what is counted beside its links, the card of duty, and what it costs (design 5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock, figures
from incidents.commands import lifecycle
from tests import world as make
from tests.incidents.conftest import Stage
from tests.incidents.conftest import stage as stage
from tests.pages import text_of

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


def counts(page: str) -> dict[str, str]:
    """Label -> figure with its words, of the sidebar."""
    nav = page[page.index('id="sections"') :].split("</nav>")[0]
    found = re.findall(r'</svg>([^<]+)<span class="count ([a-z]*)">([\d,+]+)<span class="sr"> ([^<]+)', nav)
    return {label: f"{tone} {figure} {words}".strip() for label, tone, figure, words in found}


def card(page: str) -> str:
    """The words of the card at the sidebar's foot; empty without one."""
    found = re.search(r'<aside.*?<div class="oncall-me">(.*?)</div>', page, re.S)
    return "" if found is None else " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()).replace(" ,", ",")


def test_what_waits_is_red_and_what_is_open_is_counted(stage: Stage, browser: Browser) -> None:
    bo = browser(stage.world.bo)
    assert counts(text_of(bo.get("/teams/"))) == {}
    stage.fire("disk", severity="critical")
    figures.forget()
    assert counts(text_of(bo.get("/teams/"))) == {"Now": "hot 1 page to answer", "Incidents": "1 open"}
    assert counts(text_of(browser(stage.world.eve).get("/teams/"))) == {"Incidents": "1 open"}


def test_the_figures_follow_what_is_done_here_at_once(stage: Stage, browser: Browser) -> None:
    stage.fire("disk", severity="critical")
    bo, number = browser(stage.world.bo), stage.incident().number
    assert counts(text_of(bo.get("/teams/")))["Now"] == "hot 1 page to answer"
    bo.post(f"/incidents/{number}/acknowledge/")
    assert counts(text_of(bo.get("/teams/"))) == {"Incidents": "1 open"}


def test_and_what_others_do_with_the_next_live_region_or_ten_seconds(stage: Stage, browser: Browser) -> None:
    bo = browser(stage.world.bo)
    bo.get("/now/")
    stage.fire("disk", severity="critical")
    live = text_of(bo.get("/now/regions/", headers={"X-Live": "1"}))
    assert counts(live) == {"Now": "hot 1 page to answer", "Incidents": "1 open"}
    assert 'href="/now/" aria-current="page"' in live
    lifecycle.acknowledge(make.acts(stage.world.bo), stage.incident())
    stage.at.move(seconds=11)
    assert counts(text_of(bo.get("/teams/"))) == {"Incidents": "1 open"}


def test_a_region_without_a_live_page_stays_alone(stage: Stage, browser: Browser) -> None:
    assert 'id="sections"' not in text_of(browser(stage.world.bo).get("/now/regions/"))


def test_a_private_incident_is_not_counted_s34(stage: Stage, browser: Browser) -> None:
    stage.fire("disk", severity="critical")
    row = stage.incident()
    row.visibility = "private"
    row.save(update_fields=["visibility"])
    figures.forget()
    assert counts(text_of(browser(stage.world.eve).get("/teams/"))) == {}


def test_bo_reads_until_when_he_is_on_call(world: make.World, browser: Browser, at: clock.FrozenClock) -> None:
    weekly = make.schedule("Payments", world.payments, world.bo, world.cy)
    make.policy("Payments first", world.payments, [weekly])
    on_call, next_one = (world.bo, world.cy) if _has_turn(world.bo, browser) else (world.cy, world.bo)
    assert card(text_of(browser(on_call).get("/teams/"))) == (
        "You are on call Payments, level 1 until Mon 23 Nov, 09:00"
    )
    assert card(text_of(browser(next_one).get("/teams/"))) == "Next shift Mon 23 Nov, 09:00"
    assert card(text_of(browser(world.eve).get("/teams/"))) == "You are not on call No shift in the next four weeks"
    assert card(text_of(browser(world.sam).get("/now/"))) == ""


def test_without_schedules_nobody_is_on_call_yet(world: make.World, browser: Browser) -> None:
    assert card(text_of(browser(world.ana).get("/teams/"))).startswith("Nobody is on call yet")


def _has_turn(user: Any, browser: Browser) -> bool:
    return "You are on call" in text_of(browser(user).get("/teams/"))


def test_the_longest_address_is_the_current_one(world: make.World, browser: Browser) -> None:
    page = text_of(browser(world.bo).get("/incidents/new/"))
    bar = page[page.index('class="mobilebar"') :]
    assert re.findall(r'href="([^"]+)" aria-current="page"', bar) == ["/incidents/new/"]


def test_the_phone_has_five_places_and_the_rest_behind_more(world: make.World, browser: Browser) -> None:
    page = text_of(browser(world.bo).get("/teams/"))
    bar = page[page.index('class="mobilebar"') :]
    assert re.findall(r"</svg>([A-Za-z ]+)</", bar)[:5] == ["Now", "Incidents", "New", "On call", "More"]
    assert "/help/" in bar


def test_help_stands_in_the_same_place_on_every_page(world: make.World, browser: Browser) -> None:
    """3.2.6: the first link under the card of duty."""
    for user in (world.bo, world.ada, world.sam):
        for path in ("/now/", "/incidents/", "/help/"):
            page = text_of(browser(user).get(path))
            foot = page[page.index('class="side-foot"') :].split("</aside>")[0]
            assert re.findall(r'href="([^"]+)"', foot)[0] == "/help/", (user, path)
        assert ("/admin/" in foot) == (user == world.ada)


@pytest.mark.parametrize(("path", "more"), [("/help/", 1), ("/now/regions/", 1), ("/incidents/1/regions/", 1)])
def test_figures_cost_little_and_nothing_while_they_are_fresh(
    stage: Stage, browser: Browser, path: str, more: int
) -> None:
    """One query."""
    stage.fire("disk", severity="critical")
    bo, header = browser(stage.world.bo), {"X-Live": "1"} if "regions" in path else {}
    bo.get(path, headers=header)
    with CaptureQueriesContext(connection) as fresh:
        bo.get(path)
    figures.forget("figures")
    with CaptureQueriesContext(connection) as counted:
        bo.get(path, headers=header)
    assert len(counted) == len(fresh) + more
    assert len(counted) <= 14


def test_the_card_costs_one_query_a_minute(world: make.World, browser: Browser) -> None:
    make.schedule("Payments", world.payments, world.bo, world.cy)
    bo = browser(world.bo)
    bo.get("/teams/")
    with CaptureQueriesContext(connection) as fresh:
        bo.get("/teams/")
    figures.forget("duty")
    with CaptureQueriesContext(connection) as counted:
        bo.get("/teams/")
    assert len(counted) == len(fresh) + 1


def test_a_fresh_process_reads_figures_and_card_in_one_query(stage: Stage, browser: Browser) -> None:
    """The first page of a person costs one query more than the next, and all that it shows is there."""
    stage.fire("disk", severity="critical")
    turns = make.schedule("Payments", stage.world.payments, stage.world.bo, stage.world.cy, stage.world.bo)
    make.policy("Night", stage.world.payments, [stage.world.cy], [turns])
    bo = browser(stage.world.bo)
    bo.get("/policies/")
    with CaptureQueriesContext(connection) as fresh:
        bo.get("/policies/")
    figures.forget("*")
    with CaptureQueriesContext(connection) as first:
        page = text_of(bo.get("/policies/"))
    assert len(first) == len(fresh) + 1 <= 8
    assert counts(page) == {"Now": "hot 1 page to answer", "Incidents": "1 open"}
    assert card(page).startswith("You are on call Payments, level 2")


def test_a_figure_that_is_fresh_is_not_made_again_for_the_sake_of_another(at: clock.FrozenClock) -> None:
    """Each of several figures of one look lasts as long as it is good for."""
    made: list[str] = []
    lasting = {"short": 10, "long": 60}

    def ask(name: str) -> str:
        def make_of(each: str) -> str:
            made.append(each)
            return each.upper()

        look = {each: lambda each=each: make_of(each) for each in lasting}
        return str(figures.kept_of(name, 7, lasting, lambda: look))

    assert [ask("short"), ask("long")] == ["SHORT", "LONG"]
    at.move(seconds=11)
    assert [ask("long"), ask("short")] == ["LONG", "SHORT"]
    assert made == ["short", "long", "short"]


def test_who_acts_sees_the_figures_of_after_that_in_every_process(stage: Stage, browser: Browser) -> None:
    """Bo accepts at one web process, and the redirect arrives at another one that has counted a moment ago."""
    stage.fire("disk", severity="critical")
    bo, number = browser(stage.world.bo), stage.incident().number
    bo.get("/teams/")
    kept = dict(figures._kept)
    bo.post(f"/incidents/{number}/acknowledge/")
    figures._kept.update(kept)  # the other process has heard of nothing
    assert counts(text_of(bo.get("/teams/"))) == {"Incidents": "1 open"}


def test_what_was_counted_before_a_change_is_not_kept_after_it() -> None:
    """A page that began to count before Bo accepted, and ends after it, leaves nothing old behind."""

    def slow() -> int:
        figures.forget()
        return 1

    assert figures.kept("pages", 7, 10, slow) == 1
    assert figures.kept("pages", 7, 10, lambda: 0) == 0


def test_figures_of_days_last_while_people_and_monitors_write(world: make.World, browser: Browser) -> None:
    """Each event of a storm is a POST: the medians of a week are not counted anew for every one of them."""
    assert figures.kept("pace", 0, 300, lambda: 1) == 1
    browser(world.bo).post("/profile/", {})
    assert figures.kept("pace", 0, 300, lambda: 2) == 1


def test_one_person_s_figures_are_forgotten_alone() -> None:
    for person in (1, 2):
        figures.kept("pages", person, 10, partial(int, person))
    figures.forget_person(1)
    assert [figures.kept("pages", person, 10, lambda: 0) for person in (1, 2)] == [0, 2]


def test_who_is_asked_twice_about_one_incident_has_one_answer_to_give(stage: Stage, browser: Browser) -> None:
    """O21: Bo is level 1 and the last resort; beside Now stands what Now shows."""
    stage.world.policy.fallback = stage.world.bo
    stage.world.policy.save()
    stage.fire()
    stage.wait(minutes=6)
    stage.wait(minutes=6)
    assert text_of(browser(stage.world.bo).get("/now/")).count("Accept<span") == 1
    assert counts(text_of(browser(stage.world.bo).get("/teams/")))["Now"] == "hot 1 page to answer"


def test_whoever_became_a_stakeholder_is_asked_nothing(stage: Stage, browser: Browser) -> None:
    """S36."""
    stage.fire()
    stage.world.bo.role = "stakeholder"
    stage.world.bo.save()
    assert counts(text_of(browser(stage.world.bo).get("/help/"))) == {"Incidents": "1 open"}
