"""`manage.py demo`: fills the demo's own data directory; `--json` prints one object with all that a visitor needs."""

from __future__ import annotations

import gc
import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from core import clock
from incidents.models import Incident
from portal.demo import card, history, live, organisation, people


class Command(BaseCommand):
    """Builds the demo once; later calls give new tokens and keys only, or play an incident in the demo that runs."""

    help = "Builds the demo's data set; --json prints its addresses, passwords, tokens and keys."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """How it is printed, how long the past is, and whether a scripted incident goes on in the running demo."""
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        parser.add_argument("--days", type=int, default=history.DAYS, help="how many days the past is long")
        parser.add_argument("--play", action="store_true", help="play an incident live in the demo that is running")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, build where nothing is, and lay the card out; refuses a directory that holds anything else."""
        if options["play"]:
            self._play()
            return
        settings.EMAIL_URL = ""  # the past is played for real: its mail goes to the data directory, to nobody else
        if not connection.introspection.table_names():
            _hurry()
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        made = _found()
        if made is None and User.objects.exists():
            raise CommandError("This data directory is in use and not the demo's; set WATCHBILL_DATA_DIR to another.")
        if made is None:
            self._announce(options["days"])
            _hurry()
            with clock.frozen(clock.now() - timedelta(days=options["days"] + 2)):
                made = organisation.build()  # whoever acts in the past was there before
            history.tell(made, options["days"])
        with transaction.atomic():
            shown = card.lay_out(made, Incident.objects.open().order_by("priority__rank", "number").first())
        if options["json"]:
            self.stdout.write(json.dumps(shown, ensure_ascii=False, indent=2))
            self.stderr.write("\n".join(["", *card.lines(shown)]), str)  # what programs do not read; not in red
        else:
            self.stdout.write("\n".join(["The demo is ready.", *card.lines(shown)]))

    def _play(self) -> None:
        """In the demo that runs; it makes no new tokens, so nobody's sign-in ends."""
        try:
            made = _found()
        except DatabaseError:
            made = None
        if made is None:
            raise CommandError("There is no demo in this data directory. Start one with `make demo`.")
        try:
            live.play(made, self.stdout.write)
        except live.NotRunning as error:
            raise CommandError("The demo does not run: start it with `make demo`, then play again.") from error

    def _announce(self, days: int) -> None:
        """Say what takes so long, on standard error: `--json` prints one object and nothing else."""
        took = " This takes about 15 seconds." if days == history.DAYS else ""
        self.stderr.write(f"Building the demo: {len(people.PEOPLE)} people, {days} days.{took}", str)
        self.stderr.flush()


def _found() -> organisation.Organisation | None:
    """The demo that is here, None where there is none; raises CommandError for a part of one."""
    made = organisation.found()
    if made is not None and history.is_told():
        return made
    if User.objects.filter(email__endswith=f"@{organisation.DOMAIN}").exists():
        raise CommandError(
            f"{settings.DATA_DIR} holds a demo of an older version, or one whose making was interrupted. Delete that"
            " directory, or set WATCHBILL_DATA_DIR to another, and run `make demo` again."
        )
    return None


def _hurry() -> None:
    """SQLite waits for no disk in this process: a demo that a power cut spoils is simply built again.

    Nor is anything looked for that refers to itself: the process ends in seconds, and builds no such thing that is big.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        gc.disable()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=OFF")
