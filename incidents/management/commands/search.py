"""`manage.py search --rebuild`: make the full-text index of the incidents anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction

from incidents.models.search import build


class Command(BaseCommand):
    """Rebuilds the index; nothing else can go wrong with it that a rebuild does not mend."""

    help = "Make the full-text index of the incidents anew (decision 0006)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Only said on purpose: it reads every text, and nobody writes meanwhile."""
        parser.add_argument("--rebuild", action="store_true", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """In one transaction: whoever searches meanwhile finds what was there."""
        with transaction.atomic():
            build(connection)
        self.stdout.write("The full-text index is built anew.")
