"""The alarm of the tests themselves: what never ends is a failure that says what it waited for."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from tests.system.limits import TooLong, limited

pytestmark = pytest.mark.system


def test_a_wait_without_a_limit_ends_and_names_itself() -> None:
    started = time.monotonic()
    with pytest.raises(TooLong, match=r"not within 0.1 s: a lock of a library"), limited(0.1, "a lock of a library"):
        threading.Event().wait(30)
    assert time.monotonic() - started < 10


def test_what_ends_in_time_leaves_no_alarm_behind() -> None:
    with limited(60, "nothing"):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
