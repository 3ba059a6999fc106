"""`manage.py reactions`: who reacts to what."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from core import facts


class Command(BaseCommand):
    """Prints the map of facts and readers."""

    help = "Prints every fact with the readers that react to it."

    def handle(self, *args: Any, **options: Any) -> None:
        """One fact per line, its readers indented below."""
        for name, readers in facts.readers().items():
            self.stdout.write(name)
            for reader in readers or ["(nobody)"]:
                self.stdout.write(f"    {reader}")
