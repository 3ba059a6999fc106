"""PagerDuty's events and change events, as real clients send them (DET-01, TRI-08)."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from integrations.adapters import changes, events_v2
from tests.integrations import recorded

TRIGGER = {
    "event_action": "trigger",
    "dedup_key": "disk/web1",
    "payload": {"summary": "Disk full", "source": "web1", "severity": "critical"},
}


@pytest.mark.parametrize("name", recorded.names("pagerduty-events") + recorded.names("pdpyras-events"))
def test_what_pagerdutys_own_clients_send_is_understood(name: str) -> None:
    [event] = events_v2.parse({}, recorded.body(name), recorded.door())
    assert event.service_id == 7
    assert event.key.startswith("dk-Dokenxxxx")
    assert event.action == name.rsplit("-", 1)[1]
    assert not event.generated
    if event.action == "trigger":
        assert (event.source, event.severity) == ("web1", "critical")
        assert event.details == {"mount": "/", "t": event.key[3:]}
        assert event.links == [{"href": "http://wiki/rb", "text": "runbook"}]


@pytest.mark.parametrize("name", recorded.names("alertmanager-pagerduty"))
def test_alertmanagers_pagerduty_receiver_is_understood(name: str) -> None:
    """One key per group, which triggers again as the group grows: update, do not open (wire/README 3)."""
    [event] = events_v2.parse({}, recorded.body(name), recorded.door())
    assert event.action == ("resolve" if name.endswith("resolve") else "trigger")
    assert event.key == "1610eb0edef16bde718d91ceae83760c21eda08d3d70b87c06fa64c99d18add0"
    assert (event.component, event.group, event.kind) == ("db", "prod", "latency")
    assert event.links[0]["text"] == "Alertmanager"
    assert {"href": "http://wiki/runbook", "text": "Runbook"} in event.links


@pytest.mark.parametrize("name", recorded.names("pagerduty-change") + recorded.names("pdpyras-change"))
def test_change_events_inform(name: str) -> None:
    [event] = changes.parse({}, recorded.body(name), recorded.door())
    assert (event.action, event.kind, event.source) == ("change", "deploy", "ci")
    assert event.event_at is not None


def test_a_missing_key_is_made_up() -> None:
    first, second = (
        events_v2.parse({}, {k: v for k, v in TRIGGER.items() if k != "dedup_key"}, recorded.door())[0]
        for _ in range(2)
    )
    assert first.generated
    assert len(first.key) == 32
    assert first.key != second.key


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"event_action": "explode"}, "event_action"),
        ({"event_action": None}, "event_action"),
        ({"event_action": ["trigger"]}, "event_action"),
        ({"dedup_key": "k" * 256}, "dedup_key"),
        ({"dedup_key": 7}, "dedup_key"),
        ({"payload": None}, "payload"),
        ({"payload": "disk"}, "payload"),
        ({"payload": {**TRIGGER["payload"], "summary": ""}}, "payload.summary"),  # type: ignore[dict-item]
        ({"payload": {**TRIGGER["payload"], "summary": "   "}}, "payload.summary"),  # type: ignore[dict-item]
        ({"payload": {**TRIGGER["payload"], "summary": "x" * 1025}}, "payload.summary"),  # type: ignore[dict-item]
        ({"payload": {**TRIGGER["payload"], "source": None}}, "payload.source"),  # type: ignore[dict-item]
        ({"payload": {**TRIGGER["payload"], "severity": "bad"}}, "payload.severity"),  # type: ignore[dict-item]
        ({"payload": {**TRIGGER["payload"], "severity": {}}}, "payload.severity"),  # type: ignore[dict-item]
        ({"links": "http://x"}, "links"),
        ({"images": {}}, "images"),
        ({"event_action": "resolve", "dedup_key": None}, "dedup_key"),
    ],
)
def test_a_fault_is_named_by_its_field(change: dict[str, object], field: str) -> None:
    """Unknown action 400 with the field; `/v2/*` is strict about lengths."""
    with pytest.raises(Invalid) as caught:
        events_v2.parse({}, {**TRIGGER, **change}, recorded.door())
    assert field in caught.value.fields


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        events_v2.parse({}, {"event_action": "trigger", "payload": {}}, recorded.door())
    assert set(caught.value.fields) == {"payload.summary", "payload.source", "payload.severity"}


def test_only_http_links_are_kept() -> None:
    """A1: links and images with other schemes never reach a page."""
    hostile = {
        **TRIGGER,
        "client": "Nagios",
        "client_url": "javascript:alert(1)",
        "links": [{"href": "data:text/html,x"}, {"href": "https://wiki/x", "text": "<b>"}, "no object", {"text": "y"}],
        "images": [{"src": "https://img/x.png", "alt": "graph"}, {"src": "file:///etc/passwd"}],
    }
    [event] = events_v2.parse({}, hostile, recorded.door())
    assert [link["href"] for link in event.links] == ["https://wiki/x", "https://img/x.png"]
    assert "a link that is not an http address was left out" in event.marks


@pytest.mark.parametrize(
    ("sent", "mark"),
    [("2031-01-01T00:00:00Z", "ahead"), ("yesterday", "not understood"), ("9" * 40, "not understood")],
)
def test_a_wrong_clock_cannot_silence_later_events(sent: str, mark: str) -> None:
    """O35 compares times: one ahead of ours would make every later resolve look old."""
    body = {**TRIGGER, "payload": {**TRIGGER["payload"], "timestamp": sent}}  # type: ignore[dict-item]
    [event] = events_v2.parse({}, body, recorded.door())
    assert event.event_at is None
    assert any(mark in said for said in event.marks)


def test_details_of_any_kind_are_kept() -> None:
    for sent, kept in (("text", {"details": "text"}), ([1, 2], {"details": [1, 2]}), (None, {}), ({"a": 1}, {"a": 1})):
        body = {**TRIGGER, "payload": {**TRIGGER["payload"], "custom_details": sent}}  # type: ignore[dict-item]
        assert events_v2.parse({}, body, recorded.door())[0].details == kept
