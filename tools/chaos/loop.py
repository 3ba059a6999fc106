"""Posts events, kills processes, and compares the sink's log with the 202s."""

from __future__ import annotations

import contextlib
import json
import random
import re
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tools.chaos.portal import Portal, fetch
from tools.chaos.sink import Sink
from tools.services import Postgres

TOKEN = re.compile(r"chaos-\d{6}")


@dataclass
class Figures:
    """What the loop saw; times in seconds."""

    database: str
    kills: int = 0
    tree_kills: int = 0
    lease_hits: int = 0
    accepted: int = 0
    lost: list[str] = field(default_factory=list)
    duplicates: dict[str, int] = field(default_factory=dict)
    unexplained: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    restart_to_page: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The figures as plain values (G1, G2, G4, G5)."""
        ordered = sorted(self.latencies)
        return {
            "database": self.database,
            "kills": self.kills,
            "of the whole tree": self.tree_kills,
            "kills that hit a lease": round(self.lease_hits / max(1, self.kills), 3),
            "accepted": self.accepted,
            "lost": len(self.lost),
            "pages sent twice": len(self.duplicates),
            "more sendings than kills in flight": len(self.unexplained),
            "p50": round(statistics.median(ordered), 2) if ordered else None,
            "p99": round(ordered[int(len(ordered) * 0.99)], 2) if ordered else None,
            "max": round(ordered[-1], 2) if ordered else None,
            "restart to first overdue page, max": round(max(self.restart_to_page, default=0), 2),
        }


HELD = """
SELECT r.lease_owner, i.title FROM core_duerow r
LEFT JOIN notifications_delivery d ON r.kind = 'delivery.send' AND CAST(d.id AS TEXT) = r.ref
LEFT JOIN oncall_page p ON d.purpose = 'page' AND CAST(p.id AS TEXT) = d.purpose_key
LEFT JOIN incidents_incident i ON p.subject = 'incident:' || i.number
WHERE r.state = 'leased'
"""


class Leases:
    """Which process ids hold a lease now, and on which pages, read past the product."""

    def __init__(self, portal: Portal, postgres: Postgres | None) -> None:
        self._path = Path(portal.environment["WATCHBILL_DATA_DIR"]) / "watchbill.sqlite3"
        self._postgres = postgres
        self._connection: Any = None

    def held(self) -> dict[int, set[str]]:
        """Process id -> the tokens of the pages that it is sending; empty when the database does not answer."""
        try:
            rows = self._rows()
        except Exception:  # noqa: BLE001 (a killed server may be half gone; then nobody is known)
            self._connection = None
            return {}
        found: dict[int, set[str]] = {}
        for owner, text in rows:
            found.setdefault(int(owner.split(":")[1]), set()).update(TOKEN.findall(text or ""))
        return found

    def _rows(self) -> list[Any]:
        if self._postgres is None:
            with contextlib.closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=1)) as connection:
                return connection.execute(HELD).fetchall()
        if self._connection is None:
            self._connection = psycopg.connect(self._postgres.url, autocommit=True)
        return list(self._connection.execute(HELD).fetchall())


class Loop:
    """One run against one database."""

    def __init__(self, kills: int, *, postgres: Postgres | None = None, people: int = 400, seed: int = 7) -> None:
        self.goal = kills
        self.postgres = postgres
        self.people = people
        self.random = random.Random(seed)
        self.sink = Sink(delay=0.25)
        self.figures = Figures("PostgreSQL" if postgres else "SQLite")
        self.accepted: dict[str, float] = {}
        self.in_flight: dict[str, int] = {}
        self.stopping = threading.Event()
        self.paused = threading.Event()

    def run(self, report: Callable[[str], None] = lambda line: None) -> Figures:
        """Start everything, kill `goal` times, wait for the queue to run dry, compare."""
        folder = Path(tempfile.mkdtemp(prefix="watchbill-chaos-"))
        settings = {"EMAIL_URL": self.sink.url, "WORKERS": "2"}
        if self.postgres:
            settings["DATABASE_URL"] = self.postgres.url
        portal = Portal(folder, **settings)
        self.sink.start()
        try:
            portal.manage("migrate", "-v0")
            keys = json.loads(portal.python("tools.chaos.population", str(self.people)))
            portal.start()
            producer = threading.Thread(target=self._produce, args=(portal, keys), daemon=True)
            producer.start()
            self._kill(portal, Leases(portal, self.postgres), report)
            self.stopping.set()
            producer.join(30)
            self._drain()
            portal.stop()
        finally:
            self.stopping.set()
            if portal.process and portal.process.poll() is None:
                portal.kill_all()
            self.sink.stop()
        self._compare()
        return self.figures

    def _produce(self, portal: Portal, keys: list[str]) -> None:
        number = 0
        while not self.stopping.is_set():
            token = f"chaos-{number:06d}"
            body = {
                "routing_key": keys[number % len(keys)],
                "event_action": "trigger",
                "dedup_key": token,
                "payload": {"summary": f"Kill loop {token}", "source": "chaos", "severity": "critical"},
            }
            if self._post(portal, json.dumps(body).encode()):
                self.accepted[token] = time.monotonic()
                number += 1
                self.stopping.wait(0.2)
            else:
                self.stopping.wait(0.05)

    def _post(self, portal: Portal, body: bytes) -> bool:
        with contextlib.suppress(OSError):
            return fetch(f"{portal.url}/v2/enqueue", body, timeout=12, Content_Type="application/json")[0] == 202
        return False

    def _kill(self, portal: Portal, leases: Leases, report: Callable[[str], None]) -> None:
        while self.figures.kills < self.goal:
            time.sleep(self.random.uniform(0.5, 2.0))
            if self.figures.kills % 20 == 19:
                self._kill_tree(portal, leases)
            else:
                self._kill_child(portal, leases)
            self.figures.kills += 1
            if self.figures.kills % 50 == 0:
                report(f"{self.figures.database}: {self.figures.kills} kills, {len(self.accepted)} accepted")

    def _kill_child(self, portal: Portal, leases: Leases) -> None:
        below = portal.tree()
        if not below:
            return
        held = {pid: tokens for pid, tokens in leases.held().items() if pid in below}
        wanted = held and self.random.random() < 0.45
        victim = self.random.choice(sorted(held) if wanted else below)
        portal.kill(victim)
        self._count(held, [victim])

    def _count(self, held: dict[int, set[str]], victims: list[int]) -> None:
        """A kill that took a lease may cost the pages in flight one more sending each."""
        self.figures.lease_hits += any(pid in held for pid in victims)
        for pid in victims:
            for token in held.get(pid, ()):
                self.in_flight[token] = self.in_flight.get(token, 0) + 1

    def _kill_tree(self, portal: Portal, leases: Leases) -> None:
        self.figures.tree_kills += 1
        held, below = leases.held(), portal.tree()
        portal.kill_all()
        self._count(held, below)
        waiting = {token for token in self.accepted if not self.sink.holding(token)}
        begun = time.monotonic()
        portal.start()
        started = time.monotonic()
        if waiting:
            while time.monotonic() < begun + 60:
                if any(mail.at > begun and self._tokens(mail) & waiting for mail in list(self.sink.log)):
                    self.figures.restart_to_page.append(time.monotonic() - started)
                    return
                time.sleep(0.05)

    @staticmethod
    def _tokens(mail: Any) -> set[str]:
        return set(TOKEN.findall(mail.subject + mail.text))

    def _drain(self, limit: float = 150) -> None:
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            seen = set().union(*(self._tokens(mail) for mail in list(self.sink.log))) if self.sink.log else set()
            if set(self.accepted) <= seen:
                time.sleep(3)
                return
            time.sleep(0.5)

    def _compare(self) -> None:
        first: dict[str, float] = {}
        times: dict[str, set[str]] = {}
        count: dict[str, int] = {}
        for mail in self.sink.log:
            for token in self._tokens(mail):
                first.setdefault(token, mail.at)
                times.setdefault(token, set()).add(mail.message_id)
                count[token] = count.get(token, 0) + 1
        self.figures.accepted = len(self.accepted)
        self.figures.lost = sorted(set(self.accepted) - set(first))
        self.figures.duplicates = {token: n for token, n in count.items() if n > 1}
        self.figures.unexplained = [
            token for token, n in self.figures.duplicates.items() if n > 1 + self.in_flight.get(token, 0)
        ]
        self.figures.latencies = [first[token] - at for token, at in self.accepted.items() if token in first]
