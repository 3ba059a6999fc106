"""How many queries a page makes: recorded in query_counts.json, equal for few and for many rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import figures, health
from incidents.commands import timeline
from incidents.models import Incident
from tests import world as make
from tests.incidents.conftest import Stage

Browser = Callable[..., Client]
RECORDED: dict[str, int] = json.loads(Path(__file__).with_name("query_counts.json").read_text())
LIMITS = {"now": 14, "incident": 14, "list": 8}


@pytest.fixture(autouse=True)
def _no_banner(monkeypatch: pytest.MonkeyPatch) -> None:
    """The banner's own look is shared by all pages of five seconds; it is counted with the health checks."""
    monkeypatch.setattr(health, "banner", lambda *, detailed: None)


def count(client: Client, path: str) -> int:
    """The second time: what the shell keeps for a few seconds (the sidebar's figures) is not the page's own."""
    assert client.get(path).status_code == 200
    with CaptureQueriesContext(
        connection,
    ) as found:
        answer = client.get(path)
    assert answer.status_code == 200
    return len(found)


def fill(stage: Stage, count: int) -> None:
    """`count` incidents, each with a page for Bo that waits; the services' levels name a person and a schedule."""
    for number in range(count):
        stage.accept(stage.event(f"key-{number}", severity="error"))
    stage.drain()


@pytest.fixture
def scheduled(stage: Stage) -> Stage:
    """As in real life: level 1 is a person, level 2 a schedule."""
    turns = make.schedule("Payments", stage.world.payments, stage.world.cy, stage.world.ana)
    stage.service.policy = make.policy("Real", stage.world.payments, [stage.world.bo], [turns])
    stage.service.save()
    return stage


@pytest.mark.parametrize(("page", "path"), [("list", "/incidents/")])
def test_lists_cost_the_same_for_3_and_30(scheduled: Stage, browser: Browser, page: str, path: str) -> None:
    fill(scheduled, 3)
    bo = browser(scheduled.world.bo)
    few = count(bo, path)
    fill(scheduled, 30)
    assert count(bo, path) == few == RECORDED[page]
    assert few <= LIMITS[page]


def test_a_list_in_a_fresh_process_is_within_the_limit_too(scheduled: Stage, browser: Browser) -> None:
    """8: session, person, the shell's figures, chips, menus and views included (nothing is kept yet)."""
    fill(scheduled, 3)
    bo = browser(scheduled.world.bo)
    bo.get("/incidents/")
    figures.forget("*")
    with CaptureQueriesContext(connection) as asked:
        assert bo.get("/incidents/").status_code == 200
    assert len(asked) == RECORDED["list_cold"] <= LIMITS["list"], [query["sql"][:200] for query in asked]


def test_an_incident_costs_the_same_for_3_and_300_entries(scheduled: Stage, browser: Browser) -> None:
    fill(scheduled, 1)
    incident, bo = Incident.objects.get(), browser(scheduled.world.bo)
    for number in range(3):
        timeline.note(make.acts(scheduled.world.bo), incident, text=f"note {number}")
    few = count(bo, "/incidents/1/")
    for number in range(300):
        scheduled.at.move(seconds=1)
        timeline.note(make.acts(scheduled.world.bo), incident, text=f"note {number}")
    assert count(bo, "/incidents/1/") == few == RECORDED["incident"]
    assert few <= LIMITS["incident"]


def test_the_live_parts_are_recorded_too(scheduled: Stage, browser: Browser) -> None:
    fill(scheduled, 3)
    bo = browser(scheduled.world.bo)
    found = {
        "incident_regions": count(bo, "/incidents/1/regions/"),
        "triage": count(bo, "/incidents/1/triage/"),
    }
    assert found == {name: RECORDED[name] for name in found}


def test_the_recorded_numbers_are_within_the_limits() -> None:
    for name, limit in LIMITS.items():
        assert RECORDED[name] <= limit
