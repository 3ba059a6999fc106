"""Pages of escalation policies: read as sentences, written with buttons alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock, figures
from oncall.engine.escalation import Position, Step, next_step
from oncall.models import EscalationPolicy, Target
from oncall.queries.directory import course_of, ladders
from oncall.queries.levels import copy_of, levels_now
from tests import world as builders
from tests.fakes import Mailbox
from tests.oncall.test_views_service_page import words
from tests.pages import EVIL, after, assert_inert, count, recorded, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """A mail server is set."""
    made = Mailbox()
    settings.EMAIL_URL = made.url
    yield made
    made.close()


def form(world: World, *levels: tuple[str, list[str]], **more: object) -> dict[str, object]:
    """What the form sends; each level is minutes and targets."""
    found: dict[str, object] = {"name": "Ladder", "team": world.payments.pk, "repeats": 1, "fallback": ""}
    found["levels"] = len(levels)
    for place, (minutes, targets) in enumerate(levels):
        found[f"level-{place}-minutes"] = minutes
        found[f"level-{place}-target"] = [*targets, ""]
    return {**found, **more}


def chosen(target: str) -> str:
    """How the form holds a target that has been chosen, at whatever level."""
    return f'-target" value="{target}"'


def test_a_policy_reads_as_sentences(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    turns = builders.schedule("Primary", world.payments, world.cy, world.bo)
    ladder = builders.policy(
        "Night", world.payments, [turns], [world.ana], timeout_minutes=7, repeats=2, fallback=world.ana
    )
    page = text_of(browser(world.eve).get(f"/policies/{ladder.pk}/"))
    for said in (
        "Page first",
        "Primary",
        'Go to level 2 after <b class="med">7 min</b> without an answer',
        "The whole policy is repeated 2 times",
        "If it triggered now",
        "+7 min",
    ):
        assert said in page, said


def test_gaps_and_people_out_of_reach_are_named(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """F55, F56, O17."""
    noah = builders.person("Noah Fischer", teams=[world.payments])
    later = builders.schedule("Later", world.payments, world.bo, anchor="2030-01-07T09:00")
    ladder = builders.policy("Holey", world.payments, [noah], [later], [world.bo])
    page = text_of(browser(world.ana).get(f"/policies/{ladder.pk}/"))
    assert "Level 1: Noah Fischer has no working way to be reached." in page
    assert "Level 2: nobody is on call in Later." in page
    assert "Level 1 is passed over" in page
    assert "Noah Fischer has no working way" in text_of(browser(world.ana).get("/policies/"))


def test_a_policy_without_anybody_is_not_called_good(world: World, browser: Browser) -> None:
    ana, good = browser(world.ana), "Every level has somebody to page"
    empty = text_of(ana.get("/policies/new/"))
    assert "No level names anybody yet." in empty
    assert good not in empty
    bo = f"user:{world.bo.pk}"
    assert "No level names anybody yet." not in text_of(ana.post("/policies/preview/", form(world, ("5", [bo]))))


def test_checks_tell_whom_mail_alone_reaches_only_in_files(
    world: World, browser: Browser, mailbox: Mailbox, settings: Any
) -> None:
    """Ana, who may change the policy, hears of it; Eve cannot do anything. Cy has a push as well."""
    builders.rule(world.cy, builders.method(world.cy, "ntfy", "https://ntfy.example.org/cy"))
    said = "E-mail is only written to files: set a mail server. Nothing else reaches Bo Chen."
    paths = (f"/policies/{world.policy.pk}/", f"/policies/{world.policy.pk}/edit/", f"/services/{world.checkout.pk}/")
    for path in paths:
        settings.EMAIL_URL = mailbox.url
        assert "only written to files" not in text_of(browser(world.ana).get(path)), path
        settings.EMAIL_URL = ""
        assert said in text_of(browser(world.ana).get(path)), path
    assert said in text_of(browser(world.pat).get(paths[0]))
    assert "only written to files" not in text_of(browser(world.eve).get(paths[0]))


def test_checks_tell_who_hears_nothing_at_once_and_which_level_is_short(
    world: World, browser: Browser, mailbox: Mailbox
) -> None:
    """O29: Bo's first message comes when Cy is already asked; Cy's level is over before a digest is out (F65)."""
    world.bo.notification_rules.update(delay_minutes=5)
    ana, path = browser(world.ana), f"/policies/{world.policy.pk}/"
    page = text_of(ana.get(path))
    assert "Bo Chen: nothing at once for high urgency." in page
    assert "Bo Chen’s first message comes after 5 min, this level waits 5 min." in page
    assert "Every level has somebody" not in page
    assert "Bo Chen: nothing at once" in text_of(ana.get(f"/services/{world.checkout.pk}/"))
    assert "comes in a digest" not in page
    world.policy.levels.filter(position=1).update(timeout_minutes=6)
    world.policy.levels.filter(position=2).update(timeout_minutes=2)
    page = text_of(ana.get(path))
    assert "Bo Chen: nothing at once" in page
    assert "first message comes" not in page
    assert "comes in a digest at its end; give a level at least 3 minutes." in page


def test_buttons_add_move_and_drop_levels_without_saving(world: World, browser: Browser) -> None:
    ana, bo, cy = browser(world.ana), f"user:{world.bo.pk}", f"user:{world.cy.pk}"
    two = form(world, ("5", [bo]), ("10", [cy]), name="Half typed")
    up = text_of(ana.post("/policies/new/", {**two, "do": "up:1"}))
    assert "Half typed" in up
    assert up.index(chosen(cy)) < up.index(chosen(bo))
    moved = text_of(ana.post("/policies/new/", {**two, "do": "move:1:0"}))
    assert moved.index(chosen(cy)) < moved.index(chosen(bo))
    without = text_of(ana.post("/policies/new/", {**two, "do": f"untarget:1:{cy}"}))
    assert chosen(cy) not in without
    assert chosen(bo) in without
    more = text_of(ana.post("/policies/new/", {**two, "do": "more"}))
    assert 'name="levels" value="3"' in more
    full = text_of(ana.post("/policies/new/", {**form(world, *[("5", [bo])] * 19), "do": "more"}))
    assert "no room for more than 20 levels" in full
    assert 'value="more"' not in full
    dropped = text_of(ana.post("/policies/new/", {**two, "do": "drop:0"}))
    assert 'name="levels" value="1"' in dropped
    assert chosen(bo) not in dropped
    for wild in (
        "up:0",
        "move:0:9",
        "move:x:0",
        "move:1",
        "untarget:9:user:1",
        "untarget",
        "down:9",
        "drop:-1",
        "up:x",
        "drop:99999999999",
        "",
    ):
        assert ana.post("/policies/new/", {**two, "do": wild}).status_code == 200, wild
    assert EscalationPolicy.objects.count() == 1, "only what the world began with"


def test_ana_makes_and_changes_a_policy(world: World, browser: Browser) -> None:
    turns = builders.schedule("Primary", world.payments, world.cy, world.bo)
    ana = browser(world.ana)
    levels = [("5", [f"schedule:{turns.pk}", f"user:{world.bo.pk}"]), ("", []), ("12", [f"user:{world.ana.pk}"])]
    page = after(ana, ana.post("/policies/new/", form(world, *levels)))
    made = EscalationPolicy.objects.get(name="Ladder")
    assert [level.timeout_minutes for level in made.levels.all()] == [5, 12], "a level without anybody is left out"
    assert "Running escalations keep their copy" in page
    edited = form(world, ("3", [f"user:{world.cy.pk}"]), name="Shorter", version=made.version)
    assert ana.post(f"/policies/{made.pk}/edit/", edited).status_code == 303
    stale = ana.post(f"/policies/{made.pk}/edit/", {**edited, "name": "Too late"})
    assert stale.status_code == 409
    assert "Too late" in text_of(stale)
    assert "Stored meanwhile: Shorter" in text_of(stale)


def test_what_cannot_be_used_is_said_beside_its_level(world: World, browser: Browser) -> None:
    ana, bo = browser(world.ana), f"user:{world.bo.pk}"
    for levels, said in (
        ([("soon", [bo])], "Minutes must be a whole number"),
        ([("9999", [bo])], "whole number from 1 to 1440"),
        ([("0", [bo])], 'aria-invalid="true" aria-describedby="wrong-0"'),
        ([("5", ["user:999999"])], "Choose a person or schedule of the list"),
        ([("5", [f"user:{world.di.pk}"])], "Choose a person or schedule of the list"),
        ([], "A policy needs from 1 to 20 levels"),
    ):
        answer = ana.post("/policies/new/", form(world, *levels))
        assert answer.status_code == 400, said
        assert said in text_of(answer), said
    assert not EscalationPolicy.objects.filter(name="Ladder").exists()


@pytest.mark.parametrize("typed", ["-5", "0", "10000000", "abc", "", "1.5", "٥"])
def test_wrong_minutes_are_marked_at_their_level_and_everything_typed_stays(
    world: World, browser: Browser, typed: str
) -> None:
    """The field has room for what was typed: cut to four digits, 10000000 would be saved as 1000."""
    ana, bo, cy = browser(world.ana), f"user:{world.bo.pk}", f"user:{world.cy.pk}"
    sent = form(world, ("7", [cy]), (typed, [bo]), name="Half typed", repeats="3", fallback=world.ana.pk)
    saved = ana.post("/policies/new/", sent)
    assert saved.status_code == 400
    for page in (text_of(saved), text_of(ana.post("/policies/new/", {**sent, "do": "check"}))):
        first, second = page.split('id="wait-0"')[1].split('id="wait-1"')
        assert "aria-invalid" not in first
        assert f'value="{typed}" inputmode="numeric" maxlength="20" aria-invalid="true"' in second
        assert 'id="wrong-1"' in second.split("</li>")[0]
        assert second.count("whole number from 1 to 1440") == 2, "beside the field, and among the checks"
        for kept in ('value="Half typed"', 'value="7"', chosen(bo), chosen(cy), 'value="3"'):
            assert kept in page, kept
        assert re.search(rf'value="{world.ana.pk}" selected', page)
    assert not EscalationPolicy.objects.filter(name="Half typed").exists()


def test_the_rounds_after_the_first_and_who_is_asked_at_the_end(
    world: World, browser: Browser, at: clock.FrozenClock
) -> None:
    """O21: "if it triggered now" goes on until the last resort, as the engine itself would go on."""
    ladder = builders.policy(
        "Night", world.payments, [world.bo], [world.cy], timeout_minutes=7, repeats=2, fallback=world.ana
    )
    page = words(browser(world.eve).get(f"/policies/{ladder.pk}/"))
    assert "+14 min Rounds 2 and 3, one every 14 min: the same people +42 min AL Ana Lima last resort" in page
    course = course_of(ladders([ladder])[ladder.pk], 2, [world.ana])
    levels = levels_now(copy_of(ladder), clock.now()).levels
    place, seen, minutes = Position(1, 0), set[int](), 0
    while isinstance(step := next_step(levels, place, 2, seen), Step):
        seen = {*(seen if step.position.pass_number == place.pass_number else ()), *step.people}
        if step.position.level == 1:
            assert minutes == course.span.seconds // 60 * (step.position.pass_number - 1)
        place, minutes = step.position, minutes + step.timeout_minutes
    assert (place.pass_number, minutes) == (course.rounds, course.ends.seconds // 60) == (3, 42)
    once = builders.policy("Once", world.payments, [world.bo], repeats=1, fallback=world.ana)
    assert "+5 min Round 2: the same people +10 min" in words(browser(world.eve).get(f"/policies/{once.pk}/"))
    world.bo.contact_methods.all().delete()
    assert "Level 1 is passed over Bo Chen has no working way to be reached now AL Ana Lima last resort" in words(
        browser(world.eve).get(f"/policies/{once.pk}/")
    ), "a round that finds nobody is not repeated"


def test_a_level_of_many_people_is_kept_whole_or_refused_whole(world: World, browser: Browser) -> None:
    """The form takes as many as the API does; what it cannot take it says, instead of leaving people out."""
    crowd = [builders.person(f"P{n:02} Crowd", teams=[world.payments]) for n in range(50)]
    ladder = builders.policy("All hands", world.payments, [*crowd[:49], world.bo])
    ana, targets = browser(world.ana), [f"user:{each.pk}" for each in [*crowd[:49], world.bo]]
    edited = form(world, ("5", targets), name="All of us", version=ladder.version)
    assert ana.post(f"/policies/{ladder.pk}/edit/", edited).status_code == 303
    assert Target.objects.filter(level__policy=ladder).count() == 50
    edited = form(world, ("5", [*targets, f"user:{crowd[49].pk}"]), name="One more", version=ladder.version + 1)
    answer = ana.post(f"/policies/{ladder.pk}/edit/", edited)
    assert answer.status_code == 400
    assert "A level has room for 50 people or schedules." in text_of(answer)
    assert chosen(f"user:{crowd[49].pk}") in text_of(answer)
    ladder.refresh_from_db()
    assert ladder.name == "All of us"


def test_nobody_reachable_is_refused_when_it_is_saved(world: World, browser: Browser) -> None:
    """F55."""
    noah = builders.person("Noah Fischer", teams=[world.payments])
    answer = browser(world.ana).post("/policies/new/", form(world, ("5", [f"user:{noah.pk}"])))
    assert answer.status_code == 400
    assert "Nobody on this policy can be reached" in text_of(answer)


def test_the_preview_judges_the_unsaved_form(world: World, browser: Browser) -> None:
    """Mistakes show before they hurt; nobody may preview another team's people (A58)."""
    levels = form(world, ("5", [f"user:{world.bo.pk}"]), ("5", [f"user:{world.di.pk}"]))
    shown = browser(world.ana).post("/policies/preview/", levels, headers={"hx-request": "true"})
    assert "Bo Chen" in text_of(shown)
    assert "Di Okoro" not in text_of(shown)
    assert "Di Okoro" in text_of(browser(world.pat).post("/policies/preview/", levels))
    assert browser(world.eve).post("/policies/preview/", levels).status_code == 403


def test_the_preview_follows_the_end_of_the_form_and_knows_whoever_stands_there_already(
    world: World, browser: Browser
) -> None:
    """Di, whom Ana may not choose anew, stays where somebody else has put her; a wrong number hides no level."""
    ladder = builders.policy("Shared", world.payments, [world.di])
    ana, sent = browser(world.ana), form(world, ("5", [f"user:{world.di.pk}"]), repeats="1", fallback=world.bo.pk)
    page = words(ana.post(f"/policies/preview/?policy={ladder.pk}", sent))
    assert "Di Okoro" in page
    assert "Round 2: the same people +10 min BC Bo Chen last resort" in page
    assert "Round 2" not in words(ana.post("/policies/preview/", {**sent, "repeats": "many"}))
    assert f"/policies/preview/?policy={ladder.pk}" in text_of(ana.get(f"/policies/{ladder.pk}/edit/"))
    theirs = builders.policy("Theirs", world.search, [world.di])
    assert ana.post(f"/policies/preview/?policy={theirs.pk}", sent).status_code == 403
    assert ana.post("/policies/preview/?policy=x", sent).status_code == 200
    assert ana.post("/policies/preview/?policy=999999", sent).status_code == 404


def test_a_used_policy_is_not_deleted(world: World, browser: Browser) -> None:
    path = f"/policies/{world.policy.pk}/delete/"
    refused = browser(world.ana).post(path)
    assert refused.status_code == 409
    assert "Still used by Checkout" in text_of(refused)
    spare = builders.policy("Spare", world.payments, [world.bo])
    assert browser(world.ana).post(f"/policies/{spare.pk}/delete/").status_code == 303


def test_eve_looks_and_changes_nothing(world: World, browser: Browser) -> None:
    """A57."""
    path = f"/policies/{world.policy.pk}/"
    assert browser(world.eve).get(path).status_code == 200
    for each in (f"{path}edit/", f"{path}delete/", "/policies/new/"):
        assert browser(world.eve).get(each).status_code == 403, each
        assert browser(world.eve).post(each, form(world, ("5", []))).status_code == 403, each
    assert browser(world.sam).get(path).status_code == 404
    assert browser(world.sam).get("/policies/").status_code == 403
    assert EscalationPolicy.objects.filter(pk=world.policy.pk, version=1).exists()
    assert browser(world.ana, csrf=True).post("/policies/new/", form(world)).status_code == 403


def test_hostile_names_are_inert(world: World, browser: Browser) -> None:
    """A4."""
    evil = builders.person(EVIL, email="evil@example.org", teams=[world.payments])
    builders.method(evil)
    ladder = builders.policy(EVIL[:120], world.payments, [evil])
    for path in ("/policies/", f"/policies/{ladder.pk}/", f"/policies/{ladder.pk}/edit/"):
        assert_inert(browser(world.ana).get(path))


def test_pages_cost_the_same_for_few_and_many(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    turns = builders.schedule("Primary", world.payments, world.cy, world.bo)
    ladder = builders.policy("Ladder", world.payments, [turns], [world.ana, world.di])
    ana = browser(world.ana)

    def cost() -> dict[str, int]:
        return {
            "policies": count(ana, "/policies/"),
            "policy": count(ana, f"/policies/{ladder.pk}/"),
            "policy_edit": count(ana, f"/policies/{ladder.pk}/edit/"),
        }

    few = cost()
    for number in range(12):
        person = builders.person(f"P{number} X", teams=[world.payments])
        builders.rule(person, builders.method(person))
        other = builders.schedule(f"S{number}", world.payments, person, world.bo)
        builders.policy(f"Policy {number}", world.payments, [other], [person])
        level = ladder.levels.create(position=number + 3, timeout_minutes=5)
        level.targets.create(user=person)
        level.targets.create(schedule=other)
    assert cost() == few
    assert few == {name: recorded(__file__)[name] for name in few}


def test_the_list_costs_the_same_for_10_and_100(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """Eight queries at most, session and person included, in a fresh process too; levels mix people and schedules."""

    def fill(number: int) -> None:
        for each in range(EscalationPolicy.objects.count(), number):
            turns = builders.schedule(f"Turns {each}", world.payments, world.cy, world.bo)
            ladder = builders.policy(f"Policy {each}", world.payments, [turns], [world.ana, world.di, turns])
            builders.service(f"Service {each}", world.payments, policy=ladder)

    ana = browser(world.ana)
    fill(10)
    few = count(ana, "/policies/")
    fill(100)
    assert count(ana, "/policies/") == few == recorded(__file__)["policies"]
    figures.forget("*")
    with CaptureQueriesContext(connection) as fresh:
        page = text_of(ana.get("/policies/"))
    assert len(fresh) <= 8
    assert page.count("2 levels") == EscalationPolicy.objects.count() == 100
