"""Static files, answered in front of the pool: a page's CSS never waits behind its views (stack 3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from whitenoise.middleware import WhiteNoiseMiddleware

from core.web.bridge import Receive, Scope, Send, plain

CHUNK = 256 * 1024
WANTED = {
    b"accept-encoding": "HTTP_ACCEPT_ENCODING",
    b"if-none-match": "HTTP_IF_NONE_MATCH",
    b"if-modified-since": "HTTP_IF_MODIFIED_SINCE",
    b"range": "HTTP_RANGE",
}


class StaticFiles:
    """whitenoise's table of files as an ASGI application; hashed names are cached for ever."""

    def __init__(self) -> None:
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
        self._files = WhiteNoiseMiddleware(get_response=None)
        self.prefix: str = self._files.static_prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD; unknown names are a plain 404 without Django."""
        found = self._find(scope["path"])
        if found is None:
            await plain(send, 404, "No such file.")
            return
        meta = {WANTED[name]: value.decode("latin1") for name, value in scope["headers"] if name in WANTED}
        response = found.get_response(scope["method"], meta)
        headers = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in response.headers]
        headers.append((b"x-content-type-options", b"nosniff"))
        await send({"type": "http.response.start", "status": int(response.status), "headers": headers})
        await self._send_file(response.file, send)

    def _find(self, path: str) -> Any:
        """In debug the files are looked up afresh, else they were all read at the start."""
        return self._files.find_file(path) if self._files.autorefresh else self._files.files.get(path)

    async def _send_file(self, file: Any, send: Send) -> None:
        if file is not None:
            with file:
                while chunk := file.read(CHUNK):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
