"""`manage.py reset_second_factor ana@example.org`: for the last administrator who has lost phone and codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts.actors import system
from accounts.commands import factors
from accounts.management.people import active_person


class Command(BaseCommand):
    """Takes second factors away by the same command as the page: sessions end, a mail and the audit say so."""

    help = "Takes the second factors of a person away who has lost them; whoever runs it has the portal's keys anyway."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("email", help="the person's e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reset; an address that nobody active has is one sentence and exit code 1."""
        user = active_person(options["email"])
        factors.reset_factors(system("Operator"), user)
        self.stdout.write(f"{user.email} signs in with the password alone and then sets up a new second factor.")
