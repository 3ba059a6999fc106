"""Connections that end in time: one wall-clock deadline over name service, TLS, reads and writes (A71, A74)."""

from __future__ import annotations

import contextlib
import ipaddress
import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import httpcore

from core.addresses import Address, check_address
from core.errors import Unreachable

LOOKUPS = 64  # name lookups that may hang at once
TRIED = 4  # addresses of one name
_lookups = threading.BoundedSemaphore(LOOKUPS)


def bucket(seconds: float) -> str:
    """How long it took, as coarse as a stranger may know it (A75)."""
    steps = ((1, "under 1 s"), (3, "1 to 3 s"), (10, "3 to 10 s"))
    return next((text for limit, text in steps if seconds < limit), "10 s or more")


class Deadline:
    """The end of one call in wall-clock time, which every single wait shares."""

    def __init__(self, seconds: float) -> None:
        self._start = time.monotonic()
        self._end = self._start + seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def left(self) -> float:
        """Seconds that remain; raises Unreachable (`timeout`) when none do."""
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise self.failure("timeout")
        return remaining

    def failure(self, code: str) -> Unreachable:
        """The error to raise: the code is for programs, the sentence tells the time bucket only (A75)."""
        return Unreachable(f"The other side did not answer as it should ({bucket(self.elapsed)}).", code=code)


class Line(httpcore.NetworkStream):
    """A connection on which every read and write has only what is left of the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self.sock = sock
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes, or none at the end."""
        with self._told("broken"):
            self.sock.settimeout(self.deadline.left())
            return self.sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All bytes."""
        view = memoryview(buffer)
        while view:
            with self._told("broken"):
                self.sock.settimeout(self.deadline.left())
                view = view[self.sock.send(view[:16384]) :]

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Line:
        """The same connection under TLS, with the name of the address checked (A71)."""
        with self._told("tls"):
            self.sock.settimeout(self.deadline.left())
            return Line(ssl_context.wrap_socket(self.sock, server_hostname=server_hostname), self.deadline)

    def close(self) -> None:
        """Let it go."""
        self.sock.close()

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks about a connection."""
        if info == "ssl_object" and isinstance(self.sock, ssl.SSLSocket):
            return self.sock
        if info == "is_readable":
            return self.sock.fileno() < 0 or _is_readable(self.sock)
        return None

    @contextlib.contextmanager
    def _told(self, code: str) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise self.deadline.failure("timeout") from error
        except ssl.SSLError as error:
            raise self.deadline.failure("tls") from error
        except (OSError, ValueError) as error:
            raise self.deadline.failure(code) from error


def _is_readable(sock: socket.socket) -> bool:
    """Asked with poll(), since select() takes no descriptor above 1023 and this process may have more."""
    asked = select.poll()
    asked.register(sock, select.POLLIN)
    return bool(asked.poll(0))


class Guard(httpcore.NetworkBackend):
    """Connects to the very address that was checked (A71)."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Line:
        """The first of the name's addresses that takes the call; raises Refused or Unreachable."""
        return connect(checked_addresses(host, port, self.deadline), port, self.deadline)


def connect(addresses: list[Address], port: int, deadline: Deadline) -> Line:
    """A line to the first address that takes the call, each with its share of the time that is left."""
    problem: OSError | None = None
    for number, address in enumerate(addresses):
        share = deadline.left() / (len(addresses) - number)
        try:
            return Line(socket.create_connection((str(address), port), timeout=share), deadline)
        except OSError as error:
            problem = error
    raise deadline.failure("timeout" if isinstance(problem, TimeoutError) else "refused") from problem


def checked_addresses(host: str, port: int, deadline: Deadline) -> list[Address]:
    """The addresses of a name, each one checked: a single private one refuses them all (A71)."""
    found = addresses_of(host, port, deadline)
    for address in found:
        check_address(host, address)
    return found[:TRIED]


def addresses_of(host: str, port: int, deadline: Deadline) -> list[Address]:
    """Every address of a name, unchecked: for the operator's own mail server, and for what is checked next."""
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        found = [ipaddress.ip_address(text) for text in _looked_up(host, port, deadline)]
    if not found:
        raise deadline.failure("dns")
    return list(dict.fromkeys(found))


def resolve(host: str, port: int) -> list[str]:
    """The name service's answer, of all families."""
    return [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _looked_up(host: str, port: int, deadline: Deadline) -> list[str]:
    """`resolve` in a thread of its own: a name service that hangs cannot hold the caller past the deadline."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(OSError(str(error)))
        finally:
            _lookups.release()

    if not _lookups.acquire(timeout=deadline.left()):
        raise deadline.failure("dns")
    threading.Thread(target=look, name="lookup", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left())
    except queue.Empty as error:
        raise deadline.failure("timeout") from error
    if isinstance(answer, OSError):
        raise deadline.failure("dns") from answer
    return answer


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """The system's trusted authorities, names checked."""
    return ssl.create_default_context()
