"""`manage.py up`: the whole product in one command, on one machine."""

from __future__ import annotations

import socket
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections
from django.urls import get_resolver

from core import health, startup
from core.logs import say
from core.runner import prepare
from core.runner.keeper import Keeper
from core.runner.probe import Probe
from core.runner.roles import roles
from core.web import listen

REFUSED = 78


class Command(BaseCommand):
    """Migrates, loads once, forks web, workers and the bulk cluster, and keeps them going until Ctrl-C."""

    help = "Runs the whole portal: web, workers and bulk jobs; Ctrl-C ends all of it."
    requires_system_checks = ()
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        """Run; every reason not to start is one sentence and exit code 78 (F49)."""
        try:
            prepare.safety()
            held = prepare.lock_directory()
            listener = listen.open_socket(settings.BIND, settings.PORT)
            prepare.tables()
            prepare.static_files()
        except (prepare.CannotStart, listen.CannotListen) as error:
            self.stderr.write(f"watchbill: {error}")
            raise SystemExit(REFUSED) from None
        with held:
            raise SystemExit(self._keep(listener))

    def _keep(self, listener: socket.socket) -> int:
        lines = startup.lines()
        connections.close_all()
        self._load()
        health.begin()
        keeper = Keeper(roles(listener, settings.WORKERS), _probe(listener), lambda: self._greet(lines))
        return keeper.run()

    def _load(self) -> None:
        """Import what every page needs before the fork, so that it stands in memory once (P8)."""
        import_module(settings.ROOT_URLCONF)
        get_resolver().url_patterns  # noqa: B018 (read for its effect: all routes are imported)

    def _greet(self, lines: list[str]) -> None:
        """Say where it is, once it is there."""
        for line in (f"Watchbill is ready: {settings.PORTAL_URL}", *_mail_line(), *lines):
            say(line)


def _mail_line() -> list[str]:
    """One line where mail reaches nobody, so that no one finds it out by a page that never came."""
    if settings.EMAIL_URL:
        return []
    return [f"No mail server is set (WATCHBILL_EMAIL_URL): mail is written to {settings.MAIL_DIR}"]


def _probe(listener: socket.socket) -> Probe:
    """Ask where we listen; a socket open on all addresses is asked on its loopback one."""
    host, port = listener.getsockname()[:2]
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (compared, not bound)
    return Probe((loopback.get(host, host), port), listener.family)
