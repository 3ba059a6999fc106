"""Rules and grouping: tables of cases (DET-06, DET-07, A80, O37)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from incidents.engine import grouping, rules
from incidents.engine.rules import Rule
from incidents.states import ALERT, INCIDENT

FIELDS = {
    "summary": "Disk FULL on db-1",
    "severity": "warning",
    "source": "db-1",
    "class": "",
    "details": {"k8s.pod": "db-1", "labels": {"zone": "eu", "a.b": {"c": 3}}, "list": ["x", {"y": True}], "none": None},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("summary", "Disk FULL on db-1"),
        ("details.labels.zone", "eu"),
        ("details.k8s.pod", "db-1"),
        ("details.labels.a.b.c", "3"),
        ("details.list.0", "x"),
        ("details.list.1.y", "true"),
        ("details.list.9", None),
        ("details.list.99999999999999999999", None),
        ("details.none", None),
        ("details.missing.deeper", None),
        ("class", None),
        ("summary.x", None),
        ("", None),
    ],
)
def test_field_paths(path: str, value: str | None) -> None:
    assert rules.value_at(FIELDS, path) == value


@pytest.mark.parametrize(
    ("operator", "value", "fits"),
    [
        ("equals", "disk full ON DB-1", True),
        ("equals", "disk", False),
        ("contains", "full", True),
        ("matches", r"(?i)full on db-\d$", True),
        ("matches", "full", False),
        ("matches", "(", False),
        ("exists", "", True),
        ("unknown", "", False),
    ],
)
def test_operators(operator: str, value: str, fits: bool) -> None:
    assert rules.matches(Rule(1, "r", "summary", operator, value), FIELDS) is fits


def test_first_match_wins_and_the_severity_decides_without_one() -> None:
    first = Rule(1, "zone", "details.labels.zone", "equals", "eu", rank=1)
    second = Rule(2, "any", "summary", "exists", "", rank=5)
    assert rules.decide([first, second], FIELDS).rank == 1
    assert rules.decide([second, first], FIELDS).rank == 5
    for severity, rank in {"critical": 2, "error": 3, "warning": 4, "info": 5, "odd": 3}.items():
        assert rules.decide([], {"severity": severity}).rank == rank
    assert rules.decide([Rule(3, "calm", "source", "exists", "", urgency="low")], FIELDS).rank == 4


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(\w+\s?)*$", "(.*a){25}", "(x|x)*y"])
def test_a80_greedy_patterns_take_linear_time(pattern: str) -> None:
    hostile = {"summary": "a" * 100_000 + "!"}
    started = time.monotonic()
    rules.decide([Rule(1, "r", "summary", "matches", pattern, rank=1)], hostile)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("pattern", ["(", "[a", r"(?=x)", r"(a)\1", "x" * 501, "((a{1000}){1000}){9}", "*"])
def test_a80_patterns_that_cannot_be_used_are_refused_with_the_reason(pattern: str) -> None:
    assert "value" in rules.check("summary", "matches", pattern)


@pytest.mark.parametrize("field", ["", "details", "details.", "nothing", "__class__"])
def test_unknown_fields_are_refused(field: str) -> None:
    assert "field" in rules.check(field, "exists", "")


def test_group_keys() -> None:
    assert grouping.group_key("none", FIELDS, tool_group="g") == ""
    assert grouping.group_key("tool", FIELDS) == ""
    assert grouping.group_key("tool", FIELDS, tool_group="g") == grouping.group_key("tool", {}, tool_group="g")
    by_zone = grouping.group_key("fields", FIELDS, names=["details.labels.zone", "source"])
    assert by_zone == grouping.group_key("fields", dict(FIELDS), names=["details.labels.zone", "source"])
    other = {**FIELDS, "source": "db-2"}
    assert by_zone != grouping.group_key("fields", other, names=["details.labels.zone", "source"])
    assert grouping.group_key("fields", FIELDS, names=["component"]) == ""
    assert grouping.group_key("fields", FIELDS) == ""


def test_o37_only_windowed_modes_end() -> None:
    first = datetime(2026, 11, 16, 9, tzinfo=UTC)
    assert grouping.window("tool", "k", 10, first) == ("k", None)
    key, until = grouping.window("window", "window", 10, first)
    assert until == first + timedelta(minutes=10)
    assert len(key) <= 128
    assert grouping.window("window", "", 10, first) == ("", None)


def test_the_status_table_is_that_of_the_domain() -> None:
    assert INCIDENT.verbs("closed") == ["reopen"]
    assert INCIDENT.verbs("merged") == INCIDENT.verbs("cancelled") == []
    assert {
        INCIDENT.next("resolve", status) for status in ("triggered", "acknowledged", "identified", "mitigated")
    } == {"resolved"}
    assert "mitigate" not in INCIDENT.verbs("triggered")
    assert "cancel" not in INCIDENT.verbs("identified")
    assert ALERT.states() == ["open", "resolved"]
