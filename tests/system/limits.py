"""No test waits for ever: whatever a phase of one waits for (a promise of a page, a process, a lock) has a limit.

Most waits have limits of their own and say what they waited for. Some calls of libraries know none (an `evaluate` of
Playwright, the end of a browser); for those an alarm raises where the test stands, and the traceback names the line.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Generator, Iterator
from types import FrameType

import pytest

SECONDS, LONG_SECONDS = 420, 3600  # per set-up, call and tear-down; a tour beside other tests takes some minutes


class TooLong(AssertionError):
    """A phase of a test did not end."""


@contextlib.contextmanager
def limited(seconds: float, what: str) -> Iterator[None]:
    """Raise TooLong in the main thread when the block still runs after so many seconds."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TooLong(f"not within {seconds:g} s: {what}; the traceback ends at what it waited for")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _seconds(item: pytest.Item) -> int:
    return LONG_SECONDS if item.get_closest_marker("long") else SECONDS


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Fixtures of every scope are made within the limit."""
    with limited(_seconds(item), f"the set-up of {item.nodeid}"):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """The test itself."""
    with limited(_seconds(item), item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Browsers and portals end within the limit too."""
    with limited(_seconds(item), f"the tear-down of {item.nodeid}"):
        return (yield)
