"""The one kind of socket: it shows a topic of the live feed and takes two words from the client (A31).

`{"type": "here"}` and `{"type": "writing"}` say that somebody is there (presence); they choose nothing.

The path alone says which topic (rooms register paths with `core.live.register_path`); `?since=<seq>` says
from where. Refused at the handshake with 403: a foreign, missing or null Origin. Closed with 4401: nobody
is signed in (any more); 4403: no such topic, no right, or no word of ours; 1009: a frame over 64 KB; 4429: more
than 20 messages of one person in 10 s, or too many wrong tokens from one address; 4408: a reader too slow for what
is written; 1013: the database is away, come again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from core.web.hub import hub
from core.web.presence import WORDS, Meter
from core.web.viewer import FLOOD, NO_RIGHT, Viewer

FRAME_BYTES = 64 * 1024
TOO_BIG = 1009


def is_own_origin(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the page that opens the socket is ours: Origin is the public address, or the very host asked for."""
    found = {name: value.decode("latin1") for name, value in headers if name in {b"origin", b"host"}}
    origin, host = urlsplit(found.get(b"origin", "")), found.get(b"host", "")
    if origin.scheme not in {"http", "https"} or not origin.netloc or origin.path or origin.query:
        return False
    public = urlsplit(settings.PORTAL_URL)
    if (origin.scheme, origin.netloc) == (public.scheme, public.netloc):
        return True
    domain, _ = split_domain_port(host)
    return origin.netloc == host and validate_host(domain, settings.ALLOWED_HOSTS)


def since_of(query: bytes) -> int | None:
    """The number in `?since=`; None where there is none that makes sense."""
    value = parse_qs(query.decode("latin1")).get("since", [""])[0]
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None


class LiveConsumer(AsyncWebsocketConsumer):
    """One viewer of one topic."""

    viewer: Viewer | None = None
    _tasks: tuple[asyncio.Task[None], ...] = ()

    async def connect(self) -> None:
        """Check origin and rights, join, catch up."""
        if not is_own_origin(self.scope["headers"]):
            await self.close()
            return
        viewer = await hub.begin(dict(self.scope), since_of(self.scope["query_string"]))
        await self.accept()
        if isinstance(viewer, int):
            await self.close(viewer)
            return
        self.viewer = viewer
        self._tasks = (asyncio.ensure_future(self._send_all(viewer)), asyncio.ensure_future(hub.join(viewer)))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """The two words of presence; anything else is a wrong client, too much of anything a flood (A89)."""
        viewer = self.viewer
        if viewer is None:
            return
        if meter.floods(viewer.granted.who, time.monotonic()):
            await self._end(FLOOD)
        elif text_data is not None and len(text_data.encode()) > FRAME_BYTES:
            await self._end(TOO_BIG)
        elif (word := _word_of(text_data)) not in WORDS:
            await self._end(NO_RIGHT)
        else:
            hub.presence.hear(viewer, writing=WORDS[word])

    async def disconnect(self, code: int) -> None:
        """Leave the registry."""
        if self.viewer is not None:
            self.viewer.closed = True
            hub.leave(self.viewer)
            self.viewer = None
        for task in self._tasks:
            task.cancel()

    async def _end(self, code: int) -> None:
        await self.disconnect(code)
        await self.close(code)

    async def _send_all(self, viewer: Viewer) -> None:
        """Send what the hub puts out; a number instead of a text is the code to close with."""
        while True:
            message = await viewer.outgoing.get()
            if isinstance(message, int):
                hub.leave(viewer)
                await self.close(message)
                return
            viewer.sending = True
            await self.send(text_data=message)
            viewer.sending = False


def _word_of(text: str | None) -> str:
    """The type of a message; "" for what is no such message."""
    with contextlib.suppress(ValueError, RecursionError):
        message = json.loads(text or "")
        if isinstance(message, dict) and isinstance(message.get("type"), str):
            return str(message["type"])
    return ""


meter = Meter()
application: Any = LiveConsumer.as_asgi()
