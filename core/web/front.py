"""The one ASGI application: cleans the request's head, then picks the door.

Static files, `/healthz`, the hot paths and the sockets stand in front of Django; all else goes through
the bridge. Head rules: a forwarded header counts only from a proxy of ours (A32, A33, A37), header names
with an underscore are dropped (A104), a path that is no path or holds NUL is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.web import address, refused, watch
from core.web.bridge import Header, Receive, Scope, Send, plain
from core.web.static import StaticFiles

RELAYED = "HTTP_X_RELAYED"  # our own mark on a request that came through a proxy that is not ours
FORWARDED = (b"x-forwarded-", b"x-original-", b"x-rewrite-", b"forwarded", b"x-real-ip", b"x-relayed")


class Front:
    """Routes of the web process; `body_limits` (longest prefix wins) are enforced by the server, in bytes."""

    def __init__(
        self,
        pages: Any,
        *,
        doors: Mapping[str, Any],
        sockets: Any,
        body_limits: Mapping[str, int],
    ) -> None:
        self.pages = pages
        self.static = StaticFiles()
        self.doors = {**doors, self.static.prefix: self.static}
        self.sockets = sockets
        self._limits = sorted(body_limits.items(), key=lambda item: -len(item[0]))

    def body_limit(self, path: str) -> int:
        """The largest body in bytes that a path takes."""
        return next(limit for prefix, limit in self._limits if path.startswith(prefix))

    def too_big(self, path: str, header: Callable[[str], str]) -> tuple[list[Header], bytes]:
        """Headers and body of the server's answer to a body over the limit; `header` gives a header of the request."""
        return refused.too_big(path, header, self.body_limit(path))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope of any kind."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.sockets(_cleaned(scope), receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path == "/healthz":
            await plain(send, 200, "ok")
            return
        if not path.startswith("/") or "\x00" in path or b"%00" in scope["query_string"]:
            await plain(send, 400, "The address cannot be read.")
            return
        scope = _cleaned(scope)
        for prefix, door in self.doors.items():
            if path.startswith(prefix):
                await door(scope, receive, send)
                return
        await self.pages(scope, receive, send)


def _cleaned(scope: Scope) -> Scope:
    """The scope without what a stranger may not say; behind our proxy `X-Forwarded-For` is one address."""
    peer = str((scope.get("client") or [""])[0])
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    if address.is_proxy(peer):
        chain = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin1")
        real = address.client_address({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": chain})
        kept = [(name, value) for name, value in headers if name == b"x-forwarded-proto" or not _is_forwarded(name)]
        cleaned: list[Header] = [*kept, (b"x-forwarded-for", real.encode())]
    else:
        cleaned = [(name, value) for name, value in headers if not _is_forwarded(name)]
        if len(cleaned) < len(headers):
            cleaned.append((b"x-relayed", b"1"))
    return {**scope, "headers": cleaned}


def _is_forwarded(name: bytes) -> bool:
    return name.startswith(FORWARDED)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Servers that announce start and end (uvicorn) are told that nothing stands in the way."""
    while True:
        kind = (await receive())["type"]
        if kind == "lifespan.startup":
            watch.start()
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
