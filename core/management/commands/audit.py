"""`manage.py audit`: is the audit chain whole?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import audit


class Command(BaseCommand):
    """Walks the hash chain of the audit entries (A93)."""

    help = "Checks that no audit entry was altered, cut out or cut off; exit code 1 when one was."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the verdict; raises CommandError when the chain is broken."""
        verdict = audit.verify()
        if not verdict.ok:
            raise CommandError("\n".join(verdict.broken[:50]))
        self.stdout.write(f"{verdict.entries} audit entries, unbroken.")
