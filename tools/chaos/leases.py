"""Who holds a lease at this moment, and on which pages: read past the product, straight from the database."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path
from typing import Any

import psycopg

from tools.chaos.portal import Portal
from tools.services import Postgres

TOKEN = re.compile(r"chaos-\d{6}")
HELD = """
SELECT r.lease_owner, i.title FROM core_duerow r
LEFT JOIN notifications_delivery d ON r.kind = 'delivery.send' AND CAST(d.id AS TEXT) = r.ref
LEFT JOIN oncall_page p ON d.purpose = 'page' AND CAST(p.id AS TEXT) = d.purpose_key
LEFT JOIN incidents_incident i ON p.subject = 'incident:' || i.number
WHERE r.state = 'leased'
"""


class Leases:
    """Which process ids hold a lease now, and on which pages."""

    def __init__(self, portal: Portal, postgres: Postgres | None = None) -> None:
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
