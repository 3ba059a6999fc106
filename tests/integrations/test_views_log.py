"""The inbound log, the tester of payloads and the first steps."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client

from accounts import actors
from core import clock, worker
from incidents.commands import config
from incidents.kinds import Normalised
from incidents.models import Alert, Incident
from integrations.commands import inbound
from integrations.commands.inbound import Arrival
from integrations.models import InboundEvent
from integrations.queries.log import inbound_of, services_with_log
from tests import world as builders
from tests.pages import EVIL, assert_inert, count, recorded, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db
SYSTEM = actors.system()
MESSAGE = {
    "version": "4",
    "groupKey": '{}:{alertname="Latency"}',
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "Latency", "severity": "warning"},
            "annotations": {"summary": "Latency is high"},
        },
        {"status": "resolved", "labels": {"alertname": "Disk"}, "annotations": {"summary": "Disk was full"}},
    ],
}


def arrive(world: World, key: str = "k", *, body: str = "", source: str = "") -> InboundEvent:
    """One event of Checkout with its log row."""
    event = Normalised(
        world.checkout.pk, "trigger", key, summary="Disk full", severity="critical", tool="events", source=source
    )
    inbound.write_batch([Arrival(world.checkout.pk, "events", [event], clock.now(), body=body)])
    worker.drain()
    return InboundEvent.objects.latest("pk")


def test_the_log_says_what_became_of_each_event(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    row = arrive(world, body='{"payload":{"summary":"Disk full"}}')
    bo = browser(world.bo)
    assert "INC-1" in text_of(bo.get("/inbound/"))
    page = text_of(bo.get(f"/inbound/{row.pk}/"))
    for words in ("&quot;summary&quot;: &quot;Disk full&quot;", "Opened", "INC-1", "by its severity, critical"):
        assert words in page, words
    assert "INC-1" in text_of(bo.get(f"/inbound/?service={world.checkout.pk}&outcome=opened"))
    assert "Nothing has come in" in text_of(bo.get("/inbound/?outcome=refused"))


def test_every_event_of_an_incident_names_it(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """Whoever reads that an event was counted or has ended something wants to know what; S34 stays."""
    arrive(world)
    arrive(world)
    over = Normalised(world.checkout.pk, "resolve", "k", summary="Disk full", tool="events")
    inbound.write_batch([Arrival(world.checkout.pk, "events", [over], clock.now())])
    worker.drain()
    assert set(InboundEvent.objects.values_list("outcome", flat=True)) == {"opened", "counted", "resolved"}
    for path in ("/inbound/", f"/services/{world.checkout.pk}/intake/"):
        assert text_of(browser(world.bo).get(path)).count('<a class="small" href="/incidents/1/">INC-1</a>') == 3, path
    Incident.objects.update(visibility="private")
    for path in ("/inbound/", f"/services/{world.checkout.pk}/intake/"):
        assert "INC-1" not in text_of(browser(world.cy).get(path)), path


def test_a_long_refusal_is_there_in_full(world: World, browser: Browser) -> None:
    why = (
        "payload.summary is missing or blank, payload.source is missing or blank, payload.severity must be one of four"
    )
    refused = Arrival(world.checkout.pk, "events", [], clock.now(), refused=why)
    inbound.write_batch([refused])
    assert why in text_of(browser(world.bo).get("/inbound/"))


def test_an_administrator_without_services_is_not_sent_to_a_manager(browser: Browser, db: None) -> None:
    page = text_of(browser(builders.person("Ada Admin", role="administrator")).get("/inbound/"))
    assert "Ask a manager" not in page
    assert "/services/new/" in page


def test_people_of_other_teams_see_nothing_of_it(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """A57: Di is of another team, Eve of none."""
    row = arrive(world)
    for user in (world.di, world.eve):
        assert browser(user).get(f"/inbound/{row.pk}/").status_code == 404
        assert "INC-1" not in text_of(browser(user).get("/inbound/"))
        assert "INC-1" not in text_of(browser(user).get(f"/inbound/?service={world.checkout.pk}"))
    assert "No service of yours" in text_of(browser(world.eve).get("/inbound/"))
    assert browser(world.sam).get("/inbound/").status_code == 403
    assert "INC-1" in text_of(browser(world.pat).get("/inbound/")), "the process owner reads all"
    assert browser().get("/inbound/")["Location"].startswith("/accounts/login/")


def test_what_belongs_to_a_private_incident_stays_with_its_people(
    world: World, browser: Browser, at: clock.FrozenClock
) -> None:
    """S34."""
    row = arrive(world, body="secret story")
    Incident.objects.update(visibility="private")
    assert row.detail == "INC-1"
    cy = browser(world.cy)
    on_it = Incident.objects.get().participants.filter(user=world.cy).exists()
    assert not on_it
    assert "INC-1" not in text_of(cy.get("/inbound/"))
    assert cy.get(f"/inbound/{row.pk}/").status_code == 404


def test_hostile_events_are_inert(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """A1: key, body and summary."""
    row = arrive(world, key=EVIL, body=EVIL, source=EVIL)
    Alert.objects.update(summary=EVIL)
    for path in ("/inbound/", f"/inbound/{row.pk}/", f"/services/{world.checkout.pk}/intake/"):
        assert_inert(browser(world.ana).get(path))


def test_a_pasted_payload_is_judged_and_nothing_is_stored(world: World, browser: Browser) -> None:
    """DET-06, TRI-06."""
    config.create_rule(
        SYSTEM,
        service=world.checkout,
        name="Latency hurts",
        field="summary",
        value="latency",
        priority=builders.priority(1),
    )
    page = f"/services/{world.checkout.pk}/try/"
    judged = browser(world.eve).post(page, {"kind": "alertmanager", "payload": json.dumps(MESSAGE)})
    assert judged.status_code == 200
    text = " ".join(text_of(judged).split())
    for words in ("Latency hurts", "prio-1", "it joins the tool&#x27;s own group", "the alert of this key ends"):
        assert words in text or words.replace("&#x27;", "'") in text, words
    assert (Alert.objects.count(), InboundEvent.objects.count(), Incident.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("events", '{"routing_key": '),
        ("events", "{}"),
        ("alertmanager", '{"alerts": "none"}'),
        ("generic", "[1, 2]"),
        ("events", '{"event_action": "explode"}'),
        ("generic", '{"summary": "a\\u0000b"}'),
        ("generic", '{"a": 99999999999999999999999999}'),
    ],
)
def test_a_payload_that_cannot_be_read_says_where(world: World, browser: Browser, kind: str, payload: str) -> None:
    """A21, A77; what was pasted comes back."""
    answer = browser(world.ana).post(f"/services/{world.checkout.pk}/try/", {"kind": kind, "payload": payload})
    assert answer.status_code == 400
    assert "error" in text_of(answer) or "notice-red" in text_of(answer)
    deep = browser(world.ana).post(
        f"/services/{world.checkout.pk}/try/", {"kind": "generic", "payload": '{"a":' * 5000}
    )
    assert deep.status_code == 400


def test_a_hostile_payload_is_inert(world: World, browser: Browser) -> None:
    """A1, A5."""
    payload = json.dumps({"summary": EVIL, "source": EVIL, "key": EVIL})
    assert_inert(
        browser(world.ana).post(f"/services/{world.checkout.pk}/try/", {"kind": "generic", "payload": payload})
    )


def test_the_pages_cost_the_same_for_few_and_many(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    ana = browser(world.ana)
    row = arrive(world)

    def cost() -> dict[str, int]:
        return {
            "inbound": count(ana, "/inbound/"),
            "inbound_event": count(ana, f"/inbound/{row.pk}/"),
            "first_steps": count(ana, "/first-steps/"),
        }

    few = cost()
    for number in range(12):
        arrive(world, key=f"k{number}")
        builders.service(f"S{number}", world.payments)
    assert cost() == few
    assert few == {name: recorded(__file__)[name] for name in few}


def test_a_private_event_without_a_request_hides_itself_alone(world: World, browser: Browser) -> None:
    """S34: rows that name no request are not of one request; the open ones stay."""
    secret, other = arrive(world, key="payroll"), arrive(world, key="disk-full")
    InboundEvent.objects.update(request="")
    Incident.objects.filter(alerts=secret.alert_id).update(visibility="private", codename="Blue Heron")
    Incident.objects.filter(alerts=other.alert_id).update(visibility="open")
    ana = browser(world.ana)
    for path in ("/inbound/", f"/services/{world.checkout.pk}/intake/", f"/services/{world.checkout.pk}/"):
        page = text_of(ana.get(path))
        assert "disk-full" in page, path
        assert "payroll" not in page, path
    assert ana.get(f"/inbound/{secret.pk}/").status_code == 404


def test_what_came_with_a_private_event_in_one_request_is_hidden_too(world: World, browser: Browser) -> None:
    """S34: the body of a request speaks of all its events; another request of that moment stays."""
    at, service = clock.now(), world.checkout.pk
    events = [Normalised(service, "trigger", key, summary=key, severity="critical", tool="events")
              for key in ("payroll", "lunch", "disk-full")]  # fmt: skip
    inbound.write_batch(
        [Arrival(service, "events", events[:2], at, body="{}"), Arrival(service, "events", events[2:], at)]
    )
    private = Incident.objects.create(
        **dict.fromkeys(("priority", "initial_priority", "peak_priority"), builders.priority(2)),
        number=77, title="Payroll", service=world.checkout, visibility="private", codename="Blue Heron",
    )  # fmt: skip
    Alert.objects.filter(key="payroll").update(incident=private)
    for path in ("/inbound/", f"/services/{service}/intake/"):
        page = text_of(browser(world.ana).get(path))
        assert "disk-full" in page, path
        assert "payroll" not in page, path
        assert "lunch" not in page, path


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the words are those of SQLite's planner")
def test_a_long_log_is_read_from_its_end(world: World) -> None:
    """G20: a month of events is neither sorted nor walked for the newest fifty of several services."""
    builders.service("Other", world.payments)
    actor = builders.acts(world.pat)
    plan = inbound_of(actor, services_with_log(actor))[:51].explain()
    assert "TEMP B-TREE" not in plan, plan
    assert "SCAN integrations_inboundevent\n" in plan, "from the highest id down"
    assert "inbound_service_recent (service_id=? AND received_at=?)" in plan, "the rows of one request by an index"
    rare = inbound_of(actor, services_with_log(actor)).filter(outcome="flood")[:51].explain()
    assert "SEARCH integrations_inboundevent USING INDEX inbound_outcome_recent (outcome=?)" in rare, rare
    assert "TEMP B-TREE" not in rare, "few of many are not sought through all"
