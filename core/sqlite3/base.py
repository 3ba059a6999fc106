"""A busy database is asked again every millisecond or two, so that no process starves another of the write lock.

SQLite's own busy handler sleeps up to 100 ms between two looks. While the intake's writer and the worker take the
lock again a moment after they gave it back, whoever sleeps that long hardly ever finds it free (decision 0005).
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from django.db.backends.sqlite3 import base

LOOK_EVERY = 0.001  # seconds; up to twice that, so that two who wait do not keep step
PATIENCE = 20.0
BUSY = 0xFF  # the primary code in an extended one


class PatientCursor(base.SQLiteCursorWrapper):
    """Asks again while another connection writes, for as long as its connection is patient."""

    def __init__(self, connection: sqlite3.Connection, owner: DatabaseWrapper) -> None:
        super().__init__(connection)
        self._owner = owner

    def execute(self, query: str, params: Any = None) -> Any:
        """As Django's; raises sqlite3.OperationalError when the patience is over."""
        try:
            return super().execute(query, params)
        except sqlite3.OperationalError as error:
            if not self._may_wait(error):
                raise
        return self._wait(super().execute, query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        """As Django's; outside of a transaction each row is one of its own, so SQLite's own handler has to wait."""
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        self.connection.execute(f"PRAGMA busy_timeout = {int(self._owner.patience * 1000)}")
        try:
            return super().executemany(query, param_list)
        finally:
            self.connection.execute("PRAGMA busy_timeout = 0")

    def _may_wait(self, error: sqlite3.OperationalError) -> bool:
        """Whoever is inside a transaction holds the lock already: being busy there would never end."""
        return error.sqlite_errorcode & BUSY == sqlite3.SQLITE_BUSY and not self.connection.in_transaction

    def _wait(self, call: Callable[[str, Any], Any], query: str, params: Any) -> Any:
        until = time.monotonic() + self._owner.patience
        while True:
            time.sleep(LOOK_EVERY * (1 + random.random()))  # noqa: S311 (no secret)
            try:
                return call(query, params)
            except sqlite3.OperationalError as error:
                if not self._may_wait(error) or time.monotonic() > until:
                    raise


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's wrapper; `patience` is how many seconds this connection waits for a locked database."""

    patience = PATIENCE

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        """Opening waits as SQLite does; from then on the cursor waits."""
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def create_cursor(self, name: str | None = None) -> PatientCursor:
        """A cursor that waits."""
        cursor: PatientCursor = self.connection.cursor(factory=lambda connection: PatientCursor(connection, self))
        return cursor
