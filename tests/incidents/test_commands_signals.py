"""Informational events are kept for a while, for triage, and then forgotten (DET-12, F46)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import jobs as bulk
from core.models import BulkJob
from incidents import jobs
from incidents.models import EventRule, Signal
from tests.incidents.conftest import Stage


def hourly() -> None:
    """The job as the bulk lane does it."""
    row = BulkJob.objects.create(name="incidents.prune_signals")
    bulk.run(row.pk)
    row.refresh_from_db()
    assert row.state == BulkJob.DONE, row.error


def left() -> list[str]:
    """What is still told of."""
    return list(Signal.objects.order_by("pk").values_list("summary", flat=True))


def tell(stage: Stage, key: str) -> None:
    """The tool of Checkout has something to say that nobody needs to act on."""
    stage.fire(key, "info", details={"host": "web-7"})


def test_det_12_what_checkout_said_is_kept_for_90_days(stage: Stage) -> None:
    tell(stage, "deploy one")
    stage.at.move(days=45)
    tell(stage, "deploy two")
    stage.at.move(days=45)
    hourly()
    assert left() == ["deploy one is bad", "deploy two is bad"]
    stage.at.move(minutes=1)
    hourly()
    assert left() == ["deploy two is bad"]


def test_a_long_log_goes_in_small_batches(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among the old ones stands a young one: the tool of the one before it was slow to send."""
    monkeypatch.setattr(jobs, "BATCH", 4)
    old, young = stage.at.at - timedelta(days=91), stage.at.at
    for number in range(10):
        Signal.objects.create(service=stage.service, summary=str(number), at=young if number == 5 else old)
    Signal.objects.create(service=stage.service, summary="new", at=young)
    hourly()
    assert left() == ["5", "new"]


def test_one_run_ends_in_time_and_the_next_goes_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)
    monkeypatch.setattr(jobs, "BATCHES", 2)
    for number in range(6):
        Signal.objects.create(service=stage.service, summary=str(number), at=stage.at.at - timedelta(days=91))
    hourly()
    assert left() == ["4", "5"]
    hourly()
    assert left() == []


def test_a_young_log_is_not_read_through(stage: Stage) -> None:
    """F46: every hour on a large table, so one short read by the primary key."""
    for number in range(5):
        tell(stage, f"deploy {number}")
    with CaptureQueriesContext(connection) as asked:
        jobs.prune_signals("")
    [read] = [query["sql"] for query in asked]
    assert "LIMIT 1000" in read


def test_a_tool_whose_clock_is_ahead_cannot_make_an_event_stay(stage: Stage) -> None:
    """Both ways to a signal: the tool says that it is one, or a rule does."""
    EventRule.objects.create(name="quiet", field="key", operator="equals", value="hum", informational=True)
    stage.fire("hum", event_at=stage.at.at + timedelta(days=400))
    stage.fire("deploy", "info", event_at=stage.at.at + timedelta(days=400))
    assert [row.at for row in Signal.objects.all()] == [stage.at.at, stage.at.at]


def test_the_bulk_lane_knows_the_job() -> None:
    assert "incidents.prune_signals" in bulk.names()
