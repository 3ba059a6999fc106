"""`manage.py audit verify`: is the audit chain whole?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import audit


class Command(BaseCommand):
    """Walks the hash chain of the audit entries (A93)."""

    help = "Checks that no audit entry was altered, cut out or cut off; exit code 1 when one was, 2 for wrong usage."

    def add_arguments(self, parser: CommandParser) -> None:
        """The one thing to do."""
        parser.add_argument("what", nargs="?", choices=["verify"], default="verify", help="verify the chain")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the verdict, the first fault first; raises CommandError when the chain is broken."""
        verdict = audit.verify()
        if not verdict.ok:
            raise CommandError("\n".join([f"The audit is broken ({verdict.entries} entries).", *verdict.broken]))
        self.stdout.write(f"{verdict.entries} audit entries, unbroken.")
