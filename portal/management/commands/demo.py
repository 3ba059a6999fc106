"""`manage.py demo`: fills the demo's own data directory; `--json` prints one object with all that a visitor needs."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import User
from incidents.models import Incident
from portal.demo import card, history, organisation


class Command(BaseCommand):
    """Builds the demo once; later calls give new tokens and keys only."""

    help = "Builds the demo's data set; --json prints its addresses, passwords, tokens and keys."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The one option."""
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, build where nothing is, and lay the card out; refuses a directory that holds anything else."""
        settings.EMAIL_URL = ""  # the past is played for real: its mail goes to the data directory, to nobody else
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        made = organisation.found()
        if made is None and User.objects.exists():
            raise CommandError("This data directory is in use and not the demo's; set WATCHBILL_DATA_DIR to another.")
        if made is None:
            made = organisation.build()
            history.tell(made)
        with transaction.atomic():
            shown = card.lay_out(made, Incident.objects.open().order_by("priority__rank", "number").first())
        if options["json"]:
            self.stdout.write(json.dumps(shown, ensure_ascii=False, indent=2))
            self.stderr.write("\n".join(["", *card.sign_in_lines(shown)]))  # what programs do not read
        else:
            self._tell(shown)

    def _tell(self, shown: dict[str, Any]) -> None:
        self.stdout.write("The demo is ready. Start it with `make demo`.")
        for user in shown["users"]:
            self.stdout.write(f"  {user['role']:<14} {user['email']}")
        self.stdout.write("\n".join(card.sign_in_lines(shown)))
