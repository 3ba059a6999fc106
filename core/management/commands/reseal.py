"""`manage.py reseal`: all stored secrets under the first key of WATCHBILL_FIELD_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import resealing

SHOWN = 20


class Command(BaseCommand):
    """For a change of the field keys, while the portal runs; safe to break off and to repeat (A98)."""

    help = "Reseals stored secrets with the first field key; exit code 1 when some cannot be opened with any key."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say for each table how many; rows that stay closed by their number, never what is in them."""
        closed = resealed = 0
        for done in resealing.reseal_all():
            closed, resealed = closed + len(done.closed), resealed + done.resealed
            if done.resealed or done.stood:
                self.stdout.write(f"{done.name}: {done.resealed} resealed, {done.stood} stood already.")
            if done.closed:
                more = ", …" if len(done.closed) > SHOWN else ""
                rows = ", ".join(done.closed[:SHOWN]) + more
                self.stderr.write(f"{done.name}: {len(done.closed)} cannot be opened with any key: {rows}")
        if closed:
            raise CommandError(f"{closed} secrets stay closed: add the key that sealed them to WATCHBILL_FIELD_KEYS.")
        said = "Run it again until nothing is resealed." if resealed else "Nothing needs another key than the first."
        self.stdout.write(f"{resealed} resealed. {said}")
