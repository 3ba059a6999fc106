"""Places for connections: each is given back when it ends, whatever it had become, and there are only so many (F42)."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from core.runner.lifeline import tie_to_parent
from core.web import listen

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 64
UPGRADE = (
    "GET {} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: {}\r\n\r\n"
)


class Server:
    """The running server, and clients of it."""

    def __init__(self, port: int) -> None:
        self.port = port

    def client(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def says(self, text: str) -> tuple[socket.socket, str]:
        """A client that says something; the client, still there, and the head of what it heard."""
        client, heard = self.client(), b""
        with contextlib.suppress(ConnectionError):
            client.sendall(text.encode())
            while b"\r\n\r\n" not in heard and (more := client.recv(4096)):
                heard += more
        return client, heard.decode()

    def count(self) -> int:
        """How many connections are open, by the server's own count, without the one that asks; -1: refused."""
        client, heard = self.says("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        client.close()
        return int(heard.rpartition("\r\n\r\n")[2]) - 1 if heard else -1

    def comes_to(self, wanted: int) -> None:
        """Wait until it has heard of every end."""
        end = time.monotonic() + 5
        while (found := self.count()) != wanted:
            assert time.monotonic() < end, f"{found} open, not {wanted}"
            time.sleep(0.02)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all of it."""
    settings = {"WATCHBILL_DATA_DIR": str(tmp_path_factory.mktemp("server"))}
    with listen.open_socket("127.0.0.1", 0) as listener:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.core.web_server", str(listener.fileno()), str(LIMIT)],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings", **settings},
            pass_fds=[listener.fileno()],
            preexec_fn=partial(tie_to_parent, os.getpid()),  # a test that is killed leaves no server
        )
        try:
            yield Server(listener.getsockname()[1])
        finally:
            process.kill()
            process.wait(10)


def test_sockets_that_were_opened_and_closed_hold_no_place(server: Server) -> None:
    """More of them than there are places, one after another."""
    for _ in range(LIMIT + 6):
        client, heard = server.says(UPGRADE.format("/ws/yes", 13))
        assert heard.startswith("HTTP/1.1 101 "), heard
        client.close()
    server.comes_to(0)


@pytest.mark.parametrize(("path", "version", "status"), [("/ws/no", 13, 403), ("/ws/yes", 99, 400)])
def test_refused_handshakes_hold_no_place(server: Server, path: str, version: int, status: int) -> None:
    for _ in range(LIMIT + 6):
        client, heard = server.says(UPGRADE.format(path, version))
        assert heard.startswith(f"HTTP/1.1 {status} "), heard
        client.close()
    server.comes_to(0)


def test_plain_connections_hold_no_place_when_they_have_gone(server: Server) -> None:
    for text in ("", "GET /he", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        client = server.client()
        client.sendall(text.encode())
        client.close()
    server.comes_to(0)


def test_only_so_many_are_open_at_once_whatever_they_are(server: Server) -> None:
    """Above the limit a new one is closed at once; the ones that are open go on, and each that ends makes room."""
    sockets = [server.says(UPGRADE.format("/ws/yes", 13))[0] for _ in range(LIMIT // 2)]
    plain = [server.client() for _ in range(LIMIT // 2 - 1)]
    server.comes_to(LIMIT - 1)
    plain.append(server.client())
    assert server.count() == -1
    sockets.pop().close()
    server.comes_to(LIMIT - 1)
    for client in [*sockets, *plain]:
        client.close()
    server.comes_to(0)
