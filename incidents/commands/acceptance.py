"""Accepting events: one cheap transaction for a whole batch, rules and paging come later (O31-O35, O38, G6).

Called down by the intake's group commit. Events of one key are folded in memory, in their order; then one upsert on
the partial unique index `alert_open_once` counts them all. Nothing here looks at rules or incidents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core import clock, due
from core.due import Priority
from core.models import DueRow
from incidents.commands import alert_rows
from incidents.commands.alert_rows import Draft, Key, Known
from incidents.kinds import Accepted, Normalised, severity_rank
from incidents.models import ChangeEvent, EarlyResolve, Signal
from incidents.queries.waiting import services_waiting

LATE = timedelta(minutes=2)
CHANGE_KINDS = ("deploy", "config", "flag", "package", "infra")


@dataclass(slots=True)
class _Batch:
    """What is known while a batch is worked through."""

    now: datetime
    outcomes: list[Accepted | None]
    open: dict[Key, Known]
    ended: dict[Key, datetime]
    early: dict[Key, datetime] = field(default_factory=dict)
    rows: list[DueRow] = field(default_factory=list)
    unseen: dict[int, str] = field(default_factory=dict)

    def ask(self, alert_id: int, why: str, severity: str, priority: Priority | None = None) -> None:
        """Have the worker look at an alert; critical ones go before the rest of a storm (P3)."""
        usual = Priority.URGENT if severity == "critical" else Priority.INGEST
        row = DueRow(key=f"event:{alert_id}:{why}", kind="event.evaluate", ref=str(alert_id), due=self.now)
        row.priority = usual if priority is None else priority
        self.rows.append(row)

    def turn(self, service_id: int, severity: str) -> Priority:
        """One new alert of a service, and one critical one, go first; those behind them will mostly be grouped (P3)."""
        ahead = self.unseen.get(service_id)
        if severity == "critical" and ahead != "critical":
            self.unseen[service_id] = "critical"
            return Priority.URGENT
        if ahead is None:
            self.unseen[service_id] = "any"
            return Priority.INGEST
        return Priority.FOLLOWING


def accept_batch(events: Sequence[Normalised]) -> list[Accepted]:
    """Store a batch inside the caller's transaction and say, in order, what became of each event (O31)."""
    waiting: dict[Key, list[tuple[int, Normalised]]] = {}
    outcomes: list[Accepted | None] = [None] * len(events)
    for index, event in enumerate(events):
        if event.action in ("info", "change"):
            outcomes[index] = Accepted("signal" if event.action == "info" else "change")
        else:
            waiting.setdefault((event.service_id, event.key[:255]), []).append((index, event))
    _store_others(events)
    batch = _Batch(clock.now(), outcomes, {}, {})
    if waiting:
        batch.open = alert_rows.open_alerts(waiting)
        batch.ended = _ended(batch, waiting)
    while waiting:
        waiting = _round(batch, waiting)
    _remember(batch)
    due.put_many(batch.rows)
    return [outcome for outcome in outcomes if outcome is not None]


def _round(batch: _Batch, waiting: dict[Key, list[tuple[int, Normalised]]]) -> dict[Key, list[tuple[int, Normalised]]]:
    """Work through the events of each key up to its first resolve; give back what is left."""
    drafts: dict[Key, Draft] = {}
    resolves: dict[Key, tuple[int, Normalised]] = {}
    left: dict[Key, list[tuple[int, Normalised]]] = {}
    for key, items in waiting.items():
        for place, (index, event) in enumerate(items):
            if _take(batch, drafts, key, index, event):
                resolves[key] = (index, event)
                if items[place + 1 :]:
                    left[key] = items[place + 1 :]
                break
    _write_drafts(batch, drafts, resolves)
    _write_resolves(batch, resolves)
    return left


def _take(batch: _Batch, drafts: dict[Key, Draft], key: Key, index: int, event: Normalised) -> bool:
    """Fold one event into its key's draft; True when it is a resolve that ends the round.

    What fires again with its first beginning is no late trigger; an end that was known before does not end it.
    """
    known, draft, at = batch.open.get(key), drafts.get(key), _time(batch, event)
    ended = batch.ended.get(key)
    if event.action == "trigger":
        if known is None and draft is None and event.event_at and at and ended and at < ended:
            batch.outcomes[index] = Accepted("stale")
        else:
            drafts.setdefault(key, Draft(event)).add(index, event, at)
        return False
    if known is None and (draft is None or not draft.count):
        batch.outcomes[index] = Accepted("unknown_key")
        if event.action == "resolve" and at:
            batch.early[key] = batch.ended[key] = max(at, batch.ended.get(key, at))
        return False
    if event.action == "acknowledge":
        drafts.setdefault(key, Draft(event)).acknowledge(index)
        return False
    last = max((t for t in (known and known.event_at, draft and draft.event_at) if t), default=None)
    if at and last and (at < last or (event.began_at and ended and last < ended and at <= ended)):
        batch.outcomes[index] = Accepted("stale", known.id if known else None)
        return False
    return True


def _time(batch: _Batch, event: Normalised) -> datetime | None:
    """The tool's time; of a trigger without one the beginning of the condition, since no end can lie before it.

    One that is ahead of our clock is cut, so that no wrong clock can silence later events.
    """
    at = event.event_at or (event.began_at if event.action == "trigger" else None)
    return min(at, batch.now) if at else None


def _write_drafts(batch: _Batch, drafts: dict[Key, Draft], resolves: Iterable[Key]) -> None:
    ending = set(resolves)
    fresh = {service for service, key in drafts if (service, key) not in batch.open}
    batch.unseen.update(services_waiting(fresh - set(batch.unseen)))
    stored = alert_rows.upsert({key: draft for key, draft in drafts.items() if draft.count}, batch.now)
    acknowledged = {}
    for key, draft in drafts.items():
        known, row = batch.open.get(key), stored.get(key)
        alert_id = row.id if row else known.id if known else 0
        severity = row.severity if row else draft.severity
        if row:
            outcome = _count(batch, key, draft, row, is_new=row.count == draft.count, quiet=key in ending)
            batch.open[key] = Known(row.id, row.severity, row.event_at, outcome)
        for index in draft.acknowledgements:
            batch.outcomes[index] = Accepted("acknowledged", alert_id)
            acknowledged[alert_id] = severity
    alert_rows.acknowledge(list(acknowledged), batch.now)
    for alert_id, severity in acknowledged.items():
        batch.ask(alert_id, f"ack:{int(batch.now.timestamp() * 1_000_000)}", severity)


def _count(batch: _Batch, key: Key, draft: Draft, row: Known, *, is_new: bool, quiet: bool) -> int:
    """Say of each trigger whether it was new, worse or one more; ask for a look unless it is resolved again at once."""
    known = batch.open.get(key)
    severity = known.severity if known else row.severity
    changed = is_new
    for place, (index, own) in enumerate(draft.triggers):
        outcome = "duplicate"
        if is_new and place == 0:
            outcome, severity = "new", own
        elif severity_rank(own) < severity_rank(severity):
            outcome, severity, changed = "worse", own, True
        batch.outcomes[index] = Accepted(outcome, row.id)
    if known is None and not is_new:
        changed = True  # another process opened it in this moment: how bad it was is not known here
    if changed and not quiet and is_new:
        batch.ask(row.id, "new", row.severity, batch.turn(key[0], row.severity))
    elif changed and not quiet:
        batch.ask(row.id, f"worse:{row.severity}", row.severity)
    return row.count


def _write_resolves(batch: _Batch, resolves: dict[Key, tuple[int, Normalised]]) -> None:
    rows = []
    for key, (index, event) in resolves.items():
        known, at = batch.open.pop(key), _time(batch, event)
        rows.append((known.id, at))
        batch.outcomes[index] = Accepted("resolved", known.id)
        batch.ask(known.id, "resolved", known.severity, Priority.FOLLOWING)
        ended_at = at or known.event_at
        if ended_at:
            batch.ended[key] = max(ended_at, batch.ended.get(key, ended_at))
    alert_rows.resolve(rows, batch.now)


def _ended(batch: _Batch, waiting: dict[Key, list[tuple[int, Normalised]]]) -> dict[Key, datetime]:
    """When keys ended lately by the tool's own time: triggers that are older than that are late ones (O35, F16)."""
    keys = [
        key
        for key, items in waiting.items()
        if any(e.event_at for _, e in items) and (key not in batch.open or any(e.action == "resolve" for _, e in items))
    ]
    return alert_rows.ended(keys, batch.now - LATE) if keys else {}


def _remember(batch: _Batch) -> None:
    if not batch.early:
        return
    EarlyResolve.objects.filter(received_at__lt=batch.now - LATE).delete()
    EarlyResolve.objects.bulk_create(
        [EarlyResolve(service_id=s, key=k, event_at=at, received_at=batch.now) for (s, k), at in batch.early.items()],
        update_conflicts=True,
        unique_fields=["service", "key"],
        update_fields=["event_at", "received_at"],
    )


def _store_others(events: Sequence[Normalised]) -> None:
    """Informational signals and changes open nothing (DET-12, TRI-08)."""
    now = clock.now()
    Signal.objects.bulk_create(
        [Signal(**_told(e), at=min(e.event_at or now, now)) for e in events if e.action == "info"]
    )
    ChangeEvent.objects.bulk_create(
        [
            ChangeEvent(
                **_told(e),
                kind=e.kind if e.kind in CHANGE_KINDS else "deploy",
                started_at=min(e.event_at or now, now),
                received_at=now,
            )
            for e in events
            if e.action == "change"
        ]
    )


def _told(event: Normalised) -> dict[str, Any]:
    """What both keep of an event, cut to what they hold."""
    return {
        "service_id": event.service_id,
        "summary": event.summary[:1024],
        "source": event.source[:255],
        "details": dict(event.details),
        "links": [dict(link) for link in event.links],
    }
