"""P2: from the 202 to the provider, one event at a time; P3: the same in a storm over 50 services."""

from __future__ import annotations

import contextlib
import json
import random
import re
import sqlite3
import time
from pathlib import Path
from typing import Any

from bench.intake import database_of, verdict
from bench.load import drive, request
from tools.chaos.portal import Portal, fetch
from tools.chaos.sink import Received, Sink

TOKEN = re.compile(r"bench-[a-z0-9-]+")


def event(key: str, token: str, severity: str = "critical") -> bytes:
    """A PagerDuty event whose title holds a token."""
    payload = {"summary": f"Measured {token}", "source": "bench", "severity": severity}
    document = {"routing_key": key, "event_action": "trigger", "dedup_key": token, "payload": payload}
    return json.dumps(document).encode()


def share(values: list[float], of: float) -> float:
    """A quantile in milliseconds."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * of))] * 1000, 1) if ordered else -1.0


def idle(folder: Path, events: int = 120) -> dict[str, Any]:
    """P2: events with pauses, each to a person who has had no page for a while."""
    sink, portal, keys = _start(folder, events)
    try:
        taken: dict[str, float] = {}
        for number, key in enumerate(keys):
            token = f"bench-{number:04d}"
            status, _ = fetch(f"{portal.url}/v2/enqueue", event(key, token), Content_Type="application/json")
            if status == 202:
                taken[token] = time.monotonic()
            time.sleep(0.12 + random.random() * 0.2)
        time.sleep(2)
        first = _first(sink)
        waits = [first[token] - at for token, at in taken.items() if token in first]
    finally:
        portal.stop()
        sink.stop()
    return {
        "events": len(taken),
        "handed over": len(waits),
        "p50, ms": share(waits, 0.5),
        "p99, ms (goal 150)": share(waits, 0.99),
        "max, ms": share(waits, 1.0),
    }


def storm(folder: Path, events: int = 10_000, services: int = 50) -> dict[str, Any]:
    """P3: 10,000 events over 50 services as fast as they are taken, one P1 of another service in the middle."""
    sink, portal, keys = _start(folder, services + 1, group="window")
    canary_key, keys = keys[-1], keys[:-1]
    position = 0
    sent: dict[str, float] = {}

    def make() -> bytes | None:
        nonlocal position
        position += 1
        if position > events:
            return None
        if position == events // 2:
            sent["bench-canary"] = time.monotonic()
            return request("/v2/enqueue", event(canary_key, "bench-canary"))
        number = position % services
        sent.setdefault(f"bench-s{number:02d}", time.monotonic())
        return request("/v2/enqueue", event(keys[number], f"bench-s{number:02d}-{position:05d}", "error"))

    try:
        result = drive(portal.port, make, connections=32, seconds=120)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(_people(sink)) < services + 1:
            time.sleep(0.2)
        time.sleep(2)
        mails = list(sink.log)
        people = {mail.to for mail in mails}
        canary = min((mail.at for mail in mails if "bench-canary" in mail.subject + mail.text), default=None)
        others = sorted(_waits(mails, sent))
    finally:
        portal.stop()
        sink.stop()
    return {
        "events": sum(result.statuses.values()),
        "events/s": round(result.rate),
        "not 202": sum(n for status, n in result.statuses.items() if status != 202),
        "ingest p99, ms": share(result.latencies, 0.99),
        "first page, ms (goal 1000)": round(others[0] * 1000) if others else -1,
        "P1 inside the storm, ms (goal 1000)": round((canary - sent["bench-canary"]) * 1000) if canary else -1,
        "everybody's first page p99, ms (goal 5000)": round(others[int(len(others) * 0.99)] * 1000) if others else -1,
        "people paged": len(people),
        "mails": len(mails),
    }


def one_key(folder: Path, events: int = 10_000) -> dict[str, Any]:
    """G6, G7: 10,000 events of one service and key; in the middle a P1 of another service."""
    sink, portal, (key, canary_key) = _start(folder, 2)
    position = 0
    sent = 0.0

    def make() -> bytes | None:
        nonlocal position, sent
        position += 1
        if position > events:
            return None
        if position == events // 2:
            sent = time.monotonic()
            return request("/v2/enqueue", event(canary_key, "bench-canary"))
        return request("/v2/enqueue", event(key, "bench-one", "error"))

    try:
        result = drive(portal.port, make, connections=32, seconds=120)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and len(_people(sink)) < 2:
            time.sleep(0.2)
        time.sleep(2)
        mails = list(sink.log)
        canary = next((mail.at for mail in mails if "bench-canary" in mail.subject + mail.text), None)
        incidents, counted = _stored(portal)
    finally:
        portal.stop()
        sink.stop()
    refused = sum(n for status, n in result.statuses.items() if status != 202)
    pages = sum(1 for mail in mails if "bench-one" in mail.subject + mail.text)
    p99 = share(result.latencies, 0.99)
    good = incidents == 2 and counted == events and 1 <= pages <= 3 and not refused and p99 <= 2000
    return {
        "events/s (goal 150)": round(result.rate),
        "not 202": refused,
        "ingest p99, ms (goal 2000)": p99,
        "incidents, the canary's included": incidents,
        "events counted": counted,
        "pages of the storm (goal 3)": pages,
        "P1 inside the storm, ms (goal 15000)": round((canary - sent) * 1000) if canary else -1,
        "G6": verdict(good),
    }


def _stored(portal: Portal) -> tuple[int, int]:
    with contextlib.closing(sqlite3.connect(database_of(portal))) as connection:
        incidents = connection.execute("SELECT count(*) FROM incidents_incident").fetchone()[0]
        return int(incidents), int(connection.execute("SELECT sum(count) FROM incidents_alert").fetchone()[0])


def _start(folder: Path, people: int, *, group: str = "none") -> tuple[Sink, Portal, list[str]]:
    sink = Sink()
    sink.start()
    portal = Portal(folder, EMAIL_URL=sink.url)
    portal.manage("migrate", "-v0")
    keys = json.loads(portal.python("tools.chaos.population", str(people), group))
    portal.start()
    time.sleep(2)
    return sink, portal, keys


def _first(sink: Sink) -> dict[str, float]:
    found: dict[str, float] = {}
    for mail in list(sink.log):
        for token in TOKEN.findall(mail.subject + mail.text):
            found.setdefault(token, mail.at)
    return found


def _waits(mails: list[Received], sent: dict[str, float]) -> list[float]:
    """How long after the first event of a service its first page came: each service has one person."""
    waits: dict[str, float] = {}
    for mail in mails:
        for token in TOKEN.findall(mail.subject + mail.text):
            name = "-".join(token.split("-")[:2])
            if name in sent:
                waits.setdefault(name, mail.at - sent[name])
    return list(waits.values())


def _people(sink: Sink) -> set[str]:
    return {mail.to for mail in list(sink.log)}
