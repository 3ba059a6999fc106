"""The database's settings from its address: SQLite with one writer, or PostgreSQL with limits on every wait."""

from __future__ import annotations

import warnings
from typing import Any

import environ

from portal import env

SQLITE_START = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-20000; PRAGMA journal_size_limit=67108864;"
)
# Milliseconds; a server that has gone silent is given up after about 20 s (F37).
POSTGRES_WAITS = "-c lock_timeout=8000 -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000"
POSTGRES_LINE = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}


def configured(url: str) -> dict[str, Any]:
    """Django's entry for an address such as sqlite:///path or postgres://…; ends the start on any other (F49)."""
    try:
        with warnings.catch_warnings(action="ignore"):
            found: dict[str, Any] = environ.Env.db_url_config(url)
    except (ValueError, KeyError, environ.ImproperlyConfigured):
        env.refuse(
            "WATCHBILL_DATABASE_URL is not an address of a database, such as postgres://name:password@host/name."
        )
    if found.get("ENGINE") == "django.db.backends.sqlite3":
        found["ENGINE"] = "core.sqlite3"
        found["OPTIONS"] = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": SQLITE_START}
    elif found.get("ENGINE") == "django.db.backends.postgresql":
        found["CONN_HEALTH_CHECKS"] = True
        found["OPTIONS"] = {"options": POSTGRES_WAITS, **POSTGRES_LINE, **found.get("OPTIONS", {})}
    else:
        env.refuse("WATCHBILL_DATABASE_URL must start with sqlite:/// or postgres://.")
    found["CONN_MAX_AGE"] = None
    return found
