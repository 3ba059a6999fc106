"""One open socket: what it may see, what it has seen, and what waits to be sent (stack 4)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError

from core import live
from core.errors import TooMany
from core.web import access, wire
from core.web.presence import Shown, shown_as

Frames = list[tuple[int, str, bytes]]  # number, text, the same as bytes of the wire
WAITING_FRAMES = 400
WAITING_WORDS = 20
log = structlog.get_logger("portal.live")
TRY_AGAIN, SIGNED_OUT, NO_RIGHT, TOO_SLOW, FLOOD = 1013, 4401, 4403, 4408, 4429


@dataclass(frozen=True, slots=True)
class Grant:
    """What a viewer may see now: a topic and the audience it belongs to there.

    `who` names the person behind it; `person` is how the others see them, None where they do not (presence).
    """

    topic: str
    audience: str
    who: str = ""
    person: Shown | None = None


def grant(scope: dict[str, Any]) -> Grant | int:
    """Ask the database who this is and what he may see; a close code where it is nothing (A28, A31, A37)."""
    try:
        actor = access.socket_actor(scope)
    except TooMany:
        return FLOOD
    if actor is None:
        return SIGNED_OUT
    name = live.name_for(scope["path"].removeprefix("/"), actor)
    found = live.topic_of(name) if name is not None else None
    if name is None or found is None:
        return NO_RIGHT
    topic, key = found
    audience = topic.may_see(actor, key)
    if audience is None:
        return NO_RIGHT
    return Grant(name, audience, str(actor.key), shown_as(topic, actor, key, audience))


def drawn(name: str, entries: Sequence[Any], audience: str) -> Frames:
    """The entries as frames for one audience, in order; one that cannot be drawn becomes a skip, and it alone."""
    try:
        return _rendered(name, entries, audience)
    except (DatabaseError, InterfaceError):
        raise
    except Exception:  # loop edge: it must not stop the feed of all others
        log.exception("live feed: entries cannot be drawn", topic=name, first=entries[0].seq, last=entries[-1].seq)
    return [frame for entry in entries for frame in _rendered_or_skipped(name, entry, audience)]


def _rendered_or_skipped(name: str, entry: Any, audience: str) -> Frames:
    try:
        return _rendered(name, [entry], audience)
    except (DatabaseError, InterfaceError):
        raise
    except Exception:  # noqa: BLE001 (the same edge; it was logged with the others)
        text = json.dumps({"seq": entry.seq, "kind": "skip"})
        return [(entry.seq, text, wire.text_frame(text))]


def _rendered(name: str, entries: Sequence[Any], audience: str) -> Frames:
    found = live.topic_of(name)
    if found is None:
        return []
    topic, key = found
    frames = []
    for frame in topic.render(key, entries, audience):
        body: dict[str, Any] = {"seq": frame.seq, "kind": frame.kind}
        if frame.kind != "skip":
            body["html"] = frame.html
        text = json.dumps(body)
        frames.append((frame.seq, text, wire.text_frame(text)))
    return frames


class Viewer:
    """One open socket; everything but `scope` belongs to the event loop."""

    def __init__(self, scope: dict[str, Any], granted: Grant, last: int) -> None:
        self.scope = scope
        self.granted = granted
        self.last = last
        self.catching_up = True
        self.behind = False
        self.closed = False
        self.sending = False
        self.checked = time.monotonic()
        self.outgoing: asyncio.Queue[str | int] = asyncio.Queue()
        self._write: wire.Write | None = (scope.get("extensions") or {}).get(wire.WRITE)
        self._held: Frames = []
        self._told = ""

    @property
    def key(self) -> tuple[str, bytes]:
        """Viewers with the same path and credentials have the same rights: they are asked for once."""
        wanted = {b"cookie", b"authorization"}
        return self.scope["path"], b"\0".join(value for name, value in self.scope["headers"] if name in wanted)

    @property
    def busy(self) -> bool:
        """Whether something waits before the next frame."""
        return self.sending or not self.outgoing.empty()

    def push(self, frames: Frames) -> None:
        """Take new frames: keep them back while it catches up, drop what it has, cut it when it does not read."""
        if self.catching_up:
            self._held.extend(frames)
            if len(self._held) > WAITING_FRAMES:  # the database has them as well
                self._held, self.behind = [], True
            return
        for seq, text, data in frames:
            if seq > self.last:
                self.last = seq
                if self._write is None or self.busy:
                    self.outgoing.put_nowait(text)
                elif not self._write(data):
                    self.close(TOO_SLOW)
        if self.outgoing.qsize() > WAITING_FRAMES:
            self.close(TOO_SLOW)

    def tell(self, text: str) -> None:
        """A word beside the feed, once; whoever does not read has the next one instead."""
        if text != self._told and not self.closed and self.outgoing.qsize() < WAITING_WORDS:
            self._told = text
            self.outgoing.put_nowait(text)

    async def backlog(self, frames: Frames) -> None:
        """Send older frames and wait until they are out, so that a long backlog fills no buffer."""
        for seq, text, _ in frames:
            self.last = seq
            self.outgoing.put_nowait(text)
        while self.busy and not self.closed:
            await asyncio.sleep(0.005)

    def caught_up(self) -> None:
        """The backlog is out: what came meanwhile follows."""
        held, self._held = self._held, []
        self.catching_up = False
        self.push(held)

    def close(self, code: int) -> None:
        """Ask the socket's sender to close it; what is still waiting is dropped."""
        self.closed = True
        while not self.outgoing.empty():
            self.outgoing.get_nowait()
        self.outgoing.put_nowait(code)
