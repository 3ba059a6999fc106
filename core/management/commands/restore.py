"""`manage.py restore`: an archive of `backup` in the place of this portal's data."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.backup import restoring
from core.backup.manifest import KEYS, Refused


class Command(BaseCommand):
    """Checks the whole archive, then puts it in place; a refusal changes nothing (A16, A108, F51, F52)."""

    help = "Restores a backup; the portal must not run. Start it afterwards with `manage.py up`, which migrates."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The operator's wishes."""
        parser.add_argument("file", help="an archive that `manage.py backup` has made")
        parser.add_argument("--replace", action="store_true", help="there is data here: keep it aside and go on")
        parser.add_argument("--other-keys", action="store_true", help="give up secrets sealed with keys that are lost")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was restored, and what to do now."""
        wishes = restoring.Wishes(replace=options["replace"], other_keys=options["other_keys"])
        try:
            done = restoring.restore(Path(options["file"]).expanduser().resolve(), wishes)
        except Refused as error:
            raise CommandError(str(error)) from None
        said = done.manifest
        self.stdout.write(f"Restored {len(said.members)} files of {said.moment:%Y-%m-%d %H:%M:%S} UTC.")
        if done.aside is not None:
            self.stdout.write(f"What was here before is in {done.aside}.")
        if done.keys and any(f"WATCHBILL_{name.upper().replace('-', '_')}" in os.environ for name in KEYS):
            self.stdout.write(f"The environment names keys, so those in {settings.DATA_DIR} are not used.")
        self.stdout.write("Nobody is signed in. Tokens and keys that were revoked since then are valid again.")
