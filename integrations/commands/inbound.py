"""What arrives: events and their log in one transaction (house, flow A), test events, and the end of old log rows."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from accounts.actors import Actor
from accounts.permissions import require
from core import clock
from incidents.commands.alerts import accept_batch
from incidents.kinds import FLOOD_KEY, Accepted, Normalised
from integrations import permissions
from integrations.commands.flood import FloodGate
from integrations.models import InboundEvent, IntegrationKey
from oncall.models import Service

KEPT = timedelta(days=30)
BODY = 64 * 1024
ROWS = 500
AT_ONCE = 1_000  # events in one statement: databases bound its parameters
USED_EVERY = timedelta(minutes=1)
OUTCOMES = {"new": "accepted", "duplicate": "counted", "unknown_key": "unknown"}
_COLUMNS = (
    "key_id", "service_id", "received_at", "request", "tool", "action", "dedup_key", "body", "outcome", "detail",
    "marks", "alert_id",
)  # fmt: skip
_INSERT = f"INSERT INTO integrations_inboundevent ({', '.join(_COLUMNS)}) VALUES "  # noqa: S608 (own names)
_ROW = f"({', '.join(['%s'] * len(_COLUMNS))})"
NO_HEADERS: Mapping[str, str] = {}
_used: dict[int, datetime] = {}


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request: its events, and its body with secrets masked. `refused` is the reason where nothing was accepted."""

    service_id: int
    tool: str
    events: Sequence[Normalised]
    received_at: datetime
    key_id: int | None = None
    body: str = ""
    refused: str = ""


def write_batch(arrivals: Sequence[Arrival], gate: FloodGate | None = None) -> list[list[Accepted]]:
    """Store the events of several requests and their log rows; called inside the caller's transaction.

    No actor: each arrival stands for a key that the door has checked (Called down from intake and heartbeats).
    """
    folded = _folded(arrivals, gate) if gate else [arrival.events for arrival in arrivals]
    every = [event for events in folded for event in events]
    accepted = [one for start in range(0, len(every), AT_ONCE) for one in accept_batch(every[start : start + AT_ONCE])]
    results: list[list[Accepted]] = []
    rows: list[tuple[Any, ...]] = []
    place, batch = 0, secrets.token_hex(6)
    for arrival, events in zip(arrivals, folded, strict=True):
        mine = list(accepted[place : place + len(events)])
        place += len(events)
        results.append(mine)
        rows += _log_rows(arrival, events, mine, f"{batch}{len(results):04x}")
        if gate:
            gate.note(arrival.key_id, [e.key for e, a in zip(events, mine, strict=True) if a.outcome == "new"])
    _insert(rows)
    _note_use(arrivals)
    return results


def _folded(arrivals: Sequence[Arrival], gate: FloodGate) -> list[Sequence[Normalised]]:
    """Flood mode looks at everything that one key brings in this batch at once (A84).

    In the order of the keys: two processes that count several of them must not wait for each other in a circle.
    """
    by_key: dict[int | None, list[int]] = {}
    for number, arrival in enumerate(arrivals):
        by_key.setdefault(arrival.key_id, []).append(number)
    folded: list[Sequence[Normalised]] = [()] * len(arrivals)
    for key_id, numbers in sorted(by_key.items(), key=lambda item: item[0] or 0):
        together = gate.fold(key_id, [event for number in numbers for event in arrivals[number].events])
        place = 0
        for number in numbers:
            size = len(arrivals[number].events)
            folded[number] = together[place : place + size]
            place += size
    return folded


def _log_rows(
    arrival: Arrival, events: Sequence[Normalised], accepted: Sequence[Accepted], request: str
) -> list[tuple[Any, ...]]:
    at = connection.ops.adapt_datetimefield_value(arrival.received_at)
    fixed = (arrival.key_id, arrival.service_id, at, request, arrival.tool)
    if arrival.refused:
        return [(*fixed, "", "", arrival.body[:BODY], "refused", arrival.refused[:300], "[]", None)]
    rows = []
    for number, (sent, event, result) in enumerate(zip(arrival.events, events, accepted, strict=True)):
        outcome = "flood" if event.key == FLOOD_KEY else OUTCOMES.get(result.outcome, result.outcome)
        if "echo" in event.marks:
            outcome = "echo"
        marks = json.dumps(list(event.marks)) if event.marks else "[]"
        body = arrival.body[:BODY] if number == 0 else ""
        rows.append((*fixed, sent.action, sent.key[:255], body, outcome, "", marks, result.alert_id))
    return rows


def _insert(rows: Sequence[tuple[Any, ...]]) -> None:
    """One statement for many rows: each one of its own would hand the interpreter to the event loop and wait for it."""
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        with connection.cursor() as cursor:
            cursor.execute(_INSERT + ", ".join([_ROW] * len(part)), [value for row in part for value in row])


def _note_use(arrivals: Sequence[Arrival]) -> None:
    """When a key was last used, to the minute; the version stays, since nothing about the key has changed."""
    now = clock.now()
    ids = {arrival.key_id for arrival in arrivals if arrival.key_id is not None}
    stale = [key_id for key_id in ids if key_id not in _used or not timedelta(0) <= now - _used[key_id] < USED_EVERY]
    if stale:
        IntegrationKey.objects.filter(pk__in=stale).update(last_used_at=now)
        transaction.on_commit(lambda: _used.update(dict.fromkeys(stale, now)))


def quieted(event: Normalised, *, echo: bool) -> Normalised:
    """An event that informs and never pages (DET-12); `echo` marks one that quotes a page of ours (F59)."""
    action = "info" if event.action == "trigger" else event.action
    return replace(event, action=action, marks=(*event.marks, "echo") if echo else event.marks)


def is_echo(body: bytes, headers: Mapping[str, str] = NO_HEADERS) -> bool:
    """Whether this very portal has sent what now comes back: else our page would open the incident that pages (F59).

    Certain marks only: an answer link of ours, our mail's own header with our address, our webhook's signature with
    a link to us. Another Watchbill may well report to this one.
    """
    signed = "watchbill-signature" in headers
    if not signed and b"answer" not in body and b"atchbill-" not in body:  # nearly always: nothing is copied
        return False
    plain, home = body.replace(b"\\/", b"/"), settings.PORTAL_URL.encode()
    if home + b"/answer/" in plain or (signed and home + b"/" in plain):
        return True
    return re.search(rb"x-watchbill-origin[^/]{1,24}?" + re.escape(home) + rb"(?![\w.:-])", plain, re.I) is not None


@transaction.atomic
def send_test(actor: Actor, service: Service, *, summary: str = "", severity: str = "info") -> Accepted:
    """Send an event to a service as a monitoring tool would; by default one that pages nobody."""
    require(actor, permissions.EVENT_TEST, service)
    event = Normalised(
        service_id=service.pk,
        action="trigger",
        key=f"test:{secrets.token_hex(8)}",
        summary=summary or f"Test event sent by {actor.label}",
        severity=severity,
        source="Watchbill",
        tool="test",
        details={"sent_by": actor.label},
    )
    [[accepted]] = write_batch([Arrival(service.pk, "test", [event], clock.now(), body=event.summary)])
    return accepted


def prune(batch: int = 1_000) -> int:
    """Delete one batch of log rows older than 30 days; says how many (G20)."""
    old = InboundEvent.objects.filter(received_at__lt=clock.now() - KEPT).order_by("received_at")
    ids = list(old.values_list("pk", flat=True)[:batch])
    InboundEvent.objects.filter(pk__in=ids).delete()
    return len(ids)
