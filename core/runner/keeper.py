"""The runner's loop: starts what is due, reaps what died, replaces what is silent, ends all of it in time.

It holds no database connection, no thread and no event loop, so that forking from it is safe and nothing
that the portal does can hang it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from types import FrameType

import structlog

from core.runner import roles
from core.runner.child import Child, describe, fork
from core.runner.probe import Probe
from core.runner.roles import Entry, Role

log = structlog.get_logger("portal.runner")
TURN = 0.2
SILENT = 5  # unanswered questions of two seconds: ten seconds (F9)
SILENT_AT_START = 30
END_SECONDS = 9.3
BULK_SECONDS = 5.0  # a cluster whose processes were killed cannot end by itself; its jobs are done again
CANARY_SECONDS = 60.0


class Keeper:
    """Keeps the given roles alive until SIGTERM or SIGINT; `ready` is called when the first page can come."""

    def __init__(self, wanted: list[Role], probe: Probe, ready: Callable[[], None]) -> None:
        self.children = [Child(role) for role in wanted]
        self.probe = probe
        self.ready: Callable[[], None] | None = ready
        self.stopping = 0
        self._helpers: dict[int, str] = {}
        self._canary_at = time.monotonic() + CANARY_SECONDS
        self._wake, self._woken = socket.socketpair()

    def run(self) -> int:
        """Run until told to end; 0, also when something had to be killed."""
        self._hear_signals()
        gc.collect()
        gc.freeze()  # keeps what all processes share out of every collection, and so shared (P8)
        while not self.stopping:
            self._reap()
            self._start()
            self._ask_web()
            self._ask_bulk()
            self._sleep(TURN)
        self._end()
        return 0

    # --- signals ----------------------------------------------------------------------------------
    def _hear_signals(self) -> None:
        for end in (self._wake, self._woken):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping += 1

    def _sleep(self, seconds: float) -> None:
        select.select([self._woken], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)

    # --- a turn -----------------------------------------------------------------------------------
    def _start(self) -> None:
        for child in self.children:
            if not child.pid and child.due <= time.monotonic():
                child.start()
                if child.role.probed:
                    self.probe.reset()

    def _reap(self) -> None:
        """Take note of everything that has ended; a dead worker's rows go back at once."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid in self._helpers:
                self._helped(self._helpers.pop(pid), status)
            for child in self.children:
                if child.pid == pid:
                    crashed = child.died(status)
                    if child.role.leases:
                        self._help(f"freeing the leases of {pid}", partial(roles.free_leases, pid, crashed))

    def _ask_web(self) -> None:
        """Replace a web process that has left SILENT questions unanswered (F9)."""
        self.probe.step()
        if self.probe.answered and self.ready is not None:
            self.ready()
            self.ready = None
        if self.probe.failures >= (SILENT if self.probe.answered else SILENT_AT_START):
            for child in self.children:
                if child.role.probed and child.pid and not child.replaced:
                    log.error("process is silent: replacing it", name=child.role.name, pid=child.pid)
                    child.replaced = True
                    child.kill_group()

    def _ask_bulk(self) -> None:
        if time.monotonic() >= self._canary_at:
            self._canary_at = time.monotonic() + CANARY_SECONDS
            self._help("canary", roles.look_for_canary)

    def _help(self, name: str, entry: Entry) -> None:
        self._helpers[fork(entry)] = name

    def _helped(self, name: str, status: int) -> None:
        code = os.waitstatus_to_exitcode(status)
        if name == "canary" and code == roles.CANARY_LOST:
            for child in self.children:
                if child.role.canary and child.pid:
                    log.error("the bulk cluster finishes nothing: replacing it", pid=child.pid)
                    child.kill_group()
        elif code:
            log.warning("helper failed", name=name, status=describe(status))

    # --- the end ----------------------------------------------------------------------------------
    def _end(self) -> None:
        """Ask everything to finish, wait END_SECONDS (a second signal: no longer), then kill what is left (F2)."""
        for child in self.children:
            child.end()
        begun = time.monotonic()
        while self._living() and time.monotonic() < begun + END_SECONDS and self.stopping < 2:
            if time.monotonic() > begun + BULK_SECONDS:
                self._cut([child for child in self.children if child.role.canary])
            self._sleep(0.05)
        self._cut(self.children)
        for pid in self._helpers:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    @staticmethod
    def _cut(children: list[Child]) -> None:
        for child in children:
            if child.pid and not child.replaced:
                log.warning("process did not end in time: killed", name=child.role.name, pid=child.pid)
                child.replaced = True
                child.kill_group()

    def _living(self) -> bool:
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                pid = -1
            if pid <= 0:
                break
            for child in self.children:
                if child.pid == pid:
                    child.kill_group()
                    child.pid = 0
        return any(child.pid for child in self.children)
