"""What differs between the two databases, and the guards that both share: locks, versions, deadlines, clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import structlog
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from core import clock
from core.errors import Stale

M = TypeVar("M", bound=models.Model)
CLOCK_EVERY = 10.0
TURN = 0.2  # seconds between two questions whether it is our turn
CLOCK_DEAD_BAND = timedelta(milliseconds=100)
log = structlog.get_logger("portal.database")
_measured_at = [float("-inf")]


class Versioned(Protocol):
    """A row with a version column."""

    version: int


def locked(queryset: models.QuerySet[M]) -> models.QuerySet[M]:
    """The rows, locked until the end of the transaction: row locks on PostgreSQL that let foreign keys be checked.

    SQLite needs none: its transactions are IMMEDIATE, so a second writer waits at its start.
    """
    if connection.vendor == "postgresql":
        return queryset.select_for_update(of=("self",), no_key=True)
    return queryset


def check_version(thing: Versioned, version: int | None) -> None:
    """Refuse a form that was opened on an older version; None asks for no check. Raises Stale (A59, F45)."""
    if version is not None and thing.version != version:
        raise Stale(
            "Somebody has changed this since you opened it.",
            version=thing.version,
            hint="Reload, look at what changed, and try again.",
        )


def bump(thing: Versioned) -> None:
    """Count a change; the caller saves the row."""
    thing.version += 1


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Break off queries of this thread after `seconds` (raises django.db.OperationalError)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            before = cursor.fetchone()[0]
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [str(int(seconds * 1000))])
        try:
            yield
        finally:
            if not connection.needs_rollback:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('statement_timeout', %s, false)", [before])
        return
    connection.ensure_connection()
    end = time.monotonic() + seconds
    raw: Any = connection.connection
    raw.set_progress_handler(lambda: time.monotonic() > end, 20_000)
    try:
        yield
    finally:
        raw.set_progress_handler(None, 0)


@contextmanager
def without_limits(line: Any, *names: str) -> Iterator[None]:
    """Lift limits of PostgreSQL, such as `statement_timeout`, from the connection `line`: they are for pages.

    `lock_timeout` only for what lets others pass while it waits. SQLite: nothing.
    """
    if line.vendor != "postgresql":
        yield
        return
    with line.cursor() as cursor:
        before = [_limited(cursor, name, "0") for name in names]
    try:
        yield
    finally:
        if not line.needs_rollback and line.is_usable():
            with line.cursor() as cursor:
                for name, value in zip(names, before, strict=True):
                    _limited(cursor, name, value)


def _limited(cursor: Any, name: str, value: str) -> str:
    """Set one limit for the session; returns the former."""
    cursor.execute("SELECT current_setting(%s)", [name])
    former: str = cursor.fetchone()[0]
    cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
    return former


@contextmanager
def turn(line: Any, name: str) -> Iterator[None]:
    """Wait until no other session of PostgreSQL has this turn; asked again and again, since whoever waits inside one
    statement is waited for by the building of an index. On SQLite: nothing."""
    if line.vendor != "postgresql":
        yield
        return
    key, waits = f"watchbill.{name}", False
    while not _asked(line, "pg_try_advisory_lock", key):
        if not waits:
            log.info("waiting for another process", turn=name)
            waits = True
        time.sleep(TURN)
    try:
        yield
    finally:
        if not line.needs_rollback and line.is_usable():
            _asked(line, "pg_advisory_unlock", key)


def _asked(line: Any, function: str, key: str) -> bool:
    with line.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtext(%s))", [key])
        return bool(cursor.fetchone()[0])


def one_at_a_time(name: str) -> None:
    """Keep others who ask for this name out until the transaction ends; on SQLite every writer is alone anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"watchbill.{name}"])


def be_patient(seconds: float) -> None:
    """How long this thread's connection waits for a locked SQLite; on PostgreSQL `lock_timeout` says so already."""
    if connection.vendor == "sqlite":
        waiting: Any = connection
        waiting.patience = max(0.1, seconds)


def heal() -> None:
    """Drop this thread's connection if it is broken, so that the next query opens a new one (F21, F22)."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def measure_clock() -> None:
    """Follow the database's clock, so that several hosts agree; measured at most every 10 s (F13). SQLite: nothing."""
    started = time.monotonic()
    if connection.vendor != "postgresql" or started - _measured_at[0] < CLOCK_EVERY:
        return
    before = datetime.now(UTC)  # noqa: TID251 (this host's own clock is what is measured)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs: datetime = cursor.fetchone()[0]
    after = datetime.now(UTC)  # noqa: TID251
    _measured_at[0] = started
    if after - before > timedelta(seconds=1):  # too slow an answer says nothing
        return
    offset = theirs - (before + (after - before) / 2)
    clock.set_offset(offset if abs(offset) >= CLOCK_DEAD_BAND else timedelta(0))


def schema_state() -> str:
    """How the tables stand to this code: ok, behind (migrations wait), ahead (a newer release was here: F51).

    A migration that is missing below others that were applied counts as waiting, though `migrate` refuses to mend it.
    """
    loader = MigrationLoader(connection)
    if loader.graph.nodes.keys() - loader.applied_migrations.keys():
        return "behind"
    known = set(loader.disk_migrations) | set(loader.replacements)
    applied = {key for key in loader.applied_migrations if key[0] in loader.migrated_apps}
    return "ahead" if applied - known else "ok"


def applied_count() -> int:
    """How many migrations the database has had: a cheap sign that somebody is upgrading it (F50)."""
    return MigrationRecorder(connection).migration_qs.count()
