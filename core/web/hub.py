"""The sockets of this process, by topic: one look at the database and one rendering serve them all (stack 4).

A write appends to the feed and wakes the web processes. One thread per process looks (SQLite: also when
`PRAGMA data_version` has moved, asked every 100 ms), reads what is new in the topics that somebody watches,
renders it once per audience and hands the frames to the event loop. A second thread asks again every few
seconds whether each viewer may still see what it sees. A viewer joins first and then catches up from the
database, dropping what it has: so nothing is lost and nothing comes twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from core import live, wake
from core.web.presence import Presence
from core.web.viewer import NO_RIGHT, TRY_AGAIN, Frames, Grant, Viewer, drawn, grant

POLL = 0.1
NET = 1.0  # how often the heads are read without any hint, in seconds
RECHECK = 4.0
PAGE = 500
TOO_FAR = 5000
log = structlog.get_logger("portal.live")


class Hub:
    """The registry of one process; its threads start with the first viewer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._viewers: dict[str, set[Viewer]] = {}
        self._heads: dict[str, int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._look_again = False
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self.presence = Presence(self._soon)

    # --- event loop -------------------------------------------------------------------------------
    async def ask(self, call: Callable[..., Any], *args: Any) -> Any:
        """Run something that reads the database in one of our few persistent threads."""
        if self._pool is None:
            self._start()
        return await asyncio.get_running_loop().run_in_executor(self._pool, _guarded, call, *args)

    async def begin(self, scope: dict[str, Any], since: int | None) -> Viewer | int:
        """A viewer that has seen everything up to `since` (None: up to now), or a close code."""
        granted: Grant | int = await self.ask(grant, scope)
        if isinstance(granted, int):
            return granted
        head: int = await self.ask(live.last_seq, granted.topic)
        return Viewer(scope, granted, head if since is None else min(since, head))

    async def join(self, viewer: Viewer) -> None:
        """Register the viewer first, then send what it has missed."""
        with self._lock:
            self._viewers.setdefault(viewer.granted.topic, set()).add(viewer)
        await self.catch_up(viewer, joins=True)

    async def catch_up(self, viewer: Viewer, *, joins: bool = False) -> None:
        """Send from the database everything after the viewer's last number; told to come again where that fails."""
        viewer.catching_up = True
        try:
            if joins:
                self._skip_what_is_too_far(viewer, await self.ask(live.last_seq, viewer.granted.topic))
            await self._catch_up(viewer)
        except (DatabaseError, InterfaceError) as error:
            log.warning("live feed: a viewer cannot catch up", error=type(error).__name__)
            viewer.close(TRY_AGAIN)
        except Exception:  # loop edge: open and silent for ever would be worse
            log.exception("live feed: a viewer cannot catch up", topic=viewer.granted.topic)
            viewer.close(TRY_AGAIN)

    def _skip_what_is_too_far(self, viewer: Viewer, head: int) -> None:
        if head - viewer.last > TOO_FAR:
            viewer.outgoing.put_nowait(json.dumps({"seq": head, "kind": "reload", "html": ""}))
            viewer.last = head

    async def _catch_up(self, viewer: Viewer) -> None:
        name = viewer.granted.topic
        while not viewer.closed:
            viewer.behind = False
            frames: Frames = await self.ask(_backlog, name, viewer.last, viewer.granted.audience)
            await viewer.backlog(frames)
            if len(frames) < PAGE and not viewer.behind:
                break
        with self._lock:
            if viewer in self._viewers.get(name, ()):
                self._heads.setdefault(name, viewer.last)
        viewer.caught_up()
        self._look_again = True  # for what was written after our last reading and before the line above

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer, and its topic with the last one."""
        self.presence.leave(viewer)
        name = viewer.granted.topic
        with self._lock:
            viewers = self._viewers.get(name, set())
            viewers.discard(viewer)
            if not viewers:
                self._viewers.pop(name, None)
                self._heads.pop(name, None)

    def _deliver(self, name: str, by_audience: dict[str, Frames]) -> None:
        for viewer in list(self._viewers.get(name, ())):
            try:
                self._hand(viewer, by_audience.get(viewer.granted.audience))
            except Exception:  # loop edge: what is wrong with one viewer is no matter of those behind it
                log.exception("live feed: a viewer takes nothing", topic=name)
                viewer.close(TRY_AGAIN)

    def _hand(self, viewer: Viewer, frames: Frames | None) -> None:
        """Frames, or None where its audience changed while they were made: it reads them by itself."""
        if frames is not None:
            viewer.push(frames)
        elif viewer.catching_up:
            viewer.behind = True  # its last reading may have been before these were written
        else:
            viewer.catching_up = True
            asyncio.ensure_future(self.catch_up(viewer))  # noqa: RUF006 (the viewer holds its state)

    def _regrant(self, viewer: Viewer, granted: Grant | int) -> None:
        if isinstance(granted, int):
            viewer.close(granted)
        elif granted.topic != viewer.granted.topic:
            viewer.close(NO_RIGHT)
        else:
            viewer.granted = granted

    # --- threads ----------------------------------------------------------------------------------
    def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live")
        for call in (self._watch, self._recheck):
            thread = threading.Thread(target=self._until_ended, args=(call,), name=f"live{call.__name__}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """Stop the threads and close their connections; the process itself need not call this."""
        self._ended.set()
        self.presence.end()
        wake.call("web")
        for thread in self._threads:
            thread.join(3)
        if self._pool is not None:
            list(self._pool.map(lambda _: connection.close(), range(2)))
            self._pool.shutdown()

    def _until_ended(self, call: Callable[[], None]) -> None:
        """Without these two threads the feed would be silent, and rights kept, until somebody restarts the process."""
        while not self._ended.is_set():
            try:
                call()
            except Exception:  # loop edge: whatever it was, look again
                log.exception("live feed: a thread failed and begins again", call=call.__name__)
                self._ended.wait(NET)
            finally:
                connection.close()

    def _soon(self, call: Callable[..., None], *args: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *args)

    def _watched(self) -> dict[str, tuple[int, set[str]]]:
        with self._lock:
            return {n: (h, {v.granted.audience for v in self._viewers[n]}) for n, h in self._heads.items()}

    def _watch(self) -> None:
        """Look whenever a hint comes or the database has changed."""
        version, looked = -1, 0.0
        with contextlib.closing(wake.listen("web")) as ears:
            while not self._ended.is_set():
                hint = ears.wait(POLL if self._heads else NET)
                try:
                    seen = _data_version()
                    if hint or self._look_again or seen != version or time.monotonic() - looked > NET:
                        self._look_again, version, looked = False, seen, time.monotonic()
                        self._look()
                except (DatabaseError, InterfaceError) as error:
                    log.warning("live feed: the database does not answer", error=type(error).__name__)
                    connection.close()
                    version = -1
                    self._ended.wait(NET)

    def _look(self) -> None:
        watched = self._watched()
        if not watched:
            return
        for name, newest in live.heads(watched).items():
            head, audiences = watched[name]
            if newest > head and (entries := live.since(name, head, PAGE)):
                self._look_again = self._look_again or entries[-1].seq < newest
                self._spread(name, entries, audiences)

    def _spread(self, name: str, entries: Sequence[Any], audiences: Iterable[str]) -> None:
        by_audience = {audience: drawn(name, entries, audience) for audience in audiences}
        with self._lock:
            if name not in self._heads:
                return
            self._heads[name] = entries[-1].seq
        self._soon(self._deliver, name, by_audience)

    def _recheck(self) -> None:
        """Ask again for every viewer within RECHECK seconds; the revoked are closed (A28: 5 s)."""
        while not self._ended.wait(0.5):
            now = time.monotonic()
            with self._lock:
                stale = [v for viewers in self._viewers.values() for v in viewers if now - v.checked > RECHECK]
            answers: dict[tuple[str, bytes], Grant | int] = {}
            try:
                for viewer in stale:
                    if viewer.key not in answers:
                        answers[viewer.key] = _rights(viewer)
                    viewer.checked = now
                    self._soon(self._regrant, viewer, answers[viewer.key])
            except (DatabaseError, InterfaceError) as error:
                log.warning("live feed: rights cannot be checked", error=type(error).__name__)
                connection.close()


def _guarded(call: Callable[..., Any], *args: Any) -> Any:
    """A call in a persistent thread: with a connection that works, and none that is broken left behind."""
    close_old_connections()
    try:
        return call(*args)
    finally:
        close_old_connections()


def _rights(viewer: Viewer) -> Grant | int:
    """What it may see now. Where that cannot be told it sees nothing, and those behind it are asked for (A28)."""
    try:
        answer: Grant | int = _guarded(grant, viewer.scope)
    except (DatabaseError, InterfaceError):
        raise
    except Exception:  # loop edge
        log.exception("live feed: the rights of a viewer cannot be told", topic=viewer.granted.topic)
        return TRY_AGAIN
    return answer


def _backlog(name: str, after: int, audience: str) -> Frames:
    entries = live.since(name, after, PAGE)
    return drawn(name, entries, audience) if entries else []


def _data_version() -> int:
    """A number that moves when another connection has committed; constant on PostgreSQL, which notifies."""
    if connection.vendor != "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        return int(cursor.fetchone()[0])


hub = Hub()
