"""Asks the web process for /healthz without ever blocking the runner."""

from __future__ import annotations

import contextlib
import select
import socket
import time

INTERVAL = 1.0
PATIENCE = 2.0
REQUEST = b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n"


class Probe:
    """One question at a time, PATIENCE seconds each; `failures` counts the unanswered ones in a row.

    Counting questions instead of seconds keeps a runner that was itself asleep (a suspended laptop)
    from taking a healthy web process for a silent one.
    """

    def __init__(self, address: tuple[str, int], family: int) -> None:
        self.address, self.family = address, family
        self.failures = 0
        self.answered = False
        self._socket: socket.socket | None = None
        self._asked = 0.0
        self._sent = False

    def reset(self) -> None:
        """Begin anew for a new web process."""
        self._close()
        self.failures, self.answered, self._asked = 0, False, 0.0

    def step(self) -> None:
        """Go on as far as possible at once; called a few times a second."""
        if self._socket is None:
            if time.monotonic() - self._asked >= INTERVAL:
                self._ask()
            return
        readable, writable, _ = select.select([self._socket], [] if self._sent else [self._socket], [], 0)
        try:
            if writable:
                self._socket.sendall(REQUEST)
                self._sent = True
            if readable:
                self._settle(self._socket.recv(64).startswith((b"HTTP/1.0 200", b"HTTP/1.1 200")))
            elif time.monotonic() - self._asked > PATIENCE:
                self._settle(False)
        except OSError:
            self._settle(False)

    def _ask(self) -> None:
        self._asked, self._sent = time.monotonic(), False
        self._socket = socket.socket(self.family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            try:
                self._socket.connect(self.address)
            except BlockingIOError:
                raise
            except OSError:
                self._settle(False)

    def _settle(self, good: bool) -> None:
        self.failures = 0 if good else self.failures + 1
        self.answered = self.answered or good
        self._close()

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
