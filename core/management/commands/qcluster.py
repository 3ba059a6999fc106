"""`manage.py qcluster`: the bulk lane in processes of its own, as django-q2 runs it, and no restore beside it."""

from __future__ import annotations

from typing import Any

from django_q.management.commands import qcluster

from core.runner import prepare


class Command(qcluster.Command):  # type: ignore[misc]
    """Runs the bulk cluster until SIGTERM or SIGINT."""

    help = "Runs the bulk lane: digests, clean-ups, search index; one for the whole portal."

    def handle(self, *args: Any, **options: Any) -> None:
        """Work; the cluster's own processes hold the directory with this one."""
        try:
            held = prepare.lock_use()
        except prepare.CannotStart as error:
            self.stderr.write(f"watchbill: {error}")
            raise SystemExit(error.code) from None
        with held:
            super().handle(*args, **options)
