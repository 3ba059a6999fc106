"""P5: from the commit of an entry to the last of 500 (2,000) sockets."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import time
from pathlib import Path
from typing import Any

from tools.chaos.portal import Portal

SEQ = re.compile(rb'"seq": ?(\d+)')


class Viewer(asyncio.Protocol):
    """A socket that looks for sequence numbers in what arrives and notes the time; it parses nothing else."""

    def __init__(self, hello: bytes, arrivals: list[tuple[int, float]], ready: asyncio.Event) -> None:
        self.hello, self.arrivals, self.ready = hello, arrivals, ready
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Ask for the socket."""
        self.transport = transport
        transport.write(self.hello)

    def data_received(self, data: bytes) -> None:
        """Note what came."""
        at = time.monotonic()
        if not self.ready.is_set():
            if b" 101 " not in data[:20]:
                raise RuntimeError(data[:200])
            self.ready.set()
        for found in SEQ.findall(data):
            self.arrivals.append((int(found), at))


async def _watch(portal: Portal, number: int, cookie: str, viewers: int, entries: int) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    arrivals: list[tuple[int, float]] = []
    key = base64.b64encode(os.urandom(16)).decode()
    path = f"/ws/incidents/{number}/?since=100000"
    hello = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{portal.port}\r\nOrigin: {portal.url}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nCookie: {cookie}\r\n\r\n"
    ).encode()
    connected = []
    for _ in range(viewers):
        ready = asyncio.Event()
        transport, _ = await loop.create_connection(
            lambda ready=ready: Viewer(hello, arrivals, ready),  # type: ignore[misc]
            "127.0.0.1",
            portal.port,
        )
        await asyncio.wait_for(ready.wait(), 20)
        connected.append(transport)
    await asyncio.sleep(2)
    arrivals.clear()
    written_json = await asyncio.to_thread(portal.python, "bench.writer", "write", str(number), str(entries), "0.25")
    await asyncio.sleep(2)
    for transport in connected:
        transport.close()
    written = {int(seq): at for seq, at in json.loads(written_json).items()}
    waits = sorted((at - written[seq]) * 1000 for seq, at in arrivals if seq in written)
    return {
        "viewers": viewers,
        "entries": len(written),
        "received of expected": f"{len(waits)} of {len(written) * viewers}",
        "p50, ms": round(waits[len(waits) // 2], 1) if waits else -1,
        "p99, ms": round(waits[int(len(waits) * 0.99)], 1) if waits else -1,
        "max, ms": round(waits[-1], 1) if waits else -1,
    }


def run(folder: Path, viewers: int, entries: int = 40) -> dict[str, Any]:
    """One size of audience."""
    portal = Portal(folder)
    portal.manage("migrate", "-v0")
    setup = json.loads(portal.python("bench.writer", "session"))
    portal.start()
    try:
        return asyncio.run(_watch(portal, setup["number"], setup["cookie"], viewers, entries))
    finally:
        portal.stop()
