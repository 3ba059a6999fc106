"""Posts events, kills processes, and compares the sink's log with the 202s."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.chaos.figures import Figures, Slow
from tools.chaos.leases import TOKEN, Leases
from tools.chaos.portal import Portal, fetch
from tools.chaos.sink import Sink
from tools.services import Postgres

TREE_EVERY = 20
LEASE_HITS = 0.4  # wanted share of kills that hit a lease; the goal is 0.3
CALM = 12  # events before the first kill


class Loop:
    """One run against one database."""

    def __init__(
        self,
        kills: int,
        *,
        postgres: Postgres | None = None,
        people: int = 400,
        seed: int = 7,
        pause: tuple[float, float] = (0.5, 2.0),
    ) -> None:
        self.goal = kills
        self.postgres = postgres
        self.people = people
        self.pause = pause
        self.random = random.Random(seed)
        self.sink = Sink(delay=0.25)
        self.figures = Figures("PostgreSQL" if postgres else "SQLite")
        self.accepted: dict[str, float] = {}
        self.in_flight: dict[str, int] = {}
        self.killed_at: list[float] = []
        self.down: list[tuple[float, float]] = []
        self.stopping = threading.Event()
        self._numbers = itertools.count()

    def run(self, report: Callable[[str], None] = lambda line: None) -> Figures:
        """Start everything, kill `goal` times, wait for the queue to run dry, compare."""
        folder = Path(tempfile.mkdtemp(prefix="watchbill-chaos-"))
        settings = {"EMAIL_URL": self.sink.url, "WORKERS": "2"}
        if self.postgres:
            settings["DATABASE_URL"] = self.postgres.url
        portal = Portal(folder, **settings)
        self.sink.start()
        try:
            portal.migrate()
            keys = json.loads(portal.python("tools.chaos.population", str(self.people)))
            self.figures.starts.append(portal.start())
            self._calm(portal, keys)
            producer = threading.Thread(target=self._produce, args=(portal, keys), daemon=True)
            producer.start()
            self._kill(portal, Leases(portal, self.postgres), report)
            self.stopping.set()
            producer.join(30)
            self._drain()
            self.figures.ended = portal.stop()
        finally:
            self.stopping.set()
            if portal.process and portal.process.poll() is None:
                portal.kill_all()
            self.sink.stop()
        self._compare()
        if not self.figures.missed():
            shutil.rmtree(folder, ignore_errors=True)
        return self.figures

    # --- events -----------------------------------------------------------------------------------
    def _post(self, portal: Portal, keys: list[str]) -> bool:
        number = next(self._numbers)
        token = f"chaos-{number:06d}"
        payload = {"summary": f"Kill loop {token}", "source": "chaos", "severity": "critical"}
        key = keys[number % len(keys)]
        body = {"routing_key": key, "event_action": "trigger", "dedup_key": token, "payload": payload}
        text = json.dumps(body).encode()
        while not self.stopping.is_set():  # the same event again until somebody says 202
            with contextlib.suppress(OSError):
                if fetch(f"{portal.url}/v2/enqueue", text, timeout=12, Content_Type="application/json")[0] == 202:
                    self.accepted[token] = time.monotonic()
                    return True
            self.stopping.wait(0.05)
        return False

    def _calm(self, portal: Portal, keys: list[str]) -> None:
        """A few events, one by one, before anything is killed (G3)."""
        time.sleep(2)
        for _ in range(CALM):
            self._post(portal, keys)
            time.sleep(0.6)
        until(lambda: all(self.sink.holding(token) for token in self.accepted), 20)
        first = self._first()
        self.figures.calm = [first[token] - at for token, at in self.accepted.items() if token in first]

    def _produce(self, portal: Portal, keys: list[str]) -> None:
        while self._post(portal, keys):
            self.stopping.wait(0.2)

    # --- kills ------------------------------------------------------------------------------------
    def _kill(self, portal: Portal, leases: Leases, report: Callable[[str], None]) -> None:
        while self.figures.kills < self.goal:
            time.sleep(self.random.uniform(*self.pause))
            if self.figures.kills % TREE_EVERY == TREE_EVERY // 2:
                self._kill_tree(portal, leases)
            elif not self._kill_child(portal, leases):
                continue
            self.figures.kills += 1
            if self.figures.kills % 50 == 0:
                report(f"{self.figures.database}: {self.figures.kills} kills, {len(self.accepted)} accepted")

    def _kill_child(self, portal: Portal, leases: Leases) -> bool:
        """Any descendant; one that holds a lease while too few of those were hit."""
        below = portal.tree()
        if self.figures.lease_hits < LEASE_HITS * (self.figures.kills + 1):
            until(lambda: set(leases.held()) & set(below), 2)
            below = [pid for pid in portal.tree() if pid in leases.held()] or portal.tree()
        if not below:
            return False
        self._kill_exactly(portal, leases, [self.random.choice(below)])
        return True

    def _kill_exactly(self, portal: Portal, leases: Leases, victims: list[int]) -> None:
        """Freeze, read what the victims hold, kill: so that a page in flight is known, not guessed."""
        for pid in victims:
            portal.signal(pid, signal.SIGSTOP)
        held = leases.held()
        for pid in victims:
            portal.kill(pid)
        self.killed_at.append(time.monotonic())
        self.figures.lease_hits += any(pid in held for pid in victims)
        for token in set().union(*(held.get(pid, set()) for pid in victims)):
            self.in_flight[token] = self.in_flight.get(token, 0) + 1

    def _kill_tree(self, portal: Portal, leases: Leases) -> None:
        """Kill everything while accepted pages have not left, and measure from the new start to the first (G5)."""
        self.figures.tree_kills += 1
        self.sink.mode = "hold"
        begun = time.monotonic()
        until(lambda: any(at > begun for at in list(self.accepted.values())), 5)
        time.sleep(0.3)
        self._kill_exactly(portal, leases, [portal.pid, *portal.tree()])
        portal.kill_all()
        overdue = set(self.accepted) - set(self._first())
        killed = time.monotonic()
        self.sink.mode = "ok"
        self.figures.starts.append(portal.start())
        up = time.monotonic()
        self.down.append((killed, up))
        if overdue and until(lambda: overdue & set(self._first(killed)), 60):
            first = min(at for token, at in self._first(killed).items() if token in overdue)
            self.figures.restart_to_page.append(max(0.0, first - up))

    # --- the sink's log ---------------------------------------------------------------------------
    @staticmethod
    def _tokens(mail: Any) -> set[str]:
        return set(TOKEN.findall(mail.subject + mail.text))

    def _first(self, since: float = 0.0) -> dict[str, float]:
        """When each token first arrived at or after `since` (monotonic)."""
        first: dict[str, float] = {}
        for mail in list(self.sink.log):
            if mail.at >= since:
                for token in self._tokens(mail):
                    first.setdefault(token, mail.at)
        return first

    def _drain(self, limit: float = 150) -> None:
        if until(lambda: set(self.accepted) <= set(self._first()), limit, every=0.5):
            time.sleep(3)

    def _compare(self) -> None:
        first = self._first()
        count: dict[str, int] = {}
        for mail in self.sink.log:
            for token in self._tokens(mail):
                count[token] = count.get(token, 0) + 1
        figures = self.figures
        figures.accepted = len(self.accepted)
        figures.lost = sorted(set(self.accepted) - set(first))
        figures.duplicates = {token: n for token, n in count.items() if n > 1}
        figures.unexplained = [t for t, n in figures.duplicates.items() if n > 1 + self.in_flight.get(t, 0)]
        stressed = list(self.accepted)[CALM:]
        slow = [self._slow(token, self.accepted[token], first[token]) for token in stressed if token in first]
        figures.latencies = [one.seconds for one in slow]
        figures.working = [one.seconds - one.down for one in slow]
        figures.slowest = sorted(slow, key=lambda one: -one.seconds)[:5]

    def _slow(self, token: str, begun: float, ended: float) -> Slow:
        down = sum(max(0.0, min(ended, up) - max(begun, killed)) for killed, up in self.down)
        return Slow(token, ended - begun, down, sum(begun < at < ended for at in self.killed_at))


def until(check: Callable[[], Any], seconds: float, every: float = 0.02) -> bool:
    """Wait until `check` gives something true; False when it did not within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return True
        time.sleep(every)
    return False
