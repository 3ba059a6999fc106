"""The command palette's one question to the server, and the page of keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.web import finding
from core.web.keys import SECTIONS
from incidents.models import Incident, Participant
from tests import world as builders
from tests.pages import EVIL, LIVE, count, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db


def incidents(world: World, *titles: str, start: int = 1, **fields: Any) -> list[Incident]:
    """Incidents of Checkout with these titles, numbered upwards, past every command."""
    prio = builders.priority(3)
    same = {"priority": prio, "initial_priority": prio, "peak_priority": prio, "service": world.checkout, **fields}
    return Incident.objects.bulk_create(
        [Incident(number=start + offset, title=title, **same) for offset, title in enumerate(titles)]
    )


def found(client: Client, question: str) -> list[str]:
    """The addresses that the palette offers, in their order."""
    answer = client.get("/find/", {"q": question})
    assert answer.status_code == 200, text_of(answer)
    return re.findall(r'role="option"[^>]*href="([^"]+)"', text_of(answer))


def test_bo_types_a_word_and_finds_pages_services_people_and_incidents(world: World, browser: Browser) -> None:
    search = builders.service("Search index", world.search)
    made = incidents(world, "Search is slow")[0]
    builders.person("Sea Rchers", email="sea@example.org")
    eve = builders.person("Ann Search", email="ann@example.org")
    bo = browser(world.bo)
    assert found(bo, "search") == [f"/services/{search.pk}/", f"/people/{eve.pk}/", f"/incidents/{made.number}/"]
    assert found(bo, "SCHED") == ["/schedules/"]
    assert found(bo, "notification rules") == ["/profile/rules/"]
    answer = text_of(bo.get("/find/", {"q": "search"}))
    assert answer.index('aria-label="Services"') < answer.index('aria-label="People"')
    assert "INC-1" in answer
    assert found(bo, "") == found(bo, "  ") == found(bo, "@") == found(bo, "#") == []
    assert found(bo, "> search") == [], "commands are the page's own"


def test_a_sign_asks_for_one_kind(world: World, browser: Browser) -> None:
    incidents(world, *(f"Bo complains {number}" for number in range(1, 15)))
    builders.service("Bo service", world.payments)
    bo = browser(world.bo)
    assert found(bo, "@bo") == [f"/people/{world.bo.pk}/"]
    assert found(bo, "#1") == [f"/incidents/{number}/" for number in (1, 10, 11, 12, 13, 14)]
    assert found(bo, "INC-12")[0] == "/incidents/12/"
    assert found(bo, "#12") == ["/incidents/12/"], "titles that hold the digits come after, and there is none"
    assert len(found(bo, "#bo")) == finding.MOST
    assert len(found(bo, "bo")) <= finding.AMONG


def test_numbers_come_before_titles_that_hold_them(world: World, browser: Browser) -> None:
    incidents(world, "One", "Two", "Three")
    incidents(world, "HTTP 2 is off", start=50)
    assert found(browser(world.bo), "2") == ["/incidents/2/", "/incidents/50/"]
    assert found(browser(world.bo), "999999999999999999999") == []
    assert found(browser(world.bo), "٣") == [], "digits of other scripts are no numbers of ours"


def test_a_private_incident_is_not_found_by_others(world: World, browser: Browser) -> None:
    """A62, S34: by neither number nor title; who is on it finds it."""
    secret = incidents(world, "Payroll data stolen", visibility="private", codename="Blue Heron")[0]
    Participant.objects.create(incident=secret, user=world.cy)
    for viewer in (world.bo, world.ana, world.di, world.pat, world.ada, world.sam):
        for question in ("1", "#1", "INC-1", "payroll", "blue heron", "#payroll"):
            assert found(browser(viewer), question) == [], (viewer, question)
    for question in ("#1", "payroll"):
        assert found(browser(world.cy), question) == ["/incidents/1/"]


def test_a_stakeholder_finds_only_what_he_may_open(world: World, browser: Browser) -> None:
    """A57: every address that Sam is offered opens; services, teams and other people are not among them."""
    incidents(world, "Payments are slow", "Sam calls")
    builders.service("Payments API", world.payments)
    sam = browser(world.sam)
    offered = [path for word in ("pay", "a", "e", "sam", "@", "@a", "#1", "rules", "new") for path in found(sam, word)]
    assert f"/people/{world.sam.pk}/" in offered
    assert "/incidents/1/" in offered
    assert not [path for path in offered if path.startswith(("/services/", "/teams/", "/policies/", "/admin/"))]
    for path in set(offered):
        assert sam.get(path).status_code == 200, path


def test_whoever_was_deactivated_or_archived_is_not_offered(world: World, browser: Browser) -> None:
    builders.person("Gone Girl", email="gone@example.org", is_active=False)
    assert found(browser(world.bo), "gone") == []
    assert found(browser(world.bo), "bo@example.org") == [], "addresses find nobody (A57)"


def test_strangers_are_told_401_and_forms_are_refused(world: World, browser: Browser) -> None:
    """A script that asks must not be led to the sign-in page; nothing is posted here (A23)."""
    assert browser().get("/find/", {"q": "a"}, headers={"hx-request": "true"}).status_code == 401
    assert browser().get("/find/", {"q": "a"})["Location"].startswith("/accounts/login/")
    assert browser().get("/keys/")["Location"].startswith("/accounts/login/")
    assert browser(world.bo).post("/find/", {"q": "a"}).status_code == 405
    assert browser(world.bo).post("/keys/").status_code == 405


@pytest.mark.parametrize("question", ["x" * 201, "a\0b", "a\nb", "a\x7fb"])
def test_what_is_no_question_is_400(world: World, browser: Browser, question: str) -> None:
    """A21, A9."""
    assert browser(world.bo).get("/find/", {"q": question}).status_code == 400


@pytest.mark.parametrize(
    "question",
    ["%%%", "%", "_", "\\", "'; DROP TABLE accounts_user; --", "\u202eevil\u2066", "{{7*7}}", "#%", "@_", "x" * 200],
)
def test_signs_of_other_languages_find_nothing(world: World, browser: Browser, question: str) -> None:
    """A1, A5: they are looked for as they stand."""
    incidents(world, "Disk full")
    assert found(browser(world.bo), question) == []


def test_a_percent_sign_is_found_as_itself(world: World, browser: Browser) -> None:
    incidents(world, "Disk is at 98 %_full", "Disk is at 98 xx full")
    assert found(browser(world.bo), "%_") == ["/incidents/1/"]


def test_hostile_names_are_inert(world: World, browser: Browser) -> None:
    """A1, A4: titles, services and people come out as text."""
    incidents(world, EVIL)
    builders.service(EVIL[:120], world.payments)
    builders.person(EVIL, email="evil@example.org")
    answer = text_of(browser(world.bo).get("/find/", {"q": "script"}))
    assert answer.count("alert(1)") == 3
    for each in LIVE:
        assert each not in answer, each


def test_it_costs_the_same_for_few_and_many(world: World, browser: Browser) -> None:
    """Session and person, then four questions at most, whatever is asked and however much there is."""
    bo = browser(world.bo)
    asked = ("pa", "4", "#4", "@bo", "payments are")
    few = {question: count(bo, f"/find/?q={question.replace('#', '%23').replace(' ', '+')}") for question in asked}
    incidents(world, *(f"Payments are slow {number}" for number in range(300)))
    for number in range(30):
        builders.service(f"Payments {number}", world.payments)
    for question in asked:
        many = count(bo, f"/find/?q={question.replace('#', '%23').replace(' ', '+')}")
        assert many <= max(few[question], 6), question
    assert max(few.values()) <= 6


def test_the_page_of_keys_shows_what_there_is(world: World, browser: Browser) -> None:
    """The same table as the overlay's, for people without scripts: a page and its content alone."""
    bo = browser(world.bo)
    page, part = text_of(bo.get("/keys/")), text_of(bo.get("/keys/", headers={"hx-request": "true"}))
    assert "<html" in page
    assert "<html" not in part
    for section in SECTIONS:
        for key in section.keys:
            there = bo.get(key.path).status_code == 200 if key.path else True
            assert (f'data-k="{key.name}"' in page) is there, key
            assert (f'data-k="{key.name}"' in part) is there, key
    assert 'data-k="gs"' not in text_of(browser(world.sam).get("/keys/")), "stakeholders have no schedules"


def test_every_page_carries_what_the_keys_need(world: World, browser: Browser) -> None:
    page = text_of(browser(world.bo).get("/now/"))
    assert "palette.js" in page
    assert 'id="palette"' in page
    assert "&quot;x&quot;: &quot;input[type=checkbox][name=number]&quot;" in page
    stranger = text_of(browser().get("/accounts/login/"))
    assert "palette" not in stranger
