"""`manage.py changepassword ana@example.org`: for somebody whom no mail with a link reaches.

It stands in the place of Django's own, which would leave the sessions open and the audit without an entry.
"""

from __future__ import annotations

from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actors import system
from accounts.commands import users
from accounts.management.people import active_person
from core.errors import Invalid


class Command(BaseCommand):
    """Sets a password by the same command as the page: sessions end, a mail and the audit say so."""

    help = "Sets a person's password; whoever runs it has the portal's keys anyway."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("email", help="the person's e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for it twice and set it; a refusal is its sentences and exit code 1, and nothing is done."""
        user = active_person(options["email"])
        password = getpass(f"New password of {user.email}: ")
        if getpass("Once more: ") != password:
            raise CommandError("The two are not the same. Nothing was changed.")
        try:
            users.set_password(system("Operator"), user, password=password)
        except Invalid as refusal:
            raise CommandError(" ".join(refusal.fields.get("password", [refusal.detail]))) from refusal
        self.stdout.write(f"{user.email} signs in with the new password; all sessions have ended.")
