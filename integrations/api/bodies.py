"""Reading a request's body on the hot path, with its limits (A77, A79, F41)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
SECONDS = 10.0


class Refusal(Exception):
    """A request that is answered without being understood; `errors` are sentences for its sender."""

    def __init__(self, status: int, *errors: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(*errors)
        self.code = status
        self.errors = list(errors)
        self.headers = dict(headers or {})


class Gone(Exception):
    """The client has left before its request was complete: nobody is there to be answered."""


def headers_of(scope: Scope) -> dict[str, str]:
    """The request's headers with lower-case names; of doubled ones the first counts."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found


def check_head(headers: Mapping[str, str], limit: int) -> int | None:
    """The declared length in bytes, if any; raises Refusal before anything is read."""
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise Refusal(415, "Content-Encoding is not supported: send the body as it is")
    declared = headers.get("content-length")
    if declared is None:
        return None
    if not (declared.isascii() and declared.isdigit() and len(declared) <= 15):
        raise Refusal(400, "Content-Length is not a number")
    if int(declared) > limit:
        raise Refusal(413, f"The body is larger than {limit} bytes")
    return int(declared)


async def read_body(receive: Receive, limit: int, declared: int | None, *, seconds: float = SECONDS) -> bytes:
    """The whole body of at most `limit` bytes, within `seconds`; raises Refusal or Gone."""
    try:
        async with asyncio.timeout(seconds):
            body = await _read(receive, limit)
    except TimeoutError:
        raise Refusal(408, "The body came too slowly", headers={"Connection": "close"}) from None
    if declared is not None and len(body) != declared:
        raise Refusal(400, f"Content-Length says {declared} bytes, {len(body)} came")
    if declared is None and not body:
        raise Refusal(411, "A body with a Content-Length is needed")
    return body


async def _read(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise Refusal(413, f"The body is larger than {limit} bytes", headers={"Connection": "close"})
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)
