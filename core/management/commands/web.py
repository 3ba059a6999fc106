"""`manage.py web`: one web process, for hosts where something else keeps processes going."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from core.runner import prepare, roles
from core.web import listen

REFUSED = 78


class Command(BaseCommand):
    """Serves pages, API, intake and sockets until SIGTERM or SIGINT."""

    help = "Runs one web process on WATCHBILL_BIND and WATCHBILL_PORT."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve; a port that cannot be had is one sentence and exit code 78, a restore 75 (F49)."""
        try:
            prepare.safety()
            held = prepare.lock_use()
            listener = listen.open_socket(settings.BIND, settings.PORT)
        except (prepare.CannotStart, listen.CannotListen) as error:
            self.stderr.write(f"watchbill: {error}")
            raise SystemExit(getattr(error, "code", REFUSED)) from None
        with held:
            roles.web(listener)
