"""When the database cannot be written, and when there is too much (F20, G10, A84, G6, F5, F6)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from core import worker
from core.clock import FrozenClock
from core.groupcommit import Busy
from core.models import DueRow
from incidents.kinds import FLOOD_KEY
from incidents.models import Alert, Incident
from integrations.commands import flood, keys
from integrations.commands.heartbeats import create
from integrations.models import InboundEvent
from tests.integrations.conftest import OWNER, Sender
from tests.world import World, service

Trigger = Callable[..., dict[str, Any]]


def test_a_locked_database_is_503_in_time_and_nothing_is_half_written_f20(
    sender: Sender, trigger: Trigger, key: str, busy_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer waits 8 s in real life; here 0.5 s stand for them."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite's lock; PostgreSQL has lock_timeout")
    _, beat = create(OWNER, busy_world.checkout, name="Backup")
    assert sender.post("/v2/enqueue", trigger("before")).status == 202
    monkeypatch.setattr("core.groupcommit.BUSY_SECONDS", 0.5)
    blocker = sqlite3.connect(Path(str(connection.settings_dict["NAME"])), isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    started = time.monotonic()
    answers = sender.all(
        [
            ("/v2/enqueue", trigger("held")),
            ("/v2/change/enqueue", trigger()),
            (f"/integrations/generic/{key}", {"title": "x"}),
            (f"/heartbeats/{beat}", None),
        ]
    )
    assert time.monotonic() - started < 3
    assert {answer.status for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    blocker.execute("ROLLBACK")
    blocker.close()
    assert list(Alert.objects.values_list("key", flat=True)) == ["before"]
    assert InboundEvent.objects.count() == 1
    assert DueRow.objects.filter(kind="event.evaluate").count() == 1
    assert sender.post("/v2/enqueue", trigger("held")).status == 202


def test_a_full_queue_is_503_never_429_for_native_doors(
    sender: Sender, trigger: Trigger, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alertmanager drops what is answered with a 4xx."""

    async def full(item: object) -> None:
        raise Busy("full")

    monkeypatch.setattr(sender.app.writer, "submit", full)
    for path, body in (("/v2/enqueue", trigger()), (f"/integrations/generic/{key}", {"title": "x"})):
        answer = sender.post(path, body)
        assert answer.status == 503
        assert answer.headers["retry-after"]
    assert sender.post("/v2/enqueue", {**trigger(), "event_action": "explode"}).status == 400


def test_every_202_has_its_row_and_its_due_work_f5_f6(sender: Sender, trigger: Trigger) -> None:
    answers = sender.all([("/v2/enqueue", trigger(f"key {n}")) for n in range(30)])
    assert {answer.status for answer in answers} == {202}
    assert Alert.objects.count() == 30
    waiting = DueRow.objects.filter(kind="event.evaluate", state="waiting")
    assert {int(row.ref) for row in waiting} == set(Alert.objects.values_list("pk", flat=True))


def test_beyond_100_new_keys_a_minute_one_flood_incident_takes_the_rest_a84(
    sender: Sender, trigger: Trigger, at: FrozenClock
) -> None:
    answers = sender.all([("/v2/enqueue", trigger(f"key {n}", severity="warning")) for n in range(150)])
    assert {answer.status for answer in answers} == {202}
    at.move(seconds=20)
    assert sender.post("/v2/enqueue", trigger("one more")).status == 202
    worker.drain()
    assert Alert.objects.exclude(key=FLOOD_KEY).count() == 100
    rest = Alert.objects.get(key=FLOOD_KEY)
    assert (rest.count, rest.severity) == (51, "critical")
    assert Incident.objects.filter(flood=True).count() == 1
    assert Incident.objects.count() == 101
    assert InboundEvent.objects.filter(outcome="flood").count() == 51
    assert InboundEvent.objects.filter(dedup_key="one more").get().outcome == "flood"


def test_known_keys_are_counted_on_their_own_alert_in_a_flood_a84(
    sender: Sender, trigger: Trigger, at: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood, "LIMIT", 5)
    sender.post("/v2/enqueue", trigger("old"))
    at.move(minutes=2)
    sender.all([("/v2/enqueue", trigger(f"key {n}")) for n in range(9)])
    sender.all([("/v2/enqueue", trigger(each)) for each in ("old", "key 0", "key 1")])
    assert Alert.objects.get(key="old").count == 2
    assert Alert.objects.get(key=FLOOD_KEY).count == 4 + sum(
        not Alert.objects.filter(key=each).exists() for each in ("key 0", "key 1")
    )
    sender.post("/v2/enqueue", trigger("old", action="resolve"))
    assert Alert.objects.get(key="old").state == "resolved"


def test_after_a_minute_new_keys_have_alerts_of_their_own_again_a84(
    sender: Sender, trigger: Trigger, at: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood, "LIMIT", 3)
    sender.all([("/v2/enqueue", trigger(f"key {n}")) for n in range(6)])
    at.move(seconds=flood.WINDOW // timedelta(seconds=1))
    sender.post("/v2/enqueue", trigger("later"))
    assert Alert.objects.filter(key="later").exists()


def test_one_flapping_key_is_no_flood_a84(sender: Sender, trigger: Trigger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "LIMIT", 2)
    for _ in range(4):
        sender.post("/v2/enqueue", trigger())
        sender.post("/v2/enqueue", trigger(action="resolve"))
    assert not Alert.objects.filter(key=FLOOD_KEY).exists()


def test_a_flood_of_one_service_does_not_touch_another_f64_f65(
    sender: Sender, trigger: Trigger, monkeypatch: pytest.MonkeyPatch, busy_world: World
) -> None:
    monkeypatch.setattr(flood, "LIMIT", 2)
    search = service("Search index", busy_world.search, policy=busy_world.policy)
    _, raw = keys.issue(OWNER, search)
    storm = [("/v2/enqueue", trigger(f"key {n}")) for n in range(9)]
    sender.all([*storm, ("/v2/enqueue", {**trigger("canary"), "routing_key": raw})])
    assert Alert.objects.get(service=search).key == "canary"
    assert Alert.objects.filter(service=busy_world.checkout).count() == 3
