"""What ASGI has no words for: one WebSocket frame for many sockets, and how much a client has not read yet.

The server offers `WRITE` in a socket's `extensions`; where it is missing (uvicorn) frames go the ordinary way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

WRITE = "portal.write"
UNREAD_BYTES = 1024 * 1024
LOW_WATER = 64 * 1024
Write = Callable[[bytes], bool]


def text_frame(text: str) -> bytes:
    """An unmasked, final text frame as a server sends it (RFC 6455, 5.2): the same bytes for every viewer."""
    body = text.encode()
    size = len(body)
    if size < 126:
        return bytes([0x81, size]) + body
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + body
    return b"\x81\x7f" + size.to_bytes(8, "big") + body


def unread(transport: Any) -> int:
    """Bytes that wait in a Twisted transport because the client does not read."""
    return len(getattr(transport, "dataBuffer", b"")) + int(getattr(transport, "_tempDataLen", 0))


def writer(protocol: Any) -> Write:
    """A function that writes a frame to an open socket at once; False, and the end of the line, where it cannot.

    It cannot where the reader is too slow and where he is gone without a word (a reset connection).

    Straight to the socket when nothing waits before it: without a turn of the reactor, 500 viewers cost a
    third. What the kernel does not take goes through the transport's buffer.
    """

    def write(frame: bytes) -> bool:
        if protocol.state != protocol.STATE_OPEN:
            return True
        transport = protocol.transport
        waiting = unread(transport)
        if waiting > UNREAD_BYTES:
            transport.abortConnection()
            return False
        sent = 0
        if not waiting:
            try:
                sent = transport.getHandle().send(frame)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                transport.abortConnection()
                return False
        if sent < len(frame):
            transport.write(frame[sent:])
        return True

    return write
