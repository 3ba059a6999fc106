"""`manage.py prepare`: tables and static files for this release, where something else starts the processes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from core import startup
from core.runner import prepare

PATIENCE = 60.0  # seconds for a database that starts together with us


class Command(BaseCommand):
    """Does what `up` does before it starts anything; safe to repeat, a second when there is nothing to do."""

    help = "Brings the tables and the static files to this release."
    requires_system_checks = ()
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare; what is in the way is one sentence and exit code 78; 75 for a database that is away (F49, F51)."""
        try:
            prepare.safety()
            prepare.tables_in_time(PATIENCE)
            prepare.static_files()
        except prepare.CannotStart as error:
            self.stderr.write(f"watchbill: {error}")
            raise SystemExit(error.code) from None
        for line in startup.lines():  # the link of the set-up, until there is an administrator
            self.stdout.write(line)
