"""Periodic work of the room."""

from __future__ import annotations

from datetime import timedelta

from core.jobs import cron, job
from notifications.commands import pruning

BATCHES = 20  # an hour; a bulk job has to end within its minute


@job("notifications.prune_deliveries")
def prune_deliveries(_ref: str) -> None:
    """Delete messages that ended more than 400 days ago, in small transactions (G20)."""
    after = 0
    for _ in range(BATCHES):
        after = pruning.prune(after)
        if not after:
            return


cron("notifications.prune_deliveries", every=timedelta(hours=1))
