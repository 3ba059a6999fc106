"""`manage.py migrate`: Django's own, one at a time and without the limits that PostgreSQL has for pages."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from core import db


class Command(migrate.Command):
    """A big table may take minutes; a lock that somebody holds is still waited for 8 s at most (F50)."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate when it is our turn: a second one finds everything done."""
        line = connections[options["database"]]
        with (
            db.turn(line, "migrate"),
            db.without_limits(line, "statement_timeout", "idle_in_transaction_session_timeout"),
        ):
            super().handle(*args, **options)
