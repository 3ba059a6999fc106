"""P1: committed events a second at the intake, beside its two rivals, in one run; then kill -9 and count."""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.load import Result, drive, request
from tools.chaos.portal import ROOT, Portal, fetch
from tools.services import free_port

SECONDS, TURNS, WARM = 2.0, 5, 4.0
CONNECTIONS = 32
KEYS = 500  # distinct dedup keys: most events are duplicates, as in a storm


def event(routing_key: str, number: int) -> bytes:
    """A PagerDuty event."""
    return json.dumps(
        {
            "routing_key": routing_key,
            "event_action": "trigger",
            "dedup_key": f"bench-{number % KEYS}",
            "payload": {"summary": f"Disk {number % KEYS} is full", "source": "bench", "severity": "warning"},
        }
    ).encode()


class Runner:
    """Drives one server in turns; `accepted` counts every 202 that it has given, the warm-up's too."""

    def __init__(self, port: int, routing_key: str) -> None:
        numbers = itertools.count()
        ready = [request("/v2/enqueue", event(routing_key, n)) for n in range(KEYS)]
        self.port = port
        self.make = lambda: ready[next(numbers) % KEYS]
        self.accepted = 0
        self.turns: list[Result] = []

    def warm(self) -> None:
        """Make every key once and more."""
        while self.accepted < KEYS:
            self.accepted += drive(self.port, self.make, connections=4, seconds=WARM).statuses[202]

    def turn(self) -> None:
        """One measured turn."""
        result = drive(self.port, self.make, connections=CONNECTIONS, seconds=SECONDS)
        self.accepted += result.statuses[202]
        self.turns.append(result)

    @property
    def rate(self) -> float:
        """The median turn's answers a second."""
        return statistics.median(result.rate for result in self.turns)


@contextlib.contextmanager
def rival(name: str, portal: Portal) -> Any:
    """A rival server on a free port."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.rivals", name, str(port)], env=portal.environment, cwd=ROOT
    )
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                fetch(f"http://127.0.0.1:{port}/", timeout=1)
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def run(folder: Path) -> dict[str, Any]:
    """The three rates, measured in turns so that a neighbour's load meets all alike; and what a kill has left."""
    portal = Portal(folder)
    portal.manage("migrate", "-v0")
    portal.manage("createcachetable")
    key = json.loads(portal.python("tools.chaos.population", "1"))[0]
    with rival("bare", portal) as bare_port, rival("drf", portal) as drf_port:
        bare, drf = Runner(bare_port, key), Runner(drf_port, key)
        bare.warm()
        drf.warm()
        portal.start()
        ours = Runner(portal.port, key)
        before = counted(portal)
        ours.warm()
        at_rest(portal)
        for _ in range(TURNS):
            for runner in (bare, drf, ours):
                runner.turn()
        portal.kill_all()
    after = counted(portal)
    return {
        "ours, events/s": round(ours.rate),
        "bare group commit, events/s": round(bare.rate),
        "DRF update_or_create, events/s": round(drf.rate),
        "times DRF (goal 6)": round(ours.rate / drf.rate, 2),
        "of bare (goal 0.5)": round(ours.rate / bare.rate, 2),
        "p99, ms": round(statistics.median(result.quantile(0.99) for result in ours.turns) * 1000, 1),
        "refused": sum(n for result in ours.turns for status, n in result.statuses.items() if status != 202),
        "202s answered, warm-up included": ours.accepted,
        "logged and counted after kill -9": f"{after[0] - before[0]} and {after[1] - before[1]}",
        "nothing lost, nothing doubled": verdict(
            all(late - early == ours.accepted for late, early in zip(after, before, strict=True))
        ),
    }


def verdict(good: bool) -> str:
    """How a line that can fail is printed."""
    return "pass" if good else "FAIL"


def at_rest(portal: Portal, wait: float = 60) -> None:
    """Wait until the worker has opened and paged what the warm-up brought: that work is P3's to measure."""
    deadline = time.monotonic() + wait
    waiting = "SELECT count(*) FROM core_duerow WHERE kind = 'event.evaluate' AND state != 'done'"
    with contextlib.closing(sqlite3.connect(database_of(portal))) as connection:
        while time.monotonic() < deadline and connection.execute(waiting).fetchone()[0]:
            time.sleep(0.2)
    time.sleep(1)


def database_of(portal: Portal) -> Path:
    """The file."""
    return Path(portal.environment["WATCHBILL_DATA_DIR"]) / "watchbill.sqlite3"


def counted(portal: Portal) -> tuple[int, int]:
    """Events that the database holds: rows of the log, and the alerts' counts."""
    with contextlib.closing(sqlite3.connect(database_of(portal))) as connection:
        logged = connection.execute("SELECT count(*) FROM integrations_inboundevent").fetchone()[0]
        alerts = connection.execute("SELECT coalesce(sum(count), 0) FROM incidents_alert").fetchone()[0]
        return int(logged), int(alerts)
