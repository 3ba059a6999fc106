"""Real worker processes for tests: forked with the test's own kinds, killed by pid."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import connections, transaction

from core.logs import flush
from core.worker import Worker


class Sink:
    """A file to which effects are appended: what really happened, whatever our tables say."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, text: str) -> None:
        with self.path.open("a") as handle:
            handle.write(text + "\n")

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []


class _Undo(Exception):
    """Ends a transaction that is to be rolled back."""


@contextlib.contextmanager
def rolled_back() -> Iterator[None]:
    """A transaction that fails at its end."""
    with contextlib.suppress(_Undo), transaction.atomic():
        yield
        raise _Undo


def fork_worker() -> int:
    """A worker in a process of its own; the caller ends and reaps it."""
    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        code = Worker().run()
    except BaseException:  # noqa: BLE001 (the child says why it ended)
        traceback.print_exc()
    finally:
        flush()
        os._exit(code)


def reap(pid: int, seconds: float = 15.0) -> int:
    """Wait for the end of a process; its wait status as an exit code (negative for a signal)."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    raise AssertionError(f"process {pid} did not end within {seconds} s")


@contextlib.contextmanager
def descriptors(count: int) -> Iterator[None]:
    """So many files open in this process that the next one has a higher number."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], 2 * count), limits[1]))
    with contextlib.ExitStack() as stack:
        while stack.enter_context(Path("/dev/null").open("rb")).fileno() < count - 1:
            pass
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@contextlib.contextmanager
def running_worker() -> Iterator[int]:
    """A worker that is killed at the end if it still lives."""
    pid = fork_worker()
    try:
        yield pid
    finally:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def until(condition: Callable[[], object], seconds: float = 10.0) -> float:
    """Wait for something to become true; how long it took."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError("it did not happen in time")
        time.sleep(0.005)
    return time.monotonic() - started
