"""Small servers on the loopback that misbehave on purpose (F31, F32, A74)."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from core import dial

Script = Callable[[socket.socket, "Scripted"], None]


class Scripted:
    """A TCP server that runs one script per connection and counts who came."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.hits = 0
        self.heard: list[bytes] = []
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def wait(self, seconds: float) -> None:
        """Pause inside a script; ends at once when the test is over."""
        self.over.wait(seconds)

    def read_request(self, sock: socket.socket) -> bytes:
        """A request with its body, kept in `heard`."""
        heard = b""
        while not _whole(heard):
            more = sock.recv(65536)
            if not more:
                break
            heard += more
        self.heard.append(heard)
        return heard

    def stop(self) -> None:
        """Close the door and end the scripts."""
        self.over.set()
        # Closing alone does not wake a thread that waits in accept().
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in [self._accepting, *self._threads]:
            thread.join(5)

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.hits += 1
            thread = threading.Thread(target=self._run, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            self.script(sock, self)


def _whole(heard: bytes) -> bool:
    head, end, body = heard.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return bool(end) and len(body) >= int(length[1] if length else 0)


@contextlib.contextmanager
def serving(script: Script) -> Iterator[Scripted]:
    """A scripted server for the length of a test."""
    server = Scripted(script)
    try:
        yield server
    finally:
        server.stop()


def answering(answer: bytes) -> Script:
    """A script that reads one request and answers with these bytes."""

    def script(sock: socket.socket, server: Scripted) -> None:
        server.read_request(sock)
        sock.sendall(answer)

    return script


def ok(body: bytes = b"ok", *headers: str) -> bytes:
    """A whole 200 answer."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextlib.contextmanager
def unreached() -> Iterator[Scripted]:
    """A server that nobody may reach while the test lasts."""
    with serving(answering(ok(b"secret"))) as server:
        yield server
        assert server.hits == 0, "the canary was reached"


def names(monkeypatch: pytest.MonkeyPatch, **known: list[str]) -> list[str]:
    """A name service of our own; returns the list of what it was asked."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        found = known.get(host.replace(".", "_").replace("-", "_"))
        if found is None:
            raise socket.gaierror("unknown name")
        return found

    monkeypatch.setattr(dial, "resolve", resolve)
    return asked
