"""Generic JSON and Opsgenie's shape (DET-11): a sample of each tool gives title, severity, key and links."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import Invalid
from integrations.adapters import alertmanager, generic, grafana, opsgenie
from integrations.adapters.generic import at_path, check_paths
from tests.integrations import recorded

ZABBIX = {
    "event_id": "4711",
    "subject": "Problem: CPU load too high",
    "severity": "Disaster",
    "status": "PROBLEM",
    "event_value": "1",
    "host": "db1",
    "url": "https://zabbix.example.test/tr_events.php?eventid=4711",
}
NAGIOS = {
    "notification_type": "PROBLEM",
    "host_name": "web1",
    "service_desc": "HTTP",
    "state": "CRITICAL",
    "output": "connect to address 10.0.0.1 and port 80: Connection refused",
}
SENTRY = {
    "action": "created",
    "data": {
        "issue": {
            "id": "1170820242",
            "title": "ReferenceError: heck is not defined",
            "level": "error",
            "web_url": "https://sentry.example.test/issues/1170820242/",
            "project": {"slug": "front-end"},
            "status": "unresolved",
        }
    },
}
ALARM = {
    "AlarmName": "checkout-5xx",
    "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123:alarm:checkout-5xx",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold crossed",
    "StateChangeTime": "2026-11-21T11:59:00.000+0000",
    "Region": "EU (Ireland)",
    "Trigger": {"MetricName": "5XXError", "Namespace": "AWS/ApplicationELB"},
}
CLOUDWATCH = {"Type": "Notification", "Subject": "ALARM: checkout-5xx", "Message": json.dumps(ALARM)}
TOOLS: dict[str, tuple[dict[str, Any], Any, str, Any]] = {
    "zabbix": (ZABBIX, "Problem: CPU load too high", "critical", "4711"),
    "nagios": (NAGIOS, NAGIOS["output"], "critical", None),
    "sentry": (SENTRY, "ReferenceError: heck is not defined", "error", "1170820242"),
    "cloudwatch": (CLOUDWATCH, "checkout-5xx", "error", ALARM["AlarmArn"]),
    "apprise": (recorded.body("apprise-json"), "SEV1 checkout down", "error", None),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_sample_of_each_tool_gives_title_severity_and_key(tool: str) -> None:
    body, title, severity, key = TOOLS[tool]
    [event] = generic.parse({}, body, recorded.door())
    assert (event.action, event.summary, event.severity) == ("trigger", title, severity)
    assert event.key == key or (key is None and len(event.key) == 64)


def test_links_of_the_samples() -> None:
    assert generic.parse({}, ZABBIX, recorded.door())[0].links[0]["href"] == ZABBIX["url"]
    assert generic.parse({}, SENTRY, recorded.door())[0].links[0]["href"].endswith("/1170820242/")


@pytest.mark.parametrize(
    ("body", "over"),
    [
        (ZABBIX, {"status": "RESOLVED", "event_value": "0"}),
        (NAGIOS, {"notification_type": "RECOVERY", "state": "OK", "output": "HTTP OK"}),
        (CLOUDWATCH, {"Message": json.dumps({**ALARM, "NewStateValue": "OK"})}),
        (SENTRY, {"action": "resolved"}),
    ],
)
def test_the_end_of_each_sample_has_the_key_of_its_beginning(body: dict[str, Any], over: dict[str, Any]) -> None:
    [begin], [end] = (generic.parse({}, each, recorded.door()) for each in (body, {**body, **over}))
    assert (begin.action, end.action) == ("trigger", "resolve")
    assert begin.key == end.key


def test_chosen_paths_win() -> None:
    paths = {
        "summary": "alert.name",
        "severity": "alert.tags[1]",
        "key": "ids[0]",
        "action": "alert.phase",
        "resolve_values": ["Gone"],
        "details": "alert.more",
    }
    body = {
        "title": "not this",
        "ids": ["k-1"],
        "alert": {"name": "Queue is full", "tags": ["x", "warn"], "phase": "gone", "more": {"depth": 9}},
    }
    [event] = generic.parse({}, body, recorded.door(paths=paths))
    assert (event.summary, event.severity, event.key, event.action) == ("Queue is full", "warning", "k-1", "resolve")
    assert event.details == {"depth": 9}


def test_an_event_that_says_little_still_pages() -> None:
    [event] = generic.parse({}, {"x": 1}, recorded.door(name="Old script"))
    assert (event.action, event.summary, event.severity) == ("trigger", "Event from Old script", "error")
    assert event.generated


def test_a_status_that_nobody_knows_pages_and_is_marked() -> None:
    """It may have meant the end, so the log says that it was guessed."""
    [event] = generic.parse({}, {"summary": "Disk", "key": "k", "status": "weird"}, recorded.door())
    assert (event.action, list(event.marks)) == ("trigger", ["status “weird” is unknown, taken as trigger"])
    for known in ("firing", "PROBLEM", "critical", "created", "1"):
        assert not generic.parse({}, {"summary": "Disk", "key": "k", "status": known}, recorded.door())[0].marks, known


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"summary": "Disk", "phase": "weird"}, {"action": "phase", "resolve_values": ["gone"]}),
        ({"summary": "Disk", "type": "event_callback", "severity": "error"}, {}),
        *((body, {}) for body, *_ in TOOLS.values()),
    ],
)
def test_what_is_meant_to_be_a_trigger_has_no_mark(body: dict[str, Any], paths: dict[str, Any]) -> None:
    """A key that names its values has said what all others are; “type” may say anything."""
    assert not [mark for mark in generic.parse({}, body, recorded.door(paths=paths))[0].marks if "status" in mark]


def test_events_that_say_nothing_count_on_no_incident_of_another_tool() -> None:
    """Each tool makes up keys of its own; the same words again from the same tool have the same key."""
    alert = {"alerts": [{"status": "odd"}]}
    made = [
        parse({}, body, recorded.door(name="Checkout"))[0].key
        for _ in range(2)
        for parse, body in ((alertmanager.parse, alert), (grafana.parse, alert), (generic.parse, {}))
    ]
    assert len(set(made)) == 3
    assert made[:3] == made[3:]


def test_informational_events_are_signals_det_12() -> None:
    assert generic.parse({}, {"title": "slow", "action": "inform"}, recorded.door())[0].action == "info"


@pytest.mark.parametrize(
    "paths",
    [
        {"summary": ""},
        {"summary": "a..b"},
        {"summary": "a[x]"},
        {"summary": 5},
        {"summary": "a" * 201},
        {"unknown": "a"},
        {"resolve_values": "ok"},
        {"informational": "yes"},
    ],
)
def test_wrong_paths_are_refused_when_the_key_is_made(paths: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        check_paths(paths)
    assert next(iter(caught.value.fields)) == f"paths.{next(iter(paths))}"


def test_paths() -> None:
    document = {"a": {"b": [{"c": 1}]}, "x.y": 2}
    assert at_path(document, "a.b[0].c") == 1
    assert at_path(document, "x.y") == 2
    assert at_path(document, "a.b[7].c") is None
    assert at_path(document, "a.z.c") is None
    assert at_path(document, "a[0]") is None


def test_opsgenie_creates_and_closes_by_alias() -> None:
    """Alertmanager's Opsgenie receiver (wire/README 3)."""
    made = recorded.recording("alertmanager-opsgenie-create")
    [opened] = opsgenie.parse({}, made["body"], recorded.door())
    closed = recorded.recording("alertmanager-opsgenie-close")
    alias = closed["path"].split("/")[3]
    [over] = opsgenie.parse({}, closed["body"], recorded.door(address={"alias": alias, "action": "close"}))
    assert (opened.action, over.action) == ("trigger", "resolve")
    assert opened.key == over.key == alias
    assert opened.severity == "critical"
    assert opened.details["priority"] == "P2"
    assert opened.links == [{"href": made["body"]["source"], "text": "Source"}]


def test_opsgenie_long_aliases_fit() -> None:
    keys = {opsgenie.parse({}, {"message": "m", "alias": "a" * 400 + end}, recorded.door())[0].key for end in "bc"}
    assert len(keys) == 2
    assert all(len(key) == 255 for key in keys)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": 5}, "message"),
        ({"message": "m", "alias": "a" * 513}, "alias"),
        ({"message": "m", "priority": "P9"}, "priority"),
        ({"message": "m", "priority": ["P1"]}, "priority"),
    ],
)
def test_opsgenie_faults_are_named(body: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        opsgenie.parse({}, body, recorded.door())
    assert field in caught.value.fields
