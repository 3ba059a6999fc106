"""One forked process: how it is born, how it is told to end."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass, field

import structlog
from django.db import connections

from core.logs import flush
from core.runner import lifeline
from core.runner.roles import Entry, Role, own_group

log = structlog.get_logger("portal.runner")
QUICK_DEATH = 60.0  # seconds within which deaths add up
LONGEST_KILLED = 2.0
LONGEST_FAILED = 30.0


def fork(entry: Entry) -> int:
    """Fork a process that runs `entry` in a group of its own, tied to this one; returns its pid.

    No database connection may cross the fork: SQLite's locks would be lost with the copy. Nothing is flushed:
    whoever reads our output may be stuck, and the runner waits for nobody (F63).
    """
    connections.close_all()
    runner = os.getpid()
    pid = os.fork()
    if pid:
        with contextlib.suppress(OSError):  # the child does the same: whoever is first
            os.setpgid(pid, pid)
        return pid
    _live(entry, runner)
    raise AssertionError("a child never returns")


def _live(entry: Entry, runner: int) -> None:
    """The child's whole life; every way out ends the process without the runner's own clean-up."""
    code = 1
    try:
        own_group()
        lifeline.tie_to_parent(runner)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        code = entry()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        log.exception("process failed")
    finally:
        with contextlib.suppress(Exception):
            flush()
        os._exit(code)


@dataclass(slots=True)
class Child:
    """A role and the process that fills it now; `pid` is 0 while it waits for its next start."""

    role: Role
    pid: int = 0
    due: float = 0.0
    replaced: bool = False
    deaths: list[tuple[float, bool]] = field(default_factory=list)  # when, and whether killed from outside

    def start(self) -> None:
        """Fork its process."""
        self.replaced = False
        self.pid = fork(self.role.entry)
        log.info("process started", name=self.role.name, pid=self.pid)

    def died(self, status: int) -> bool:
        """Take note of its end and when to start it again; says whether it ended by itself (F18).

        Killed from outside it comes back within 2 s however often (F1); one that fails by itself waits longer. Each
        sort counts alone: a first failure after a storm of kills does not wait half a minute (G4).
        """
        now = time.monotonic()
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) in {signal.SIGKILL, signal.SIGTERM, signal.SIGINT}
        self.deaths = [(at, how) for at, how in self.deaths if now - at < QUICK_DEATH] + [(now, killed)]
        longest = LONGEST_KILLED if killed else LONGEST_FAILED
        times = sum(how == killed for _, how in self.deaths)
        delay = 0.0 if times == 1 else min(longest, 0.1 * 2.0 ** (times - 2))
        log.warning(
            "process ended", name=self.role.name, pid=self.pid, status=describe(status), again_in=round(delay, 1)
        )
        self.kill_group()
        self.pid, self.due = 0, now + delay
        return not killed

    def end(self) -> None:
        """Ask it to finish."""
        self._signal(signal.SIGTERM)

    def kill_group(self) -> None:
        """End it and all that it has forked, at once."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(OSError):
            os.kill(self.pid, number)


def describe(status: int) -> str:
    """A wait status in words."""
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit code {os.waitstatus_to_exitcode(status)}"
