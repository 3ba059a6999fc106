"""A load generator of our own: keep-alive connections, prepared requests, one process, no parsing beyond need."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Result:
    """What the generator saw; latencies in seconds."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return sum(self.statuses.values()) / self.seconds if self.seconds else 0.0

    def quantile(self, share: float) -> float:
        """A latency in seconds below which this share of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def request(path: str, body: bytes, *, host: str = "localhost", headers: str = "") -> bytes:
    """A POST as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode() + body


def get(path: str, *, host: str, headers: str = "") -> bytes:
    """A GET as bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode()


async def _one(
    port: int, make: Callable[[], bytes | None], result: Result, deadline: float, watch: Callable[[float], None]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while time.monotonic() < deadline:
            raw = make()
            if raw is None:
                return
            begun = time.monotonic()
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if length:
                await reader.readexactly(length)
            took = time.monotonic() - begun
            result.statuses[int(head[9:12])] += 1
            result.latencies.append(took)
            watch(took)
            if b"connection: close" in head.lower():
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
    finally:
        writer.close()


async def _drive(port: int, make: Callable[[], bytes | None], connections: int, seconds: float) -> Result:
    result = Result(0.0)
    begun = time.monotonic()
    jobs = [_one(port, make, result, begun + seconds, lambda took: None) for _ in range(connections)]
    await asyncio.gather(*jobs, return_exceptions=False)
    result.seconds = time.monotonic() - begun
    return result


def drive(port: int, make: Callable[[], bytes | None], *, connections: int = 32, seconds: float = 10) -> Result:
    """Send what `make` gives on so many connections until the time is over or it gives None."""
    return asyncio.run(_drive(port, make, connections, seconds))
