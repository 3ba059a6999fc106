"""`manage.py backup`: one archive of database and attachments, made while the portal runs."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.backup import making
from core.backup.manifest import Refused


class Command(BaseCommand):
    """Writes an archive, reads it again to be sure, and removes old ones if told to (A108)."""

    help = "Makes a backup of the database and the attachments; the portal may run meanwhile."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The operator's wishes."""
        parser.add_argument("--to", metavar="DIR", default="", help="folder (default: backups in the data directory)")
        parser.add_argument("--keep", type=int, default=0, metavar="N", help="then keep only the newest N archives")
        parser.add_argument("--with-keys", action="store_true", help="put the secret key and the field keys into it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the archive's path alone, so that a script can take it; what else is to be said goes to stderr."""
        folder = Path(options["to"] or Path(settings.DATA_DIR) / "backups").expanduser().resolve()
        if options["keep"] < 0:
            raise CommandError("--keep needs a number of 1 or more.")
        try:
            path, said = making.make(folder, with_keys=options["with_keys"])
            removed = making.prune(folder, options["keep"]) if options["keep"] else []
        except Refused as error:
            raise CommandError(str(error)) from None
        self.stdout.write(str(path))
        size = sum(member.size for member in said.members)
        self.stderr.write(f"{len(said.members)} files, {size} bytes, verified; {len(removed)} old archives removed.")
        if options["with_keys"]:
            self.stderr.write("It holds the keys: whoever has it can read everything. Keep it as you keep them.")
        else:
            self.stderr.write(f"Without secret-key and field-keys of {settings.DATA_DIR} its secrets stay closed.")
