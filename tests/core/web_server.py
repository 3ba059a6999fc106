"""The server alone, in a process of its own: importing it makes an event loop, which no other test may have.

Run with a listening socket's descriptor and the limit of open connections; `GET /` tells how many are open.
"""

from __future__ import annotations

import resource
import socket
import sys
from collections.abc import Callable
from typing import Any

from core.web import server


class Application:
    """A page that counts, sockets that open below /ws/yes and are refused everywhere else."""

    def body_limit(self, path: str) -> int:
        return 1024

    def too_big(self, path: str, header: Callable[[str], str]) -> tuple[list[tuple[bytes, bytes]], bytes]:
        return [(b"content-length", b"0")], b""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            body = str(len(server.lines)).encode()
            headers = [(b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await receive()
        await send({"type": "websocket.accept" if scope["path"] == "/ws/yes" else "websocket.close"})
        while (await receive())["type"] != "websocket.disconnect":
            pass


def main(descriptor: int, limit: int) -> None:
    """Serve until the test ends this process."""
    hard = limit + server.SPARE_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server.serve(Application(), socket.socket(fileno=descriptor))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
