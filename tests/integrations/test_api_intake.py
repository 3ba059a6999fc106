"""The hot door: what senders hear and what is stored (contract.md, DET-01, DET-12, O31-O36, F15, F59)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from core import worker
from core.clock import FrozenClock
from incidents.models import Alert, ChangeEvent, Incident, Signal
from integrations.commands import keys
from integrations.models import InboundEvent
from tests.integrations import recorded
from tests.integrations.conftest import OWNER, Sender
from tests.world import World

Trigger = Callable[..., dict[str, Any]]


def test_a_trigger_is_answered_after_it_is_stored_det_01(sender: Sender, trigger: Trigger) -> None:
    answer = sender.post("/v2/enqueue", trigger())
    assert answer.status == 202
    assert answer.body == {"status": "success", "message": "Event processed", "dedup_key": "disk/web1"}
    alert = Alert.objects.get()
    assert (alert.key, alert.summary, alert.count) == ("disk/web1", "Disk full", 1)
    row = InboundEvent.objects.get()
    assert (row.outcome, row.alert_id, row.tool, row.action) == ("accepted", alert.pk, "events", "trigger")


def test_the_same_key_again_opens_nothing_new_det_01_o34(sender: Sender, trigger: Trigger) -> None:
    for _ in range(3):
        assert sender.post("/v2/enqueue", trigger()).status == 202
    worker.drain()
    assert Alert.objects.get().count == 3
    assert Incident.objects.count() == 1
    outcomes = list(InboundEvent.objects.order_by("pk").values_list("outcome", flat=True))
    assert outcomes == ["opened", "counted", "counted"]
    assert InboundEvent.objects.order_by("pk")[0].detail == str(Incident.objects.get())


def test_fifty_at_once_with_one_key_are_one_incident_f15(sender: Sender, trigger: Trigger) -> None:
    answers = sender.all([("/v2/enqueue", trigger())] * 50)
    assert {answer.status for answer in answers} == {202}
    worker.drain()
    assert Alert.objects.get().count == 50
    assert Incident.objects.count() == 1
    assert InboundEvent.objects.count() == 50


def test_resolve_and_acknowledge_of_an_unknown_key_create_nothing_o32(sender: Sender, trigger: Trigger) -> None:
    for action in ("resolve", "acknowledge"):
        assert sender.post("/v2/enqueue", trigger(action=action)).status == 202
    worker.drain()
    assert not Alert.objects.exists()
    assert not Incident.objects.exists()
    assert set(InboundEvent.objects.values_list("outcome", flat=True)) == {"unknown"}


def test_trigger_acknowledge_resolve(sender: Sender, trigger: Trigger) -> None:
    sender.post("/v2/enqueue", trigger())
    worker.drain()
    sender.post("/v2/enqueue", trigger(action="acknowledge"))
    worker.drain()
    assert Incident.objects.get().status == "acknowledged"
    sender.post("/v2/enqueue", trigger(action="resolve"))
    assert Alert.objects.get().state == "resolved"


@pytest.mark.parametrize("path", ["/v2/enqueue", "/v2/enqueue/", "/v2/change/enqueue", "/v2/change/enqueue/"])
def test_no_redirects_with_or_without_a_slash(sender: Sender, trigger: Trigger, path: str) -> None:
    assert sender.post(path, trigger()).status == 202


def test_change_events_inform_only(sender: Sender, key: str) -> None:
    body = {**recorded.body("pagerduty-change-event"), "routing_key": key}
    answer = sender.post("/v2/change/enqueue", body)
    assert answer.status == 202
    assert {"status", "message", "dedup_key"} <= set(answer.body)
    assert ChangeEvent.objects.get().summary == "deploy Dokenxxxx"
    assert not Alert.objects.exists()


def test_informational_events_feed_triage_only_det_12(sender: Sender, busy_world: World) -> None:
    _, raw = keys.issue(OWNER, busy_world.checkout, kind="generic", paths={"informational": True})
    assert sender.post(f"/integrations/generic/{raw}", {"title": "Cache is cold"}).status == 202
    assert Signal.objects.get().summary == "Cache is cold"
    worker.drain()
    assert not Incident.objects.exists()
    assert InboundEvent.objects.get().outcome == "signal"


@pytest.mark.parametrize("name", recorded.names("alertmanager-webhook") + recorded.names("prometheus"))
def test_alertmanagers_recordings_come_in(sender: Sender, key: str, name: str) -> None:
    body = recorded.body(name)
    answer = sender.post(f"/integrations/alertmanager/{key}", body)
    assert answer.status == 202
    assert answer.body["events"] == len(body["alerts"])
    assert InboundEvent.objects.count() == len(body["alerts"])
    assert InboundEvent.objects.values("request").distinct().count() == 1
    assert InboundEvent.objects.exclude(body="").count() == 1


def test_three_alerts_of_a_group_are_one_incident_and_end_together_o36(sender: Sender, key: str) -> None:
    sender.post(f"/integrations/alertmanager/{key}", recorded.body("alertmanager-webhook-firing-3-grouped"))
    worker.drain()
    assert Incident.objects.count() == 1
    assert Alert.objects.filter(state="open").count() == 3
    sender.post(f"/integrations/alertmanager/{key}", recorded.body("alertmanager-webhook-resolved-3"))
    assert Alert.objects.filter(state="open").count() == 0


def test_opsgenie_by_header_and_alias(sender: Sender, key: str) -> None:
    head = {"authorization": f"GenieKey {key}"}
    made = sender.post("/v2/alerts", recorded.body("alertmanager-opsgenie-create"), headers=head)
    assert made.status == 202
    assert set(made.body) == {"result", "took", "requestId"}
    closing = recorded.recording("alertmanager-opsgenie-close")
    assert sender.post(closing["path"], closing["body"], headers=head).status == 202
    assert Alert.objects.get().state == "resolved"


def test_an_alias_may_hold_a_slash(sender: Sender, key: str) -> None:
    head = {"authorization": f"GenieKey {key}"}
    sender.post("/v2/alerts", {"message": "m", "alias": "disk/web 1"}, headers=head)
    raw = b"/v2/alerts/disk%2Fweb%201/close?identifierType=alias"
    sender.post("/v2/alerts/disk/web 1/close", {}, headers=head, raw_path=raw)
    assert Alert.objects.get().state == "resolved"


def test_a_key_may_come_in_the_header(sender: Sender, key: str) -> None:
    """A45: header form preferred, path form possible."""
    head = {"authorization": f"Bearer {key}"}
    assert sender.post("/integrations/generic", {"title": "x"}, headers=head).status == 202
    assert sender.post("/integrations/generic/", {"title": "x"}, headers=head).status == 202


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/v2/other", "POST", 404),
        ("/integrations/nagios/abcdefgh", "POST", 404),
        ("/integrations/events/abcdefgh", "POST", 404),
        ("/v2/enqueue", "GET", 405),
        ("/v2/enqueue", "HEAD", 405),
        ("/heartbeats/abcdefgh", "PUT", 405),
        ("/heartbeats/abcdefgh/x", "POST", 404),
    ],
)
def test_other_addresses_and_methods(sender: Sender, busy_world: World, path: str, method: str, status: int) -> None:
    assert sender.post(path, {}, method=method).status == status


def test_our_own_page_coming_back_pages_nobody_f59(sender: Sender, key: str) -> None:
    """A mail gateway that turns our mail into an event must not open the incident that sends our mail."""
    body = {"title": "INC-7 Disk full", "text": "Answer: http://localhost:8000/answer/abc.def/"}
    assert sender.post(f"/integrations/generic/{key}", body).status == 202
    worker.drain()
    assert not Incident.objects.exists()
    assert InboundEvent.objects.get().outcome == "echo"
    assert "abc.def" not in InboundEvent.objects.get().body


HOME = "http://localhost:8000"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (json.dumps({"title": "x", "text": f"{HOME}/answer/abc.def/"}).replace("/", "\\/"), {}),
        (json.dumps({"title": "x", "raw": f"Subject: x\r\nX-Watchbill-Origin: {HOME}\r\n\r\nNobody answers."}), {}),
        (json.dumps({"title": "x", "message-headers": [["X-Watchbill-Origin", HOME]]}), {}),
        (json.dumps({"title": "x", "headers": [{"name": "x-watchbill-origin", "value": HOME}]}), {}),
        (
            json.dumps({"title": "x", "link": f"{HOME}/incidents/7/", "answer_link": ""}),
            {"watchbill-signature": "v1=0"},
        ),
    ],
    ids=["escaped link", "raw mail", "pairs of headers", "named headers", "webhook"],
)
def test_our_own_notice_coming_back_pages_nobody_f59(
    sender: Sender, key: str, body: str, headers: dict[str, str]
) -> None:
    """Word that nobody has answered has no answer link: our mail's header and our webhook's signature tell it."""
    assert sender.post(f"/integrations/generic/{key}", body.encode(), headers=headers).status == 202
    worker.drain()
    assert not Incident.objects.exists()
    assert InboundEvent.objects.get().outcome == "echo"
    assert "abc.def" not in InboundEvent.objects.get().body


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"link": f"{HOME}/incidents/7/"}, {}),
        ({"link": "https://watch.other.example/incidents/7/"}, {"watchbill-signature": "v1=0"}),
        ({"raw": "X-Watchbill-Origin: https://watch.other.example\r\n"}, {}),
        ({"raw": f"X-Watchbill-Origin: {HOME}.other.example\r\n"}, {}),
        ({"text": "no answer from http://localhost:9000/answer/"}, {}),
    ],
    ids=["a runbook's link", "another portal's webhook", "another portal's mail", "a longer name", "another answer"],
)
def test_what_others_send_about_us_is_no_echo_f59(
    sender: Sender, key: str, body: dict[str, str], headers: dict[str, str]
) -> None:
    """Another Watchbill may report to this one, and a tool may link to an incident here."""
    sender.post(f"/integrations/generic/{key}", {"title": "x", **body}, headers=headers)
    worker.drain()
    assert Incident.objects.count() == 1


def test_the_log_keeps_the_body_without_secrets_a95(sender: Sender, trigger: Trigger, key: str) -> None:
    sender.post("/v2/enqueue", trigger(custom_details={"password": "hunter2", "note": "plain words"}))
    kept = InboundEvent.objects.get().body
    assert key not in kept
    assert "hunter2" not in kept
    assert "plain words" in kept


def test_a_refused_event_is_in_the_log_with_its_reason(sender: Sender, trigger: Trigger) -> None:
    answer = sender.post("/v2/enqueue", {**trigger(), "event_action": "explode"})
    assert answer.status == 400
    assert answer.body["status"] == "invalid event"
    assert answer.body["message"] == "Event object is invalid"
    assert answer.body["errors"] == ["'event_action' must be one of trigger, acknowledge, resolve"]
    row = InboundEvent.objects.get()
    assert (row.outcome, row.detail) == ("refused", answer.body["errors"][0])
    assert not Alert.objects.exists()


def test_a_resolve_older_than_the_last_trigger_is_ignored_o35(
    sender: Sender, trigger: Trigger, at: FrozenClock
) -> None:
    """Events that overtook each other on the way are put right by the tool's own times."""
    assert sender.post("/v2/enqueue", trigger(timestamp="2026-11-16T08:50:00Z")).status == 202
    assert sender.post("/v2/enqueue", trigger(action="resolve", timestamp="2026-11-16T08:40:00Z")).status == 202
    assert Alert.objects.get().state == "open"
    assert InboundEvent.objects.latest("pk").outcome == "stale"
    assert sender.post("/v2/enqueue", trigger(action="resolve", timestamp="2026-11-16T08:55:00Z")).status == 202
    assert Alert.objects.get().state == "resolved"
    # a late copy of the first trigger is no new alert
    assert sender.post("/v2/enqueue", trigger(timestamp="2026-11-16T08:50:00Z")).status == 202
    assert Alert.objects.get().state == "resolved"


def test_a_resolve_that_overtook_its_trigger_leaves_no_ghost_f16(
    sender: Sender, trigger: Trigger, at: FrozenClock
) -> None:
    sender.post("/v2/enqueue", trigger(action="resolve", timestamp="2026-11-16T08:55:00Z"))
    sender.post("/v2/enqueue", trigger(timestamp="2026-11-16T08:50:00Z"))
    worker.drain()
    assert not Incident.objects.exists()
