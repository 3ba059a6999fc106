"""The demo's stage: stories go on side by side under one stopped clock, and the worker does what falls due between.

A story is a generator: it acts through the ordinary commands and yields the aware time at which it goes on.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime
from itertools import count

from core import due, worker
from core.clock import FrozenClock
from core.models import DueRow

Story = Iterator[datetime]
AT_ONCE = 3  # rows in hand, as a worker takes them


class Stage:
    """Plays stories in the order of time, so that no step of one is older than what another has left behind."""

    def __init__(self, clock: FrozenClock) -> None:
        self._clock = clock
        self._order = count()
        self._waiting: list[tuple[datetime, int, Story]] = []

    def add(self, at: datetime, story: Story) -> None:
        """Let a story begin at an aware time."""
        heapq.heappush(self._waiting, (at, next(self._order), story))

    def play(self, until: datetime) -> None:
        """Go on until nothing is left to do before an aware time; stories that wait for later stay where they are."""
        while self._waiting and self._waiting[0][0] <= until:
            at, _, story = heapq.heappop(self._waiting)
            self._catch_up(at)
            self._clock.set(at)
            again = next(story, None)
            _work()
            if again is not None:
                self.add(max(again, at), story)
        self._catch_up(until)
        self._clock.set(until)

    def _catch_up(self, until: datetime) -> None:
        """Do what falls due on the way, each at its own time: escalations, repeats, quiet times, closings."""
        while True:
            rows = DueRow.objects.filter(state=DueRow.WAITING, due__lte=until).order_by("due")
            first = rows.values_list("due", flat=True).first()
            if first is None:
                return
            self._clock.set(max(self._clock.at, first))
            _work()


def _work() -> None:
    """Do what is due at this moment, and what follows from it; an error is raised."""
    while items := due.claim(AT_ONCE):
        for item in items:
            worker.do(item, strict=True)
