"""P1: committed events a second at the intake, beside its two rivals, in one run; then kill -9 and count."""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.load import Result, drive, request
from tools.chaos.portal import ROOT, Portal, fetch
from tools.services import free_port

SECONDS = 6.0
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


def load(port: int, routing_key: str, rest: Callable[[], None] = lambda: None) -> tuple[Result, int]:
    """Drive one server: what was measured, and how many 202s it has given in all, the warm-up's too.

    `rest` waits after the warm-up, which has made every key once.
    """
    numbers = itertools.count()
    ready = [request("/v2/enqueue", event(routing_key, n)) for n in range(KEYS)]
    warm = drive(port, lambda: ready[next(numbers) % KEYS], connections=4, seconds=2.0)
    rest()
    measured = drive(port, lambda: ready[next(numbers) % KEYS], connections=CONNECTIONS, seconds=SECONDS)
    return measured, warm.statuses[202] + measured.statuses[202]


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
    """The three rates and what was found after the kill."""
    portal = Portal(folder)
    portal.manage("migrate", "-v0")
    portal.manage("createcachetable")
    key = json.loads(portal.python("tools.chaos.population", "1"))[0]
    with rival("bare", portal) as port:
        bare, _ = load(port, key)
    with rival("drf", portal) as port:
        drf, _ = load(port, key)
    portal.start()
    before = counted(portal)
    ours, accepted = load(portal.port, key, lambda: at_rest(portal))
    portal.kill_all()
    after = counted(portal)
    return {
        "ours, events/s": round(ours.rate),
        "bare group commit, events/s": round(bare.rate),
        "DRF update_or_create, events/s": round(drf.rate),
        "times DRF (goal 6)": round(ours.rate / drf.rate, 2),
        "of bare (goal 0.5)": round(ours.rate / bare.rate, 2),
        "p99, ms": round(ours.quantile(0.99) * 1000, 1),
        "refused": sum(n for status, n in ours.statuses.items() if status != 202),
        "202s answered, warm-up included": accepted,
        "logged and counted after kill -9": f"{after[0] - before[0]} and {after[1] - before[1]}",
        "nothing lost, nothing doubled": verdict(
            all(late - early == accepted for late, early in zip(after, before, strict=True))
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
