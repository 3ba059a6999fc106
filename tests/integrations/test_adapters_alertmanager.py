"""Alertmanager and Grafana: each alert for itself, grouped by the tool's own group (O36, DET-07, DET-11)."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Invalid
from integrations.adapters import alertmanager, grafana
from tests.integrations import recorded

FIRING = "alertmanager-webhook-firing-3-grouped"


def alert(number: int, **more: Any) -> dict[str, Any]:
    return {"status": "firing", "labels": {"alertname": f"A{number}"}, "fingerprint": f"f{number}", **more}


@pytest.mark.parametrize("name", recorded.names("alertmanager-webhook") + recorded.names("prometheus"))
def test_recordings_are_understood(name: str) -> None:
    body = recorded.body(name)
    events = alertmanager.parse({}, body, recorded.door())
    assert [e.key for e in sorted(events, key=lambda e: e.key)] == sorted(a["fingerprint"] for a in body["alerts"])
    assert {e.tool_group for e in events} == {body["groupKey"]}
    assert all(e.severity in {"critical", "warning"} for e in events)
    assert all(e.summary and e.kind for e in events)


def test_three_alerts_of_a_group_keep_their_own_keys_and_share_the_group() -> None:
    events = alertmanager.parse({}, recorded.body(FIRING), recorded.door())
    assert len({e.key for e in events}) == 3
    assert len({e.tool_group for e in events}) == 1
    assert events[0].links[0] == {"href": "http://wiki/Tokenxxxx", "text": "Runbook"}
    assert {"href": "http://prom/graph", "text": "Source"} in events[0].links
    assert events[0].began_at is not None
    assert events[0].event_at is None


def test_the_top_status_says_nothing_about_one_alert() -> None:
    """With one of two resolved the top still says firing (wire/README 1)."""
    body = recorded.body("alertmanager-webhook-partly-resolved")
    assert body["status"] == "firing"
    actions = {e.key: e.action for e in alertmanager.parse({}, body, recorded.door())}
    assert actions == {"38537c553f3b86be": "trigger", "d40fc7db1abbc59f": "resolve"}


def test_a_missing_alert_is_not_a_resolved_one() -> None:
    """truncatedAlerts leaves a mark (wire/README 2)."""
    events = alertmanager.parse({}, recorded.body("alertmanager-webhook-truncated"), recorded.door())
    assert {e.action for e in events} == {"trigger"}
    assert all("the tool left out 1 alerts of this group" in e.marks for e in events)


def test_year_one_is_no_time() -> None:
    body = {"alerts": [alert(1, startsAt="0001-01-01T00:00:00Z")]}
    [event] = alertmanager.parse({}, body, recorded.door())
    assert (event.event_at, event.began_at) == (None, None)


def test_a_resolve_carries_the_time_of_its_end() -> None:
    [event] = alertmanager.parse({}, recorded.body("alertmanager-webhook-resolved-1"), recorded.door())
    assert event.action == "resolve"
    assert event.event_at is not None
    assert event.event_at.second == 17


def test_more_than_a_thousand_alerts_are_cut_and_marked_firing_ones_first() -> None:
    """Contract: never refused; what fires is never cut in favour of what is over (A77)."""
    over = [alert(n, status="resolved") for n in range(900)]
    body = {"alerts": over + [alert(n) for n in range(900, 1300)]}
    events = alertmanager.parse({}, body, recorded.door())
    assert len(events) == 1000
    assert sum(e.action == "trigger" for e in events) == 400
    assert "only the first 1000 of 1300 alerts were read" in events[0].marks


def test_over_long_fields_are_cut_and_marked() -> None:
    labels = {"alertname": "A" * 400, "instance": "i" * 300, "severity": "page"}
    body = {
        "groupKey": "g" * 5000,
        "alerts": [alert(1, labels=labels, annotations={"summary": "s" * 30_000}, fingerprint="f" * 300)],
    }
    [event] = alertmanager.parse({}, body, recorded.door())
    assert (len(event.summary), len(event.source), len(event.kind)) == (1024, 255, 255)
    assert (len(event.tool_group), len(event.key)) == (255, 255)
    assert event.severity == "critical"
    assert any(mark.startswith("summary was cut") for mark in event.marks)


def test_two_long_keys_stay_two() -> None:
    bodies = [{"alerts": [alert(1, fingerprint="f" * 300 + end)]} for end in "ab"]
    first, second = (alertmanager.parse({}, body, recorded.door())[0].key for body in bodies)
    assert first != second


def test_more_than_two_thousand_keys_per_alert_are_cut_a78() -> None:
    body = {"alerts": [alert(1, annotations={f"k{n}": "v" for n in range(3000)}), alert(2)]}
    many, few = alertmanager.parse({}, body, recorded.door())
    assert len(many.details["annotations"]) < 2000
    assert "only the first 2000 keys were kept" in many.marks
    assert few.marks == []


def test_depth_is_cut_a78() -> None:
    deep: Any = "end"
    for _ in range(60):
        deep = {"d": deep}
    [event] = alertmanager.parse({}, {"alerts": [alert(1, annotations={"x": deep})]}, recorded.door())
    assert "levels beyond 32 were cut" in event.marks


def test_without_a_fingerprint_the_labels_are_the_key() -> None:
    bodies = [
        {"alerts": [{"labels": {"b": "2", "alertname": "x"}}]},
        {"alerts": [{"labels": {"alertname": "x", "b": "2"}}]},
    ]
    first, second = (alertmanager.parse({}, body, recorded.door())[0] for body in bodies)
    assert first.key == second.key
    assert first.summary == "x"


@pytest.mark.parametrize("alerts", [None, "x", {}, 5])
def test_alerts_must_be_a_list(alerts: Any) -> None:
    with pytest.raises(Invalid, match="alerts"):
        alertmanager.parse({}, {"alerts": alerts}, recorded.door())


def test_entries_that_are_no_alerts_are_left_out() -> None:
    events = alertmanager.parse({}, {"alerts": ["x", None, alert(1, labels="x", annotations=[1])]}, recorded.door())
    assert len(events) == 1
    assert "2 entries of “alerts” were no objects" in events[0].marks


GRAFANA: dict[str, Any] = {
    "receiver": "Watchbill",
    "status": "firing",
    "orgId": 1,
    "groupKey": '{}/{team="shop"}:{alertname="High load"}',
    "externalURL": "https://grafana.example.test/",
    "version": "1",
    "title": "[FIRING:1] High load (shop)",
    "state": "alerting",
    "message": "**Firing**",
    "truncatedAlerts": 0,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "High load", "instance": "web1", "severity": "critical", "team": "shop"},
            "annotations": {"summary": "Load is 40", "runbook_url": "https://wiki/load"},
            "startsAt": "2026-11-21T11:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://grafana.example.test/alerting/grafana/abc/view",
            "fingerprint": "c6eadffa33fcdf37",
            "silenceURL": "https://grafana.example.test/alerting/silence/new",
            "dashboardURL": "https://grafana.example.test/d/abc",
            "panelURL": "https://grafana.example.test/d/abc?viewPanel=1",
            "values": {"A": 40.5, "B": -0.0},
            "valueString": "[ var='A' value=40.5 ]",
        }
    ],
}


def test_grafana_brings_its_panels_and_values() -> None:
    [event] = grafana.parse({}, GRAFANA, recorded.door())
    assert (event.tool, event.key, event.summary) == ("grafana", "c6eadffa33fcdf37", "Load is 40")
    assert [link["text"] for link in event.links] == ["Runbook", "Dashboard", "Panel", "Source", "Silence", "Grafana"]
    assert event.details["values"] == {"A": 40.5, "B": -0.0}
    assert event.tool_group == GRAFANA["groupKey"]


def test_grafana_without_data_names_the_rule() -> None:
    body = {"alerts": [alert(1, labels={"alertname": "DatasourceNoData", "rulename": "Orders per minute"})]}
    assert grafana.parse({}, body, recorded.door())[0].summary == "Orders per minute: no data"
