"""`manage.py worker`: one due worker in this process."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand

from core.logs import flush
from core.runner import prepare
from core.worker import Worker


class Command(BaseCommand):
    """Runs a worker until SIGTERM or SIGINT."""

    help = "Runs one worker of the due queue; start as many as you like, on any number of hosts."

    def handle(self, *args: Any, **options: Any) -> None:
        """Work; the exit code 75 asks the supervisor for a replacement."""
        try:
            held = prepare.lock_use()
        except prepare.CannotStart as error:
            self.stderr.write(f"watchbill: {error}")
            raise SystemExit(error.code) from None
        with held:
            code = Worker().run()
        flush()
        os._exit(code)  # threads that hang in an external call must not hold the process
