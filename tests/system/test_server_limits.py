"""The server's own limits: big, slow, cut-off and half-open requests cost nothing (A77, A79, A104, F41, F42)."""

from __future__ import annotations

import contextlib
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.harness import Portal, memory_kib

pytestmark = pytest.mark.system
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Portal]:
    """One portal for all of it."""
    directory = tmp_path_factory.mktemp("limits") / "var"
    shutil.copytree(migrated, directory)
    with Portal(directory) as running:
        yield running


class Raw:
    """A client that says exactly what the test wants."""

    def __init__(self, portal: Portal) -> None:
        self.socket = socket.create_connection(("127.0.0.1", portal.port), timeout=10)
        self.host = f"Host: localhost:{portal.port}\r\n"

    def says(self, text: str | bytes) -> Raw:
        self.socket.sendall(text.encode() if isinstance(text, str) else text)
        return self

    def hears(self) -> str:
        """The answer up to the end of the connection or the first pause of the server."""
        heard = b""
        with contextlib.suppress(OSError):
            while chunk := self.socket.recv(65536):
                heard += chunk
                if b"\r\n\r\n" in heard:
                    break
        return heard.decode("latin1")

    @property
    def status(self) -> int:
        words = self.hears().split(" ", 2)
        return int(words[1]) if len(words) > 1 else 0


def test_a_declared_length_over_the_limit_is_413_at_once_a77(portal: Portal) -> None:
    for path, limit in (
        ("/v2/enqueue", 512 * 1024),
        ("/integrations/generic/x", 4 * MIB),
        ("/accounts/login/", 10 * MIB),
    ):
        client = Raw(portal)
        started = time.monotonic()
        head = f"{client.host}Accept: text/html\r\nContent-Length: {limit + 1}\r\nExpect: 100-continue\r\n\r\n"
        heard = client.says(f"POST {path} HTTP/1.1\r\n{head}").hears()
        assert heard.startswith("HTTP/1.1 413 "), path
        assert "\r\ncontent-type: text/html" in heard, "a browser gets the portal's own page"
        assert time.monotonic() - started < 1


def test_forty_megabytes_are_refused_and_memory_stays_flat_f41(portal: Portal) -> None:
    web = portal.children()["web"]
    portal.client.get("/accounts/login/")
    before = memory_kib([web], "Rss")
    for _ in range(3):
        client = Raw(portal)
        client.says(f"POST /accounts/login/ HTTP/1.1\r\n{client.host}Content-Length: {40 * MIB}\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(40):
                client.says(b"x" * MIB)
        assert client.status == 413
    assert memory_kib([web], "Rss") - before < 50 * 1024


def test_a_chunked_body_without_end_is_413_a77(portal: Portal) -> None:
    client = Raw(portal)
    client.says(f"POST /v2/enqueue HTTP/1.1\r\n{client.host}Transfer-Encoding: chunked\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(20):
            client.says(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    assert client.status == 413


def test_a_chunked_body_within_the_limit_is_read(portal: Portal) -> None:
    client = Raw(portal)
    client.says(f"POST /v2/enqueue HTTP/1.1\r\n{client.host}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n")
    assert client.status == 400


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 1e3\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Bad Name: x\r\n",
        "X: a\r\n" * 501,
    ],
)
def test_smuggling_and_wrong_lengths_are_400_a104(portal: Portal, head: str) -> None:
    client = Raw(portal)
    client.says(f"POST /v2/enqueue HTTP/1.1\r\n{client.host}{head}\r\nhello")
    assert client.status == 400


@pytest.mark.parametrize("target", ["http://evil.example/now/", "*", "/now/%00", "/now/?q=%00"])
def test_a_target_that_is_no_path_is_refused_a33(portal: Portal, target: str) -> None:
    client = Raw(portal)
    client.says(f"GET {target} HTTP/1.1\r\n{client.host}\r\n")
    assert client.status == 400


def test_an_unknown_or_doubled_host_is_400_a33(portal: Portal) -> None:
    for host in ("Host: evil.example\r\n", f"Host: localhost:{portal.port}\r\nHost: evil.example\r\n"):
        client = Raw(portal)
        client.says(f"GET /accounts/login/ HTTP/1.1\r\n{host}\r\n")
        assert client.status == 400


def test_nobody_is_told_the_server_a96(portal: Portal) -> None:
    for path in ("/accounts/login/", "/healthz", "/nothing/", "/static/css/portal.css", "/v2/enqueue"):
        client = Raw(portal)
        heard = client.says(f"GET {path} HTTP/1.1\r\n{client.host}\r\n").hears().lower()
        assert "server:" not in heard
        assert "daphne" not in heard
        assert "twisted" not in heard


def test_half_open_clients_hold_no_thread_and_others_are_served_f42(portal: Portal) -> None:
    web = portal.children()["web"]
    portal.client.get("/accounts/login/")
    threads = _threads(web)
    slow = []
    for number in range(300):
        client = Raw(portal)
        if number % 3 == 1:
            client.says("GET /accounts/lo")
        if number % 3 == 2:
            client.says(f"POST /accounts/login/ HTTP/1.1\r\n{client.host}Content-Length: 900\r\n\r\nhalf")
        slow.append(client)
    for _ in range(20):
        started = time.monotonic()
        assert portal.client.get("/accounts/login/").status_code == 200
        assert time.monotonic() - started < 2
    assert _threads(web) <= max(threads, 9) + 6
    for client in slow:
        client.socket.close()


def test_clients_that_leave_in_the_middle_leave_nothing_behind_f47(portal: Portal) -> None:
    web = portal.children()["web"]
    for _ in range(3):
        portal.client.get("/accounts/login/")
    before = len(list(Path(f"/proc/{web}/fd").iterdir()))
    for _ in range(150):
        client = Raw(portal)
        client.says(f"GET /accounts/login/ HTTP/1.1\r\n{client.host}\r\n")
        client.socket.close()
    time.sleep(1)
    assert portal.client.get("/accounts/login/").status_code == 200
    assert len(list(Path(f"/proc/{web}/fd").iterdir())) <= before + 12


@pytest.mark.long
def test_a_body_at_a_byte_a_second_is_408_within_half_a_minute_f41(portal: Portal) -> None:
    client = Raw(portal)
    client.socket.settimeout(1.0)
    client.says(f"POST /v2/enqueue HTTP/1.1\r\n{client.host}Content-Length: 900\r\n\r\n")
    started, heard = time.monotonic(), b""
    while not heard and time.monotonic() - started < 40:
        client.says(b"x")
        with contextlib.suppress(TimeoutError):
            heard = client.socket.recv(4096)
    assert heard.startswith(b"HTTP/1.1 408 ")
    assert 25 <= time.monotonic() - started <= 35


def _threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))
