"""A storm of one group: the first page goes before everything, what follows joins in batches (O34, O36-O38, G6)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import worker
from core.due import Priority
from core.models import DueRow
from incidents.commands import joining
from incidents.models import Alert, EventRule, GroupingRule, Incident, Signal
from incidents.models import Priority as IncidentPriority
from tests import world as build
from tests.incidents.conftest import Stage


def storm(stage: Stage, count: int, **words: str) -> None:
    stage.accept(*[stage.event(f"key {n:03d}", tool_group="g", **words) for n in range(count)])


def priorities() -> list[int]:
    rows = DueRow.objects.filter(kind="event.evaluate").order_by("pk")
    return list(rows.values_list("priority", flat=True))


def test_the_first_alert_of_each_service_goes_before_those_that_follow(stage: Stage) -> None:
    other = build.service("Search", stage.service.team)
    storm(stage, 3)
    stage.accept(stage.event("a", service_id=other.pk), stage.event("b", service_id=other.pk))
    storm(stage, 4)
    one, more = Priority.INGEST, Priority.FOLLOWING
    assert priorities() == [one, more, more, one, more, more]
    stage.drain()
    stage.accept(stage.event("key 9", tool_group="h"))
    assert priorities()[-1] == Priority.INGEST  # nothing waits any more


def test_a_critical_alert_of_a_service_in_a_storm_goes_first(stage: Stage) -> None:
    storm(stage, 3)
    stage.accept(stage.event("worst", severity="critical"), stage.event("bad", severity="critical"))
    assert priorities()[-2:] == [Priority.URGENT, Priority.FOLLOWING]
    stage.accept(stage.event("key 001", severity="critical", tool_group="g"))
    assert priorities()[-1] == Priority.URGENT  # worse than it was


def test_g6_a_hundred_alerts_join_in_a_few_transactions_and_each_is_counted(stage: Stage) -> None:
    storm(stage, 101)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        stage.drain()
    assert stage.incident().alert_count == 101
    assert Alert.objects.filter(incident=stage.incident(), judged_severity="error").count() == 101
    assert not DueRow.objects.filter(kind="event.evaluate").exclude(state=DueRow.DONE).exists()
    assert stage.pages() == ["Bo"]
    assert stage.kinds().count("alert_grouped") <= 3
    entry = stage.incident().entries.filter(kind="alert_grouped").last()
    assert entry is not None
    assert "(101 alerts in all)" in entry.text
    assert len(queries) < 400  # about 40 for each alert on its own


def test_only_what_certainly_belongs_to_the_group_comes_along(stage: Stage) -> None:
    quiet = EventRule.objects.create(name="quiet", field="summary", operator="contains", value="silent")
    EventRule.objects.filter(pk=quiet.pk).update(informational=True)
    storm(stage, 2)
    stage.accept(
        stage.event("apart"), stage.event("other group", tool_group="h"), stage.event("silent", tool_group="g")
    )
    stage.accept(stage.event("taken", tool_group="g"), stage.event("taken", "acknowledge"))
    stage.drain()
    joined = Incident.objects.get(number=1)
    assert set(joined.alerts.values_list("key", flat=True)) == {"key 000", "key 001", "taken"}
    assert Incident.objects.count() == 3
    assert Signal.objects.get().summary == "silent is bad"
    assert joined.status == "acknowledged"


def test_a_worse_alert_in_the_batch_raises_the_priority_once(stage: Stage) -> None:
    storm(stage, 2)
    stage.accept(stage.event("info", tool_group="g", severity="warning"))
    EventRule.objects.create(
        name="fire", field="summary", operator="contains", value="fire", priority=IncidentPriority.objects.get(rank=1)
    )
    stage.accept(stage.event("fire", tool_group="g"), stage.event("fire 2", tool_group="g"))
    stage.drain()
    assert stage.incident().priority.rank == 1
    assert stage.kinds().count("priority_changed") == 1


def test_o37_a_window_that_is_over_takes_nobody_along(stage: Stage) -> None:
    GroupingRule.objects.create(service=stage.service, mode="window", window_minutes=5)
    stage.fire("a")
    stage.accept(stage.event("b"))
    stage.at.move(minutes=6)
    stage.accept(stage.event("c"))
    stage.drain()
    assert Incident.objects.get(number=1).alert_count == 2
    assert Incident.objects.get(number=2).alert_count == 1


def test_the_batch_is_bounded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MOST", 5)
    storm(stage, 20)
    assert worker.drain() > 3
    assert stage.incident().alert_count == 20
