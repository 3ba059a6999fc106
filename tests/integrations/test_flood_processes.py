"""One limit of new keys for all web processes together; each gate here stands for one process (A84)."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core import clock
from core.clock import FrozenClock
from core.models import ThrottleCount
from incidents.kinds import FLOOD_KEY, Normalised
from incidents.models import Alert
from integrations.commands import flood, keys
from integrations.commands.flood import FloodGate, _open_keys
from integrations.commands.inbound import Arrival, write_batch
from integrations.models import IntegrationKey
from tests.integrations.conftest import OWNER
from tests.world import World


@pytest.fixture
def disk(busy_world: World) -> IntegrationKey:
    """The key with which the disk monitor reports on Checkout."""
    return keys.issue(OWNER, busy_world.checkout)[0]


def arrive(gate: FloodGate, to: IntegrationKey, names: Iterable[str]) -> None:
    """One group of events, stored by the process of this gate."""
    events = [Normalised(to.service_id, "trigger", name, summary=name, severity="warning") for name in names]
    with transaction.atomic():
        write_batch([Arrival(to.service_id, "events", events, clock.now(), to.pk)], gate)


def some(name: str, count: int) -> list[str]:
    return [f"{name} {number}" for number in range(count)]


def own_alerts() -> int:
    return Alert.objects.exclude(key=FLOOD_KEY).count()


def counts_asked(queries: CaptureQueriesContext) -> int:
    return sum("core_throttlecount" in query["sql"] for query in queries.captured_queries)


def test_two_processes_share_one_limit_a84(disk: IntegrationKey, at: FrozenClock) -> None:
    one, other = FloodGate(), FloodGate()
    for part in range(4):
        arrive(one, disk, some(f"one {part}", 20))
        arrive(other, disk, some(f"other {part}", 20))
    assert own_alerts() == 100
    assert Alert.objects.get(key=FLOOD_KEY).count == 60


def test_at_the_same_moment_they_share_it_as_well_a84(disk: IntegrationKey) -> None:
    barrier = threading.Barrier(3)

    def process(name: str) -> None:
        gate = FloodGate()
        try:
            connection.ensure_connection()
            barrier.wait(20)
            for part in range(4):
                arrive(gate, disk, some(f"{name} {part}", 20))
        finally:
            connection.close()

    threads = [threading.Thread(target=process, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert own_alerts() == 100
    assert Alert.objects.get(key=FLOOD_KEY).count == 140


def test_few_new_keys_ask_nobody(disk: IntegrationKey, at: FrozenClock) -> None:
    """Intake takes thousands of events a second: the usual ones cost no statement more."""
    gate = FloodGate()
    with CaptureQueriesContext(connection) as queries:
        arrive(gate, disk, some("key", 10))
        for _ in range(5):
            arrive(gate, disk, some("key", 10))
    assert counts_asked(queries) == 0
    assert not ThrottleCount.objects.exists()


def test_what_a_process_let_through_alone_counts_as_soon_as_it_asks(disk: IntegrationKey, at: FrozenClock) -> None:
    one, other = FloodGate(), FloodGate()
    arrive(one, disk, some("one", 10))
    arrive(one, disk, ["one more"])
    arrive(other, disk, some("other", 100))
    assert own_alerts() == 100


def test_many_known_keys_are_no_flood_and_are_looked_up_once_a_second(
    disk: IntegrationKey, at: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[int] = []

    def look_up(service_id: int, names: Iterable[str]) -> set[str]:
        looked_up.append(len(set(names)))
        return _open_keys(service_id, names)

    monkeypatch.setattr(flood, "_open_keys", look_up)
    arrive(FloodGate(), disk, some("key", 60))
    at.move(minutes=2)
    looked_up.clear()
    other = FloodGate()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(5):
            arrive(other, disk, some("key", 60))
    assert looked_up == [60]
    assert counts_asked(queries) == 0
    assert not Alert.objects.filter(key=FLOOD_KEY).exists()


def test_in_a_flood_the_count_is_asked_once_a_second(disk: IntegrationKey, at: FrozenClock) -> None:
    gate = FloodGate()
    arrive(gate, disk, some("key", 120))
    with CaptureQueriesContext(connection) as queries:
        for part in range(5):
            arrive(gate, disk, some(f"more {part}", 20))
    assert counts_asked(queries) == 0
    at.move(seconds=1)
    with CaptureQueriesContext(connection) as queries:
        for part in range(5):
            arrive(gate, disk, some(f"again {part}", 20))
    assert counts_asked(queries) == 1
    assert own_alerts() == 100


def test_a_minute_later_both_take_new_keys_again(disk: IntegrationKey, at: FrozenClock) -> None:
    one, other = FloodGate(), FloodGate()
    arrive(one, disk, some("one", 120))
    at.move(seconds=60)
    arrive(other, disk, some("other", 50))
    arrive(one, disk, some("later", 50))
    assert own_alerts() == 200


def test_a_group_that_was_not_stored_is_not_counted(disk: IntegrationKey, at: FrozenClock) -> None:
    gate = FloodGate()
    with transaction.atomic():
        arrive(gate, disk, some("key", 120))
        transaction.set_rollback(True)
    arrive(gate, disk, some("key", 90))
    assert own_alerts() == 90
    assert not Alert.objects.filter(key=FLOOD_KEY).exists()
