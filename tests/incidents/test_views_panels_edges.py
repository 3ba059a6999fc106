"""The triage panels and a service's days at their edges: storms, archived services, corrected times, zones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from core import clock, health
from incidents.commands import lifecycle, milestones
from incidents.models import ChangeEvent, Incident, Milestone, TimelineEntry
from incidents.queries import related
from oncall.models import Service
from tests import world as make
from tests.incidents.conftest import Stage
from tests.incidents.test_views_panels import needs, opened_on, part
from tests.pages import text_of

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_banner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "banner", lambda *, detailed: None)


def box(stage: Stage, name: str, **fields: object) -> Service:
    """A service of the other team."""
    return make.service(name, stage.world.search, policy=stage.world.policy, **fields)


# --- here or everywhere -----------------------------------------------------------------------------
def test_archived_services_are_neither_counted_nor_walked_through(stage: Stage, browser: Browser) -> None:
    """TRI-05: what is on no map is in no sentence; an incident of an archived service still looks around."""
    old, beyond, gateway = (box(stage, name) for name in ("old", "beyond", "gateway"))
    needs(stage.service, old, gateway)
    needs(old, beyond)
    stage.fire()
    stage.at.move(hours=1)
    opened_on(stage, beyond, "far")
    Service.objects.filter(pk=old.pk).update(archived_at=clock.now())
    shown = part(browser(stage.world.bo), "related")
    assert "The only service it needs is healthy." in shown
    assert "two steps away" not in shown
    Service.objects.filter(pk=stage.service.pk).update(archived_at=clock.now())
    assert "The only service it needs is healthy." in part(browser(stage.world.bo), "related")


def test_a_storm_of_its_own_hides_no_neighbour(stage: Stage, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """TRI-05: what is open here is not asked for, and health is asked for all neighbours at once."""
    monkeypatch.setattr(related, "MOST", 3)
    gateway, ledger = box(stage, "gateway"), box(stage, "ledger")
    needs(stage.service, gateway, ledger)
    stage.fire()
    for number in range(4):
        stage.fire(f"own {number}", severity="critical")
        opened_on(stage, ledger, f"books {number}", severity="critical")
    stage.at.move(hours=1)
    opened_on(stage, gateway, "cards", severity="warning")
    assert "2 of the 2 services it needs are unhealthy." in part(browser(stage.world.bo), "related")


def test_what_began_elsewhere_is_counted_whole(stage: Stage, browser: Browser) -> None:
    """Eight are shown, twelve are said."""
    elsewhere = box(stage, "elsewhere")
    stage.fire()
    for number in range(12):
        opened_on(stage, elsewhere, f"printer {number}")
    shown = part(browser(stage.world.bo), "related")
    assert "12 incidents elsewhere began within 30 min of it." in shown
    assert shown.split("Began within")[1].count("<li") == 8


# --- changes ----------------------------------------------------------------------------------------
def test_the_distance_is_to_the_start_as_people_corrected_it(stage: Stage, browser: Browser) -> None:
    """TRI-08: ten minutes before the corrected start is first; what lies ahead, or a day back, is no cause."""
    stage.at.move(days=2)
    stage.fire()
    start = stage.at.at
    stage.at.move(minutes=5)
    rows = {"near": 40, "far": 120, "edge": 30 + 24 * 60, "a day and a bit": 31 + 24 * 60, "ahead": -60}
    for summary, minutes in rows.items():
        ChangeEvent.objects.create(
            service=stage.service, summary=summary, started_at=start - timedelta(minutes=minutes)
        )
    bo = make.acts(stage.world.bo)
    milestones.correct(bo, stage.incident(), kind="started", at=start - timedelta(minutes=30), why="The graph says so")
    shown = " ".join(part(browser(stage.world.bo), "changes").split())
    assert "10 min before the start" in shown
    assert shown.index(">near<") < shown.index(">far<") < shown.index(">edge<")
    assert "a day and a bit" not in shown
    assert ">ahead<" not in shown


def test_every_change_that_is_counted_can_be_read(stage: Stage, browser: Browser) -> None:
    stage.fire()
    for number in range(80):
        at = stage.at.at - timedelta(minutes=number)
        ChangeEvent.objects.create(service=stage.service, summary=f"deploy-{number:02}", started_at=at)
    shown = part(browser(stage.world.bo), "changes")
    assert "75 more" in shown
    assert all(f">deploy-{number:02}<" in shown for number in range(80))


@pytest.mark.parametrize("told", [datetime(2026, 10, 25, 0, 30, 7, 5, UTC), datetime(2026, 10, 25, 1, 30, 7, 5, UTC)])
def test_a_deploy_in_the_hour_that_comes_twice_keeps_its_own_time(
    stage: Stage, browser: Browser, told: datetime
) -> None:
    """TRI-13: both are half past two in Berlin; the button sends the moment itself."""
    stage.at.at = datetime(2026, 10, 25, 2, 0, tzinfo=UTC)
    stage.world.bo.time_zone = "Europe/Berlin"
    stage.world.bo.save()
    stage.fire()
    ChangeEvent.objects.create(service=stage.service, summary="router 3", started_at=told)
    bo = browser(stage.world.bo)
    shown = part(bo, "changes")
    assert "02:30" in shown
    value = shown.split('name="occurred_at" value="')[1].split('"')[0]
    answer = bo.post("/incidents/1/notes/", {"kind": "finding", "text": "Deploy: router 3", "occurred_at": value})
    assert answer.status_code == 303, text_of(answer)
    assert TimelineEntry.objects.get(kind="finding").occurred_at == told


# --- the places that are filled later ---------------------------------------------------------------
def test_a_panel_that_does_not_come_can_be_asked_for_again(stage: Stage, browser: Browser) -> None:
    """Design 10: a sentence with Try again, hidden until it is needed, and a link without scripts."""
    stage.fire()
    page = text_of(browser(stage.world.bo).get("/incidents/1/"))
    for key in ("changes", "related", "graph"):
        place = page.split(f'id="panel-{key}"')[1].split("</section>")[0]
        assert "data-late" in place
        assert 'hx-trigger="load, again"' in place
        assert '<div class="notice notice-red" role="alert" hidden>' in place
        assert f'href="/incidents/1/panels/{key}/" data-plain' in place


# --- days -------------------------------------------------------------------------------------------
def days_of(client: Client, service: Service) -> str:
    """The part of the page with the last 90 days."""
    return text_of(client.get(f"/services/{service.pk}/")).split('id="days"')[1].split("</section>")[0]


@pytest.mark.parametrize(("zone", "day"), [("UTC", "Sun 25 Oct"), ("Pacific/Auckland", "Mon 26 Oct")])
def test_days_are_those_of_the_viewer(stage: Stage, browser: Browser, zone: str, day: str) -> None:
    """Half past two in the night in which Europe's clocks go back is one bad day, in each zone its own."""
    stage.at.at = datetime(2026, 10, 25, 20, 30, tzinfo=UTC)
    stage.fire(severity="critical")
    stage.at.move(minutes=20)
    lifecycle.resolve(make.acts(stage.world.bo), stage.incident(), resolution="Turned back")
    stage.wait(hours=20)
    stage.world.bo.time_zone = zone
    stage.world.bo.save()
    shown = days_of(browser(stage.world.bo), stage.service)
    assert "89 of 90 days" in shown
    assert f">{day}<" in shown


def test_one_that_ended_without_a_time_does_not_go_on_for_ever(stage: Stage, browser: Browser) -> None:
    """A closed incident without a milestone of its end lasted until it was closed, one day of ninety."""
    stage.fire(severity="critical")
    Incident.objects.update(status="closed", status_since=stage.at.at)
    Milestone.objects.filter(kind="resolved").delete()
    stage.at.move(days=10)
    assert "89 of 90 days" in days_of(browser(stage.world.bo), stage.service)


def test_small_trouble_crowds_out_no_day(stage: Stage, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what colours a day is read, so that many small ones later do not hide a great one before."""
    monkeypatch.setattr("incidents.queries.service_page.MOST", 2)
    stage.fire("great", severity="critical")
    for number in range(3):
        stage.fire(f"small {number}", severity="info")
    assert "89 of 90 days" in days_of(browser(stage.world.bo), stage.service)
