"""The threads that talk to the outside: bounded in all and per lane, so that a hanging provider delays only itself."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from core import db, due


class Pool:
    """Runs external effects; `on_free` is called whenever a place becomes free."""

    size = 16
    per_lane = 6

    def __init__(self, do: Callable[[due.Item], None]) -> None:
        self.on_free: Callable[[], None] = lambda: None
        self._do = do
        self._threads = ThreadPoolExecutor(self.size, thread_name_prefix="external")
        self._lock = threading.Lock()
        self._busy: dict[int, tuple[due.Item, float]] = {}

    def lanes(self) -> list[str]:
        """The lane of every running effect."""
        with self._lock:
            return [item.lane for item, _ in self._busy.values()]

    def room(self) -> int:
        """How many more effects can start at once."""
        return self.size - len(self.lanes())

    def full_lanes(self) -> list[str]:
        """Lanes whose share is used up."""
        return [lane for lane, count in Counter(self.lanes()).items() if count >= self.per_lane]

    def suspects(self) -> int:
        """How many running rows were held by a worker that ended by itself (F18)."""
        with self._lock:
            return sum(1 for item, _ in self._busy.values() if item.crashes)

    def stuck(self, seconds: float) -> bool:
        """Whether an effect has run for longer than `seconds`."""
        limit = time.monotonic() - seconds
        with self._lock:
            return any(started < limit for _, started in self._busy.values())

    def start(self, item: due.Item) -> None:
        """Run an item in a thread of its own."""
        with self._lock:
            self._busy[item.id] = (item, time.monotonic())
        self._threads.submit(self._run, item)

    def _run(self, item: due.Item) -> None:
        try:
            self._do(item)
        finally:
            db.heal()
            with self._lock:
                self._busy.pop(item.id, None)
            self.on_free()

    def close(self, seconds: float) -> int:
        """Start nothing more and wait up to `seconds`; says how many effects are still running."""
        end = time.monotonic() + seconds
        while self.lanes() and time.monotonic() < end:
            time.sleep(0.02)
        self._threads.shutdown(wait=False, cancel_futures=True)
        return len(self.lanes())
