"""Wake-up calls between processes: a loopback datagram on one machine, LISTEN/NOTIFY on PostgreSQL.

A call is only a hint ("look"): it carries nothing, may be lost or doubled, and polling is the net under it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import threading
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from core import alive

log = logging.getLogger(__name__)
CHANNEL = "watchbill"


def _folder() -> Path:
    folder = Path(settings.DATA_DIR) / "run"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


class Ears:
    """Where one process hears the calls for its role; `fileno()` suits select and event loops."""

    def __init__(self, role: str) -> None:
        self.role = role
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._poll = select.poll()  # select() takes no descriptor above 1023
        self._poll.register(self._socket, select.POLLIN)
        self._file = _noted(role, self.port)
        self._listener = _Listener(role, self.port) if connection.vendor == "postgresql" else None

    def fileno(self) -> int:
        """The descriptor that becomes readable when a call comes."""
        return self._socket.fileno()

    def wait(self, timeout: float) -> bool:
        """Sleep until a call comes or `timeout` seconds are over; says whether one came."""
        return self.drain() if self._poll.poll(max(0.0, timeout) * 1000) else False

    def drain(self) -> bool:
        """Forget all calls that have come; says whether there was one."""
        heard = False
        with contextlib.suppress(BlockingIOError, InterruptedError):
            while True:
                self._socket.recv(16)
                heard = True
        return heard

    def close(self) -> None:
        """Hear no more."""
        if self._file is not None:
            _forget(self._file)
        if self._listener is not None:
            self._listener.stop()
        self._socket.close()


def _noted(role: str, port: int) -> Path | None:
    """The file that tells others where to call; None where the disk takes none, since polling is the net under it."""
    path = None
    try:
        path = _folder() / f"{role}-{os.getpid()}-{port}.port"
        path.write_text(str(port), encoding="ascii")
    except OSError as error:
        log.warning("no wake-up calls in this process, it looks by itself: %s", error.strerror)
        if path is not None:
            _forget(path)
        return None
    return path


def _forget(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def listen(role: str) -> Ears:
    """Start to hear the calls for `role` ("worker", "web") in this process; call it after a fork."""
    return Ears(role)


def call(role: str) -> None:
    """Wake every process of `role` on this machine; never raises."""
    try:
        found = list(_folder().glob(f"{role}-*.port"))
    except OSError as error:
        log.debug("a wake-up call failed: %s", type(error).__name__)
        return
    for path in found:
        try:
            if _is_dead(path):
                path.unlink(missing_ok=True)
            else:
                call_port(int(path.read_text(encoding="ascii")))
        except (OSError, ValueError) as error:  # half a file: the others are called all the same
            log.debug("a wake-up call failed: %s", type(error).__name__)


def call_port(port: int) -> None:
    """Wake the process that listens on a loopback port; never raises."""
    with contextlib.suppress(OSError):
        _mouth(os.getpid()).sendto(b"!", ("127.0.0.1", port))


def after_commit(role: str) -> None:
    """Wake every process of `role` once the present transaction is committed (at once outside of one)."""
    caller = _caller(role)
    for entry in connection.run_on_commit:
        if entry[1] is caller and entry[0] <= set(connection.savepoint_ids):
            return
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, role])
    transaction.on_commit(caller, robust=True)


@lru_cache(maxsize=16)
def _caller(role: str) -> Callable[[], None]:
    return partial(call, role)


@lru_cache(maxsize=1)
def _mouth(pid: int) -> socket.socket:
    mouth = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mouth.setblocking(False)
    return mouth


def _is_dead(path: Path) -> bool:
    return not alive.started(int(path.name.rsplit("-", 2)[1]))


class _Listener(threading.Thread):
    """Turns PostgreSQL's notifications into datagrams to this process; connects again for ever."""

    def __init__(self, role: str, port: int) -> None:
        super().__init__(name=f"listen-{role}", daemon=True)
        self.role, self.port = role, port
        self.stopping = threading.Event()
        self.start()

    def stop(self) -> None:
        """End within about a second."""
        self.stopping.set()

    def run(self) -> None:
        """Listen until stopped; a lost database is tried again after one second."""
        mouth = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while not self.stopping.is_set():
            try:
                self._hear(mouth)
            except Exception as error:  # noqa: BLE001 (loop edge: polling is the net)
                log.warning("listening for wake-up calls failed, trying again: %s", type(error).__name__)
                self.stopping.wait(1.0)
        mouth.close()

    def _hear(self, mouth: socket.socket) -> None:
        parameters = connection.get_connection_params()
        for ours in ("cursor_factory", "context"):
            parameters.pop(ours, None)
        connect: Any = getattr(connection, "Database").connect  # noqa: B009 (psycopg is an extra)
        with connect(**parameters, autocommit=True) as line:
            line.execute(f"LISTEN {CHANNEL}")
            while not self.stopping.is_set():
                for notice in line.notifies(timeout=1.0):
                    if notice.payload == self.role:
                        mouth.sendto(b"!", ("127.0.0.1", self.port))
