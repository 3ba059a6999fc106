"""The list of incidents and declaring one by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from incidents.commands import lifecycle, opening, returning
from incidents.models import Incident, Participant
from incidents.models.incidents import IncidentCounter
from incidents.queries.listing import tallies
from oncall.models import Page
from tests import world as make
from tests.incidents.conftest import Stage

Browser = Callable[..., Client]


def numbers(client: Client, query: str = "") -> list[int]:
    answer = client.get(f"/incidents/{query}")
    assert answer.status_code == 200, answer.content[:400]
    return [int(n) for n in re.findall(r'class="t-title" href="/incidents/(\d+)/"', answer.content.decode())]


def declared(stage: Stage, title: str = "It is broken", **values: Any) -> Incident:
    values.setdefault("service", stage.service)
    return opening.declare(make.acts(stage.world.ana), title=title, **values)


def many(stage: Stage, count: int) -> None:
    first = declared(stage)
    Incident.objects.bulk_create(
        Incident(
            number=first.number + n,
            title=f"Number {n}",
            service=stage.service,
            priority=first.priority,
            initial_priority=first.priority,
            peak_priority=first.priority,
        )
        for n in range(1, count)
    )
    IncidentCounter.objects.update(last=first.number + count)


def test_open_ones_come_first_and_the_rest_on_request(stage: Stage, browser: Browser) -> None:
    one, two, three = declared(stage), declared(stage), declared(stage)
    lifecycle.resolve(make.acts(stage.world.ana), two)
    ana = browser(stage.world.ana)
    assert numbers(ana) == [three.number, one.number]
    assert numbers(ana, "?status=resolved") == [two.number]
    assert numbers(ana, "?status=all") == [three.number, two.number, one.number]


def test_the_views_are_counted(stage: Stage) -> None:
    """Mine are those that I answer for: both were paged to Bo."""
    one, _ = declared(stage), declared(stage)
    lifecycle.acknowledge(make.acts(stage.world.bo), one)
    found = tallies(make.acts(stage.world.bo))
    assert (found["open"], found["mine"], found["waiting"]) == (2, 2, 1)
    assert tallies(make.acts(stage.world.eve))["mine"] == 0


def test_filters_of_state_priority_service_team_and_text(stage: Stage, browser: Browser) -> None:
    """TRI-04: major ones can be told apart from all others."""
    search = make.service("Index", stage.world.search)
    minor, major = declared(stage, "Cart is slow"), declared(stage, "Payments fail", priority=make.priority(1))
    other = declared(stage, "Stale prices", service=search)
    returning.snooze(make.acts(stage.world.ana), minor, until=stage.at.at.replace(hour=12))
    ana = browser(stage.world.ana)
    assert numbers(ana, "?major=true") == [major.number]
    assert numbers(ana, "?major=false") == [other.number, minor.number]
    assert numbers(ana, "?status=snoozed") == [minor.number]
    assert numbers(ana, "?priority=1") == [major.number]
    assert numbers(ana, f"?service={search.pk}") == [other.number]
    assert numbers(ana, f"?team={stage.world.payments.pk}") == [major.number, minor.number]
    assert numbers(ana, "?text=PAYMENTS") == [major.number]
    assert numbers(ana, f"?text=inc-{other.number}") == [other.number]
    assert "No incident fits these filters" in ana.get("/incidents/?text=nothing").content.decode()


def test_pages_of_fifty_by_key(stage: Stage, browser: Browser) -> None:
    """A66: the next page begins below the last number; there is no number of a page to tamper with."""
    many(stage, 120)
    ana = browser(stage.world.ana)
    seen: list[int] = []
    query = "?status=all"
    for expected in (50, 50, 20):
        shown = numbers(ana, query)
        assert len(shown) == expected
        seen += shown
        older = re.search(r'href="\?([^"]+)" rel="next"', ana.get(f"/incidents/{query}").content.decode())
        assert (older is None) == (expected == 20)
        query = "?" + older[1].replace("&amp;", "&") if older else ""
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 120


@pytest.mark.parametrize(
    "query",
    [
        "?priority=x",
        "?priority=1e9",
        "?major=maybe",
        "?service=-1",
        "?team=1'--",
        "?before=99999999999999999999",
        "?status=deleted",
        "?status=open' OR 1=1",
        "?text=%00",
        "?text=" + "a" * 300,
    ],
)
def test_what_no_control_sends_is_refused(stage: Stage, browser: Browser, query: str) -> None:
    """A13, A22: 400 with a sentence, never an error of ours."""
    assert browser(stage.world.ana).get(f"/incidents/{query}").status_code == 400


def test_filters_that_do_not_exist_are_not_read(stage: Stage, browser: Browser) -> None:
    """A13, A14: names of fields, lookups and orderings from outside never reach the database."""
    one = declared(stage)
    for query in ("?ordering=password", "?service__team__name=x", "?o='", "?declared_by__password__startswith=a"):
        assert numbers(browser(stage.world.ana), query) == [one.number]


def test_search_takes_quotes_and_patterns_as_text(stage: Stage, browser: Browser) -> None:
    one = declared(stage, "100% of O'Hara's \"carts\"")
    ana = browser(stage.world.ana)
    for wanted in ("100%25", "O'Hara", "%22carts%22"):
        assert numbers(ana, f"?text={wanted}") == [one.number]
    assert numbers(ana, "?text=%25%25") == []


def test_private_ones_are_for_their_people_only(stage: Stage, browser: Browser) -> None:
    """S34, A62: not in lists, searches or counts of others; not even of administrators."""
    hidden = declared(stage, "Breach of the vault")
    Incident.objects.filter(pk=hidden.pk).update(visibility="private")
    Participant.objects.exclude(user=stage.world.ana).delete()
    for person in (stage.world.eve, stage.world.sam, stage.world.ada, stage.world.bo):
        client = browser(person)
        for query in ("", "?status=all", "?text=breach", f"?text={hidden.number}"):
            assert numbers(client, query) == []
            if "text" not in query:
                assert "Breach" not in client.get(f"/incidents/{query}").content.decode()
    assert numbers(browser(stage.world.ana)) == [hidden.number]


def test_a_stakeholder_gets_the_list_without_the_directory(stage: Stage, browser: Browser) -> None:
    one = declared(stage)
    assert numbers(browser(stage.world.sam)) == [one.number]
    page = browser(stage.world.sam).get("/incidents/").content.decode()
    assert "Any service" not in page
    assert "Any team" not in page


# --- declaring ------------------------------------------------------------------------------------
def test_two_fields_make_an_incident_with_an_owner_and_a_page(stage: Stage, browser: Browser) -> None:
    """DET-02: title and service are enough, without a script."""
    di = browser(stage.world.di)
    assert 'name="title"' in di.get("/incidents/new/").content.decode()
    answer = di.post("/incidents/new/", {"title": "Customers cannot pay", "service": stage.service.pk})
    assert (answer.status_code, answer["Location"]) == (303, "/incidents/1/")
    assert stage.assignees() == {"Bo"}
    assert Page.objects.get().user == stage.world.bo
    assert "INC-1 is open" in di.get("/incidents/1/").content.decode()


def test_priority_and_words_can_be_added(stage: Stage, browser: Browser) -> None:
    form = {
        "title": "Vault",
        "service": stage.service.pk,
        "priority": make.priority(1).pk,
        "description": "since *09:00*",
    }
    browser(stage.world.di).post("/incidents/new/", form)
    assert (stage.incident().priority.rank, stage.incident().description) == (1, "since *09:00*")


@pytest.mark.parametrize(
    ("title", "service"),
    [("", "right"), ("   ", "right"), ("x" * 256, "right"), ("a\0b", "right"), ("Fine", "999"), ("Fine", "")],
)
def test_a_wrong_form_comes_back_with_what_was_typed(stage: Stage, browser: Browser, title: str, service: str) -> None:
    given = {"title": title, "service": stage.service.pk if service == "right" else service, "description": "kept"}
    answer = browser(stage.world.di).post("/incidents/new/", given)
    assert answer.status_code == 400
    assert "kept" in answer.content.decode()
    assert stage.count() == 0


def test_stakeholders_declare_nothing_and_tokens_are_asked_for(stage: Stage, browser: Browser) -> None:
    """A23, A57."""
    given = {"title": "Mine", "service": stage.service.pk}
    assert browser(stage.world.sam).get("/incidents/new/").status_code == 403
    assert browser(stage.world.sam).post("/incidents/new/", given).status_code == 403
    assert browser(stage.world.di, csrf=True).post("/incidents/new/", given).status_code == 403
    assert stage.count() == 0


def test_fields_that_the_form_does_not_have_change_nothing(stage: Stage, browser: Browser) -> None:
    """A59: no mass assignment."""
    given = {
        "title": "Mine",
        "service": stage.service.pk,
        "number": 99,
        "status": "resolved",
        "visibility": "private",
        "declared_by": stage.world.ada.pk,
        "is_major": "true",
    }
    browser(stage.world.di).post("/incidents/new/", given)
    made = stage.incident()
    assert (made.number, made.status, made.visibility, made.is_major) == (1, "triggered", "open", False)
    assert made.declared_by == stage.world.di
