"""When a process is started again: at once, soon after kills, later after failures of its own (F1, F18, G4)."""

from __future__ import annotations

import signal
import time

import pytest

from core.runner.child import LONGEST_FAILED, LONGEST_KILLED, Child
from core.runner.roles import Role

KILLED, FAILED = int(signal.SIGKILL), 1 << 8


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Child:
    """A child without a process."""
    monkeypatch.setattr(Child, "kill_group", lambda self: None)
    return Child(Role("worker-1", lambda: 0))


def wait(child: Child, status: int) -> float:
    """The seconds until its next start, after one more death; to the tenth, since the clock goes on between the two."""
    child.died(status)
    return round(max(0.0, child.due - time.monotonic()), 1)


def test_kills_from_outside_never_make_it_wait_long(child: Child) -> None:
    waits = [wait(child, KILLED) for _ in range(20)]
    assert waits[0] == 0
    assert max(waits) <= LONGEST_KILLED


def test_failures_of_its_own_wait_longer_and_longer(child: Child) -> None:
    waits = [wait(child, FAILED) for _ in range(12)]
    assert waits[0] == 0
    assert waits == sorted(waits)
    assert LONGEST_FAILED - 1 < waits[-1] <= LONGEST_FAILED


def test_a_first_failure_after_a_storm_of_kills_does_not_wait(child: Child) -> None:
    for _ in range(15):
        wait(child, KILLED)
    assert wait(child, FAILED) == 0
    assert wait(child, KILLED) <= LONGEST_KILLED
