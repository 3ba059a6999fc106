"""The SQL of the intake: the same statements on SQLite and PostgreSQL, one for any number of keys (O31, stack 3)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection

from incidents.kinds import SEVERITIES, Normalised, severity_rank
from incidents.models import Alert, EarlyResolve

Key = tuple[int, str]
LATEST = ("summary", "source", "component", "group", "kind", "tool_group", "tool", "details", "links", "marks")
LIMITS = (
    *(("summary", 1024), ("source", 255), ("component", 255), ("group", 255), ("kind", 255)),
    *(("tool_group", 255), ("tool", 30)),
)
COLUMNS = (
    *("service_id", "key", "state", "severity", "judged_severity", "count"),
    *("first_seen", "last_seen", "event_at", *LATEST),
)


@dataclass(frozen=True, slots=True)
class Known:
    """An open alert as the database has it."""

    id: int
    severity: str
    event_at: datetime | None
    count: int = 0


@dataclass(slots=True)
class Draft:
    """What the triggers of one key in one batch amount to: how many, the worst severity, the newest words (O34)."""

    latest: Normalised
    event_at: datetime | None = None
    severity: str = "info"
    triggers: list[tuple[int, str]] = field(default_factory=list)
    acknowledgements: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many triggers."""
        return len(self.triggers)

    def add(self, index: int, event: Normalised, at: datetime | None) -> None:
        """One more trigger; words that are older by the tool's own time do not replace newer ones."""
        own = event.severity if event.severity in SEVERITIES else "error"
        self.severity = min(self.severity, own, key=severity_rank)
        if not self.triggers or at is None or self.event_at is None or at >= self.event_at:
            self.latest, self.event_at = event, at or self.event_at
        self.triggers.append((index, own))

    def acknowledge(self, index: int) -> None:
        """The tool says that somebody has taken it."""
        self.acknowledgements.append(index)


def open_alerts(keys: Collection[Key]) -> dict[Key, Known]:
    """The open alerts under these keys, locked in the order of their ids."""
    locking = "ORDER BY a.id FOR UPDATE OF a" if connection.vendor == "postgresql" else ""
    return _known(
        f"""WITH wanted (s, k) AS (VALUES {_marks(keys, 2)})
            SELECT a.service_id, a."key", a.id, a.severity, a.event_at, a.count FROM wanted
            CROSS JOIN incidents_alert a WHERE a.service_id = s AND a."key" = k AND a.state = 'open' {locking}""",  # noqa: S608 (own names)
        _flat(keys),
    )


def ended(keys: Sequence[Key], since: datetime) -> dict[Key, datetime]:
    """The tool's time at which these keys ended, of those that ended after `since` by our clock."""
    at = connection.ops.adapt_datetimefield_value(since)
    resolved = Alert.objects.raw(
        f"""WITH wanted (s, k) AS (VALUES {_marks(keys, 2)})
            SELECT a.id, a.service_id, a."key", a.event_at FROM wanted
            CROSS JOIN incidents_alert a WHERE a.service_id = s AND a."key" = k AND a.state = 'resolved'
            AND a.resolved_at >= %s AND a.event_at IS NOT NULL""",  # noqa: S608 (own names)
        [*_flat(keys), at],
    )
    found: dict[Key, datetime] = {}
    early = EarlyResolve.objects.filter(
        service_id__in={s for s, _ in keys}, key__in=[k for _, k in keys], received_at__gte=since
    )
    times = [((a.service_id, a.key), a.event_at) for a in resolved]
    times += [((e.service_id, e.key), e.event_at) for e in early]
    for key, ended_at in times:
        if ended_at is not None:
            found[key] = max(ended_at, found.get(key, ended_at))
    return found


def upsert(drafts: Mapping[Key, Draft], now: datetime) -> dict[Key, Known]:
    """Insert what is new and count what is open, in one statement; `count` tells the two apart (O31, O34)."""
    if not drafts:
        return {}
    rows = [_values(key, drafts[key], now) for key in sorted(drafts)]
    return _known(
        f"""INSERT INTO incidents_alert ({", ".join(map(_quoted, COLUMNS))}) VALUES {_marks(rows, len(COLUMNS))}
            ON CONFLICT (service_id, "key") WHERE state = 'open' DO UPDATE SET {_changes()}
            RETURNING service_id, "key", id, severity, event_at, count""",  # noqa: S608 (own names)
        _flat(rows),
    )


def _known(sql: str, values: Sequence[Any]) -> dict[Key, Known]:
    """Rows of service, key, id, severity, event_at and count; without models, since this is the hot path."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {
            (service, key): Known(pk, severity, _aware(at), count)
            for service, key, pk, severity, at, count in cursor.fetchall()
        }


def _aware(at: datetime | None) -> datetime | None:
    """A stored time: PostgreSQL gives an aware one, SQLite a naive one in UTC."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def acknowledge(ids: Sequence[int], now: datetime) -> None:
    """Note that the tool acknowledged these alerts."""
    if ids:
        Alert.objects.filter(pk__in=ids).update(acknowledged_at=now)


def resolve(rows: Iterable[tuple[int, datetime | None]], now: datetime) -> None:
    """End these alerts; the tool's time stays with them for events that come late (O35)."""
    at = connection.ops.adapt_datetimefield_value
    values = [(at(now), at(event_at) if event_at else None, alert_id) for alert_id, event_at in rows]
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE incidents_alert SET state = 'resolved', resolved_at = %s, event_at = COALESCE(%s, event_at)"
                " WHERE id = %s AND state = 'open'",
                values,
            )


def _values(key: Key, draft: Draft, now: datetime) -> list[Any]:
    at = connection.ops.adapt_datetimefield_value
    event, moment = draft.latest, at(now)
    texts = [getattr(event, name)[:limit] for name, limit in LIMITS]
    links = [dict(link) for link in event.links]
    documents = [json.dumps(value) for value in (dict(event.details), links, list(event.marks))]
    when = at(draft.event_at) if draft.event_at else None
    return [*key, "open", draft.severity, "", draft.count, moment, moment, when, *texts, *documents]


@cache
def _changes() -> str:
    """What a duplicate changes: the count, the last time, a worse severity, and the words unless they are older."""
    newer = (
        "excluded.event_at IS NULL OR incidents_alert.event_at IS NULL OR excluded.event_at >= incidents_alert.event_at"
    )
    words = [
        f"{_quoted(name)} = CASE WHEN {newer} THEN excluded.{_quoted(name)} ELSE incidents_alert.{_quoted(name)} END"
        for name in LATEST
    ]
    worse = f"{_rank('excluded')} < {_rank('incidents_alert')}"
    return ", ".join(
        [
            "count = incidents_alert.count + excluded.count",
            "last_seen = excluded.last_seen",
            f"severity = CASE WHEN {worse} THEN excluded.severity ELSE incidents_alert.severity END",
            f"event_at = CASE WHEN {newer} THEN COALESCE(excluded.event_at, incidents_alert.event_at)"
            " ELSE incidents_alert.event_at END",
            *words,
        ]
    )


def _rank(table: str) -> str:
    cases = " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(SEVERITIES))
    return f"CASE {table}.severity {cases} ELSE 1 END"


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _marks(rows: Collection[object], width: int) -> str:
    one = "(" + ", ".join(["%s"] * width) + ")"
    return ", ".join([one] * len(rows))


def _flat(rows: Iterable[Iterable[Any]]) -> list[Any]:
    return [value for row in rows for value in row]
