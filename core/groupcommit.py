"""Many small writes as one transaction: callers wait until the group in which theirs stands is committed.

One thread with its own database connection takes whatever has queued up, hands it to the handler in one
transaction, commits, and only then answers every caller. `synchronous=FULL` is paid once per group (stack 5).
The connection waits at most BUSY_SECONDS for a locked database, so that a caller hears 503 within 10 s (F20).
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection, transaction

from core import db

T = TypeVar("T")
R = TypeVar("R")
BUSY_SECONDS = 8
log = structlog.get_logger("portal.groupcommit")


class Busy(Exception):
    """Nothing was saved: the queue is full or the database cannot be written now. Answer 503 with Retry-After."""


@dataclass(slots=True)
class _Waiting(Generic[T, R]):
    item: T
    until: float
    answer: Future[R] = field(default_factory=Future)


class GroupCommit(Generic[T, R]):
    """A writer for one kind of item.

    `handler` gets a list of items inside a transaction and returns one result per item, in order. When it
    raises for a group of several, each item is tried in a transaction of its own, so that one bad item
    spoils nobody else's; the bad one's caller gets the exception. `max_wait` is how long, in seconds, the
    writer lets a group gather after its first item (0: it takes what is there).
    """

    def __init__(
        self,
        handler: Callable[[list[T]], Sequence[R]],
        *,
        max_batch: int = 200,
        max_wait: float = 0.0,
        max_waiting: int = 5000,
    ) -> None:
        self.handler = handler
        self.max_batch = max_batch
        self.max_wait = max_wait
        self._queue: queue.Queue[_Waiting[T, R]] = queue.Queue(maxsize=max_waiting)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    async def submit(self, item: T) -> R:
        """Wait until the item is committed and return its result; raises Busy, or what the handler raised for it."""
        return await asyncio.wrap_future(self._put(item))

    def submit_and_wait(self, item: T) -> R:
        """The same for a caller in a thread."""
        return self._put(item).result()

    def _put(self, item: T) -> Future[R]:
        waiting: _Waiting[T, R] = _Waiting(item, time.monotonic() + BUSY_SECONDS)
        try:
            self._queue.put_nowait(waiting)
        except queue.Full:
            raise Busy("the queue of writes is full") from None
        if self._thread is None or not self._thread.is_alive():
            self._start()
        return waiting.answer

    def _start(self) -> None:
        """The thread starts with the first item, so that a fork before it takes none along; a dead one is replaced."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="group-commit", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            group = self._gather()
            try:
                self._write(group)
            except Exception:  # loop edge: the thread goes on, and those who wait are told below
                log.exception("the writer stumbled", items=len(group))
            finally:  # whatever happens here, nobody waits for ever
                for waiting in group:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(Busy("the writer was interrupted"))

    def _gather(self) -> list[_Waiting[T, R]]:
        group = [self._queue.get()]
        until = time.monotonic() + self.max_wait
        while len(group) < self.max_batch:
            rest = until - time.monotonic()
            try:
                group.append(self._queue.get(timeout=rest) if rest > 0 else self._queue.get_nowait())
            except queue.Empty:
                break
        return group

    def _write(self, group: list[_Waiting[T, R]]) -> None:
        """Commit a group and answer its callers; those who have waited too long, or left, are not written."""
        now = time.monotonic()
        fresh = []
        for waiting in group:
            if waiting.answer.set_running_or_notify_cancel():
                if waiting.until > now:
                    fresh.append(waiting)
                else:
                    waiting.answer.set_exception(Busy("the database was busy for too long"))
        if fresh:
            self._settle(fresh)

    def _settle(self, group: list[_Waiting[T, R]]) -> None:
        """Every caller gets a result or an exception; a group that one item spoils is written item by item."""
        try:
            results = self._commit(group)
        except (OperationalError, InterfaceError) as error:
            log.error("group not written", items=len(group), error=type(error).__name__)
            for waiting in group:
                waiting.answer.set_exception(Busy("the database cannot be written now"))
            with suppress(DatabaseError, InterfaceError):
                connection.close()
        except Exception as error:  # noqa: BLE001 (loop edge: the caller gets it)
            if len(group) == 1:
                group[0].answer.set_exception(error)
            else:
                for waiting in group:
                    self._settle([waiting])
        else:
            for waiting, result in zip(group, results, strict=True):
                waiting.answer.set_result(result)

    def _commit(self, group: list[_Waiting[T, R]]) -> Sequence[R]:
        close_old_connections()
        db.be_patient(min(waiting.until for waiting in group) - time.monotonic())
        with transaction.atomic():
            results = self.handler([waiting.item for waiting in group])
            if len(results) != len(group):
                raise RuntimeError("the handler of a group must return one result per item")
        return results
