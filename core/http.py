"""The only way to the network: guarded against private addresses, slowness, size and injection (A69-A76).

It connects to the very address that it has checked, knows no proxy from the environment, follows no
redirect unless told to (then only on the same host, each hop checked anew), and ends by a wall-clock deadline.
"""

from __future__ import annotations

import contextlib
import json as jsonlib
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpcore
import structlog

from core.addresses import Place, Refused, check_place, parse
from core.dial import Deadline, Guard, bucket, checked_addresses, tls
from core.errors import Unreachable

__all__ = ["Answer", "Refused", "Unreachable", "check_url", "send"]

DEADLINE = 10.0  # seconds of wall deadline, from the name service to the last byte (G12)
LOOKUP = 2.0  # seconds that a form waits for the name service when an address is saved
MOST_BODY = 64 * 1024  # bytes after decompression; the rest is cut (A74)
MOST_HEADERS = 100
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
OURS = {
    *("host", "connection", "keep-alive", "transfer-encoding", "content-length", "te", "trailer", "upgrade"),
    *("expect", "accept-encoding", "proxy-authorization", "proxy-authenticate", "proxy-connection", "forwarded"),
}
_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,80}")
_value = re.compile(r"[\t -~\x80-\xff]{0,8192}")
log = structlog.get_logger("portal.http")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: header names in lower case, the body decompressed and cut at the cap, seconds elapsed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float
    cut: bool = False

    def json(self) -> Any:
        """The body as JSON; raises Unreachable (`broken`) when it is not (F32)."""
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Unreachable("The other side did not answer as it should.", code="broken") from error

    def told(self) -> str:
        """All that a person who gave us the address may know: status class and time bucket (A75)."""
        return f"{self.status // 100}xx, {bucket(self.elapsed)}"


def check_url(url: str, *, lookup: bool = False) -> None:
    """Raise Refused ("address not allowed") for an address that `send` would refuse; for saving (A69).

    `lookup` also asks the name service (2 s at most; a name that is not found passes). It is for doors, before they
    call the command: not inside a transaction, which it would hold up. `send` asks anew in any case.
    """
    place = parse(url)
    check_place(place)
    if lookup and place.literal is None:
        with contextlib.suppress(Unreachable):
            checked_addresses(place.host, place.port, Deadline(LOOKUP))


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    json: object = None,
    form: Mapping[str, str] | None = None,
    timeout: float = DEADLINE,
    max_bytes: int = MOST_BODY,
    same_host_redirects: int = 0,
    drill: bool = False,
) -> Answer:
    """One request with a total wall-clock deadline in seconds.

    Raises Refused when the address or the request is not allowed (or for a drill: nothing leaves), and
    Unreachable with code timeout, refused, dns, tls, broken or too_big. Call it outside transactions.
    """
    place = parse(url)
    check_place(place)
    wire, body = _request(method, headers or {}, content, json, form)
    if drill:
        raise Refused("This is a drill: nothing is sent outside.", code="drill", hint="")
    deadline = Deadline(timeout)
    answer = _exchange(method, place, wire, body, deadline, max_bytes)
    for _ in range(same_host_redirects):
        onward = _onward(place, answer)
        if onward is None:
            break
        place = onward
        if answer.status == 303 or (answer.status in {301, 302} and method == "POST"):
            method, body = "GET", None
            wire = [pair for pair in wire if pair[0].lower() != b"content-type"]
        answer = _exchange(method, place, wire, body, deadline, max_bytes)
    log.info("http.sent", method=method, host=place.host, status=answer.status, took=bucket(answer.elapsed))
    return answer


def _request(
    method: str, headers: Mapping[str, str], content: bytes | None, json: object, form: Mapping[str, str] | None
) -> tuple[list[tuple[bytes, bytes]], bytes | None]:
    """Checked header lines and the body; raises Refused for CR, LF, hop-by-hop names and strange methods (A73)."""
    if method not in METHODS:
        raise Refused("This method is not allowed.", code="bad_request", hint="")
    wire: dict[str, bytes] = {}
    for name, value in headers.items():
        if not _token.fullmatch(name) or name.lower() in OURS or not _value.fullmatch(value):
            raise Refused("A header of this request is not allowed.", code="bad_request", hint="")
        wire[name.lower()] = value.encode("latin-1")
    body = content
    if json is not None:
        body = jsonlib.dumps(json, separators=(",", ":"), allow_nan=False).encode()
        wire.setdefault("content-type", b"application/json")
    elif form is not None:
        body = urlencode(form).encode("ascii")
        wire.setdefault("content-type", b"application/x-www-form-urlencoded")
    wire.setdefault("user-agent", b"Watchbill")
    return [(name.encode("ascii"), value) for name, value in wire.items()], body


def _exchange(
    method: str, place: Place, wire: list[tuple[bytes, bytes]], body: bytes | None, deadline: Deadline, max_bytes: int
) -> Answer:
    host = place.host.encode("ascii")
    url = httpcore.URL(scheme=place.scheme.encode(), host=host, port=place.port, target=place.target.encode("ascii"))
    lines = [(b"host", place.host_header.encode("ascii")), (b"connection", b"close"), *wire]
    if body is not None or method in {"POST", "PUT", "PATCH"}:
        lines.append((b"content-length", str(len(body or b"")).encode()))
    lines.append((b"accept-encoding", b"identity"))
    try:
        with (
            httpcore.ConnectionPool(ssl_context=tls(), network_backend=Guard(deadline), max_connections=1) as pool,
            pool.stream(method, url, headers=lines, content=body or b"") as response,
        ):
            if response.status < 200:
                raise deadline.failure("broken")
            headers = _headers(response.headers, deadline)
            content, cut = _body(response.iter_stream(), headers.get("content-encoding", ""), max_bytes, deadline)
            return Answer(response.status, headers, content, deadline.elapsed, cut)
    except (httpcore.RemoteProtocolError, httpcore.NetworkError) as error:
        huge = any(getattr(each, "error_status_hint", 0) == 431 for each in error.args)
        raise deadline.failure("too_big" if huge else "broken") from error
    except httpcore.LocalProtocolError as error:
        raise Refused("This request is not allowed.", code="bad_request", hint="") from error


def _headers(pairs: Iterable[tuple[bytes, bytes]], deadline: Deadline) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, (name, value) in enumerate(pairs):
        if number >= MOST_HEADERS:
            raise deadline.failure("too_big")
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found


def _body(chunks: Iterator[bytes], encoding: str, most: int, deadline: Deadline) -> tuple[bytes, bool]:
    """The body up to `most` bytes after decompression, and whether there was more (A74)."""
    encoded = encoding.strip().lower()
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoded in {"gzip", "x-gzip", "deflate"} else None
    found = bytearray()
    for chunk in chunks:
        room = most + 1 - len(found)
        try:
            found += inflate.decompress(chunk, room) if inflate else chunk[:room]
        except zlib.error as error:
            raise deadline.failure("broken") from error
        if len(found) > most:
            return bytes(found[:most]), True
        deadline.left()
    return bytes(found), False


def _onward(place: Place, answer: Answer) -> Place | None:
    """The same host's place that a redirect names, checked; None where it is not to be followed (A70)."""
    target = answer.headers.get("location", "")
    if answer.status not in {301, 302, 303, 307, 308} or not target:
        return None
    if target.startswith("/") and not target.startswith("//"):
        target = f"{place.scheme}://{place.host_header}{target}"
    try:
        onward = parse(target)
        check_place(onward)
    except Refused:
        return None
    # Another port is another service; only the step from plain to TLS on the usual ports is the same one.
    doors = {(place.scheme, place.port)} | ({("https", 443)} if (place.scheme, place.port) == ("http", 80) else set())
    return onward if onward.host == place.host and (onward.scheme, onward.port) in doors else None
