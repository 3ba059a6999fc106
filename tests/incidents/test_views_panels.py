"""The triage panels: what was altered before, what stands around it, how it was mended before (TRI-05, 07, 08, 13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from core import clock, health
from incidents.commands import lifecycle
from incidents.commands.alerts import accept_batch
from incidents.models import ChangeEvent, Incident, Participant, TimelineEntry
from incidents.views import panels
from oncall.models import Service, ServiceDependency
from tests import world as make
from tests.incidents.conftest import Stage
from tests.pages import EVIL, assert_inert, count, recorded, text_of

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db
KEYS = ("changes", "graph", "related")


@pytest.fixture(autouse=True)
def _no_banner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted with the health checks."""
    monkeypatch.setattr(health, "banner", lambda *, detailed: None)


def part(client: Client, key: str, number: int = 1) -> str:
    """A panel as a script is given it."""
    answer = client.get(f"/incidents/{number}/panels/{key}/", headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.content
    return text_of(answer)


def changed(stage: Stage, summary: str, minutes: float, service: Service | None = None, **words: Any) -> None:
    """A change that happened so many minutes before now and is told now."""
    at = stage.at.at - timedelta(minutes=minutes)
    service_id = (service or stage.service).pk
    event = stage.event(summary, "change", summary=summary, service_id=service_id, event_at=at, **words)
    with transaction.atomic():
        accept_batch([event])


def needs(service: Service, *others: Service) -> None:
    """Say that a service needs others."""
    for each in others:
        ServiceDependency.objects.create(service=service, needs=each)


def opened_on(stage: Stage, service: Service, key: str, **words: Any) -> Incident:
    """An incident of another service, now."""
    stage.fire(key, service_id=service.pk, **words)
    return Incident.objects.order_by("-number")[0]


@pytest.fixture
def mesh(stage: Stage) -> dict[str, Service]:
    """Checkout needs the gateway and the ledger, the gateway needs the network; the shop needs Checkout."""
    names = ("shop", "gateway", "ledger", "network", "elsewhere")
    found = {name: make.service(name, stage.world.search, policy=stage.world.policy) for name in names}
    needs(stage.service, found["gateway"], found["ledger"])
    needs(found["gateway"], found["network"])
    needs(found["shop"], stage.service)
    return found


# --- changes ----------------------------------------------------------------------------------------
def test_the_deploy_six_minutes_before_is_first_by_its_own_time(
    stage: Stage, mesh: dict[str, Service], browser: Browser
) -> None:
    """TRI-08, TRI-13: told twenty minutes late, it stands where it happened; far ones and foreign ones do not."""
    stage.fire()
    stage.at.move(minutes=20)
    changed(
        stage,
        "gateway 4.18",
        26,
        mesh["gateway"],
        kind="deploy",
        source="Ruth",
        links=[{"href": "https://ci.example/1"}],
    )
    changed(stage, "flag split on", 60)
    changed(stage, "router table", 45, mesh["network"], kind="config")
    changed(stage, "rolled back", 5)
    changed(stage, "not needed", 21, mesh["elsewhere"])
    changed(stage, "the day before", 60 * 25)
    shown = part(browser(stage.world.bo), "changes")
    order = [shown.index(words) for words in ("gateway 4.18", "rolled back", "router table", "flag split on")]
    assert order == sorted(order)
    assert "6 min before the first alert" in " ".join(shown.split())
    assert "15 min after the first alert" in " ".join(shown.split())
    assert 'href="https://ci.example/1"' in shown
    assert "by <bdi>Ruth</bdi>" in shown
    assert "not needed" not in shown
    assert "the day before" not in shown
    row = ChangeEvent.objects.get(summary="gateway 4.18")
    assert row.received_at - row.started_at == timedelta(minutes=26)
    near = browser(stage.world.bo).get("/api/v1/incidents/1/changes/").json()
    assert near[0]["change"]["summary"] == "gateway 4.18"
    assert near[0]["seconds_before"] == 360


def test_bo_puts_a_change_into_the_timeline_at_its_own_time(stage: Stage, browser: Browser) -> None:
    """TRI-13: the entry's time is the deploy's, in Bo's zone too; Eve reads along."""
    stage.fire()
    changed(stage, "checkout 7.42", 6)
    stage.world.bo.time_zone = "Asia/Kolkata"
    stage.world.bo.save()
    bo = browser(stage.world.bo)
    bo.cookies["zone"] = "utc"
    shown = part(bo, "changes")
    assert "08:54:00" in shown, "the page's switch"
    at = shown.split('name="occurred_at" value="')[1].split('"')[0]
    bo.post("/incidents/1/notes/", {"kind": "finding", "text": "Deploy: checkout 7.42", "occurred_at": at})
    entry = TimelineEntry.objects.get(kind="finding")
    assert abs(entry.occurred_at - ChangeEvent.objects.get().started_at) < timedelta(seconds=1)
    assert "occurred_at" not in part(browser(stage.world.eve), "changes")


def test_older_changes_are_folded_and_a_corrected_start_is_no_alert(stage: Stage, browser: Browser) -> None:
    stage.fire()
    for number in range(9):
        changed(stage, f"deploy {number}", number + 1)
    shown = part(browser(stage.world.bo), "changes")
    assert shown.index("deploy 4") < shown.index("<details") < shown.index("deploy 5")
    assert "4 more" in shown
    stage.incident().milestones.filter(kind="started").update(source="edited")
    assert "before the start" in part(browser(stage.world.bo), "changes")


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", "//evil.example", 7, None])
def test_only_http_addresses_become_links(stage: Stage, browser: Browser, href: Any) -> None:
    """A2: whatever a row holds."""
    stage.fire()
    ChangeEvent.objects.create(service=stage.service, summary="deploy", links=[{"href": href}, "text"])
    assert "target=" not in part(browser(stage.world.bo), "changes")


# --- around -----------------------------------------------------------------------------------------
def test_local_or_global_is_said_in_words(stage: Stage, mesh: dict[str, Service], browser: Browser) -> None:
    """TRI-05: upstream and downstream apart, two steps away too; what began elsewhere is counted."""
    stage.fire()
    bo = browser(stage.world.bo)
    assert "Looks local" in part(bo, "related")
    assert "All 2 services it needs are healthy." in part(bo, "related")
    opened_on(stage, mesh["network"], "packets")
    assert "Perhaps not alone" in part(bo, "related")
    opened_on(stage, mesh["gateway"], "cards")
    opened_on(stage, mesh["shop"], "carts")
    opened_on(stage, mesh["elsewhere"], "printers")
    stage.at.move(hours=2)
    opened_on(stage, mesh["elsewhere"], "too late")
    shown = part(bo, "related")
    assert "Looks wider than this service" in shown
    assert "1 of the 2 services it needs is unhealthy." in shown
    assert "The only service that needs it is unhealthy." in shown
    assert "1 incident is open two steps away." in shown
    assert "1 incident elsewhere began within 30 min of it." in shown
    sides = [
        shown.index(words) for words in ("what it needs<", "cards", "what needs it<", "carts", "Began", "printers")
    ]
    assert sides == sorted(sides)
    assert shown.index("packets") < shown.index("what needs it<")
    assert "too late" not in shown
    told = bo.get("/api/v1/incidents/1/related/").json()
    assert told["needed"] == {"all": 2, "unwell": 1}
    assert {each["title"] for each in told["upstream"]} == {"cards is bad", "packets is bad"}
    assert told["is_local"] is False


def test_past_incidents_show_how_they_were_mended(stage: Stage, browser: Browser) -> None:
    """TRI-07: the last five of the service, newest first."""
    bo = make.acts(stage.world.bo)
    for number in range(6):
        stage.fire(f"key {number}")
        lifecycle.resolve(bo, stage.incident(number + 1), resolution=f"Restarted worker {number}")
        stage.at.move(hours=1)
    stage.fire("again")
    shown = part(browser(stage.world.bo), "related", 7)
    assert "Restarted worker 5" in shown
    assert shown.index("Restarted worker 5") < shown.index("Restarted worker 1")
    assert "Restarted worker 0" not in shown


def test_the_map_shows_both_sides_with_what_is_open(stage: Stage, mesh: dict[str, Service], browser: Browser) -> None:
    stage.fire()
    opened_on(stage, mesh["gateway"], "cards", severity="critical")
    bo = browser(stage.world.bo)
    shown = part(bo, "graph")
    assert 'aria-label="gateway, Partial outage, INC-2"' in shown
    assert shown.index("Needed by") < shown.index("shop") < shown.index("gateway") < shown.index("ledger")
    assert "network" not in shown, "two steps away"
    told = bo.get("/api/v1/incidents/1/graph/").json()
    assert told["needed_by"] == [{"id": mesh["shop"].pk, "name": "shop", "health": "ok", "note": ""}]
    assert told["needs"][0]["note"] == "INC-2"
    alone = Incident.objects.get(number=2)
    assert "nothing" not in part(bo, "graph", alone.number)


def test_private_incidents_are_absent_everywhere(stage: Stage, mesh: dict[str, Service], browser: Browser) -> None:
    """A62, S34: neither listed nor counted nor coloured, but for those who are on it."""
    stage.fire()
    secret = opened_on(stage, mesh["gateway"], "payroll", severity="critical")
    past = Incident.objects.filter(pk=secret.pk)
    past.update(visibility="private", codename="Blue Heron")
    Participant.objects.filter(incident=secret).exclude(user=stage.world.bo).delete()
    eve, bo = browser(stage.world.eve), browser(stage.world.bo)
    for key in ("graph", "related"):
        shown = part(eve, key)
        for words in ("payroll", "Blue Heron", "INC-2", "outage"):
            assert words not in shown, (key, words)
    assert "Looks local" in part(eve, "related")
    assert "INC-2" in part(bo, "graph")
    assert "1 of the 2 services it needs is unhealthy." in part(bo, "related")
    for address in ("/api/v1/incidents/1/related/", "/api/v1/incidents/1/graph/"):
        assert "payroll" not in text_of(eve.get(address))
    assert eve.get("/incidents/2/panels/related/").status_code == 404


# --- doors ------------------------------------------------------------------------------------------
def test_who_may_look(stage: Stage, browser: Browser) -> None:
    """S36: a stakeholder has the summary alone, and the page promises nothing to him."""
    stage.fire()
    for key in KEYS:
        path = f"/incidents/1/panels/{key}/"
        assert browser(stage.world.sam).get(path).status_code == 403
        assert browser().get(path)["Location"].startswith("/accounts/login/")
        assert browser(stage.world.eve).get(path).status_code == 200, "a page of its own without scripts"
        assert panels._promise(key, make.acts(stage.world.sam), stage.incident()) == ""
        assert f"/incidents/1/panels/{key}/" in panels._promise(key, make.acts(stage.world.eve), stage.incident())
    assert browser(stage.world.eve).get("/incidents/1/panels/secrets/").status_code == 404
    assert browser(stage.world.eve).get("/incidents/99999999999999999999/panels/graph/").status_code == 404


def test_hostile_words_are_inert(stage: Stage, browser: Browser) -> None:
    """A1, A4: names of services, titles, changes."""
    evil = make.service(EVIL, stage.world.search, policy=stage.world.policy)
    needs(stage.service, evil)
    stage.fire()
    changed(stage, EVIL, 3, evil, source=EVIL, kind=EVIL[:10])
    opened_on(stage, evil, "evil", summary=EVIL)
    bo = browser(stage.world.bo)
    for key in KEYS:
        assert_inert(bo.get(f"/incidents/1/panels/{key}/", headers={"HX-Request": "true"}))
        assert_inert(bo.get(f"/incidents/1/panels/{key}/"))


def test_panels_cost_the_same_for_few_and_many(stage: Stage, browser: Browser, at: clock.FrozenClock) -> None:
    stage.fire()
    bo = browser(stage.world.bo)
    first = make.service("first", stage.world.search, policy=stage.world.policy)
    needs(stage.service, first)
    opened_on(stage, first, "first")
    changed(stage, "deploy", 1)
    few = {f"panel_{key}": count(bo, f"/incidents/1/panels/{key}/") for key in KEYS}
    for number in range(20):
        other = make.service(f"other {number}", stage.world.search, policy=stage.world.policy)
        needs(stage.service, other)
        needs(other, first)
        opened_on(stage, other, f"k{number}")
        changed(stage, f"deploy {number}", number, other)
    many = {f"panel_{key}": count(bo, f"/incidents/1/panels/{key}/") for key in KEYS}
    assert many == few
    assert few == {name: recorded(__file__)[name] for name in few}
