"""`manage.py config export | plan | apply`: what people set up as one YAML file (docs/config.md)."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from accounts.actors import Actor, person, system
from accounts.emails import normal
from accounts.models import User
from core.config import applying, plan
from core.config.reading import LARGEST, Read, Refused, read

LABEL = "config apply"
CHANGES = 2  # exit code of a plan that is not empty
SHOWN = 50


class Command(BaseCommand):
    """Writes the set-up out, says what a file would change, or changes it by the same commands as the pages."""

    help = "Exports the configuration, compares a file with it, or applies the file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Three verbs; the latter two take a file, “-” is standard input."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("export", help="print the configuration")
        for name, said in (("plan", "print what a file would change; exit code 2 if anything"), ("apply", "change it")):
            verb = verbs.add_parser(name, help=said)
            verb.add_argument("file")
            verb.add_argument("--prune", action="store_true", help="also remove what a section of the file lacks")
            verb.add_argument(
                "--as", dest="person", default="", metavar="MAIL", help="act as this person, not as the portal"
            )
            if name == "apply":
                verb.add_argument("--show-new-keys", action="store_true", help="print the texts of new keys, once")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 1 for a refusal with one sentence for each place, 2 for a plan with changes, else 0."""
        if options["verb"] == "export":
            self.stdout.write(plan.export().decode(), ending="")
            return
        try:
            actor, content = _actor(options["person"]), _read(options["file"])
            if options["verb"] == "plan":
                self._plan(actor, content, prune=options["prune"])
            else:
                self._apply(actor, content, prune=options["prune"], show=options["show_new_keys"])
        except Refused as error:
            raise CommandError("\n".join(error.findings[:SHOWN])) from None
        except OperationalError as error:
            raise CommandError(f"The database was busy ({type(error).__name__}): nothing was changed.") from None

    def _plan(self, actor: Actor, content: Read, *, prune: bool) -> None:
        found = applying.rehearse(actor, content, prune=prune)
        self._say(found)
        if found.changes:
            raise SystemExit(CHANGES)

    def _apply(self, actor: Actor, content: Read, *, prune: bool, show: bool) -> None:
        done = applying.apply(actor, content, prune=prune)
        self._say(done.plan)
        if show:
            for label, text in done.keys:
                self.stdout.write(f"{label}: {text}")
        elif done.keys:
            self.stderr.write(
                f"{len(done.keys)} keys were made and their texts not shown. Rotate a key on its service's page to read"
                " its text there, or make keys with --show-new-keys."
            )

    def _say(self, found: plan.Plan) -> None:
        for line in found.lines():
            self.stdout.write(line)
        counts = ", ".join(
            f"{sum(each.sign == sign for each in found.changes)} {word}"
            for sign, word in (("+", "to make"), ("~", "to change"), ("-", "to remove"))
        )
        self.stdout.write(f"{counts}." if found.changes else "Nothing to do.")
        if found.left:
            self.stderr.write(f"Not in the file and left alone ({len(found.left)}; --prune removes them):")
            for label in found.left[:SHOWN]:
                self.stderr.write(f"  {label}")


def _actor(email: str) -> Actor:
    """The portal itself at the operator's wish, or a person with his or her own rights; raises CommandError."""
    if not email:
        return system(LABEL)
    user = User.objects.filter(email=normal(email), is_active=True).first()
    if user is None:
        raise CommandError(f"There is nobody with the address “{email[:80]}”.")
    return replace(person(user, via="config"), label=f"{user.name} ({LABEL})")


def _read(name: str) -> Read:
    """The file's values; raises Refused."""
    try:
        if name == "-":
            return read(sys.stdin.buffer.read(LARGEST + 1))
        with Path(name).open("rb") as file:
            return read(file.read(LARGEST + 1))
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error.strerror}.") from error
