"""Periodic and bulk work of the room."""

from __future__ import annotations

from datetime import timedelta

from core import due, health, passes
from core.jobs import cron, job
from integrations.commands import heartbeats, inbound, webhook_log
from integrations.queries.health import paused_webhooks, unwatched_heartbeats

BATCHES = 200


@passes.every("heartbeats", timedelta(seconds=10), priority=due.Priority.STEP)
def watch_heartbeats() -> None:
    """Remember that we hear, so that a restart of our own fires nothing (O41)."""
    heartbeats.note_listening()


@job("integrations.prune_inbound")
def prune_inbound(_ref: str) -> None:
    """Delete log rows older than 30 days in small transactions (G20)."""
    for _ in range(BATCHES):
        if inbound.prune() == 0:
            return


@job("integrations.prune_webhooks")
def prune_webhooks(_ref: str) -> None:
    """Forget what webhooks were told more than 30 days ago (G20)."""
    webhook_log.prune()


cron("integrations.prune_webhooks", every=timedelta(hours=1))
cron("integrations.prune_inbound", every=timedelta(hours=1))
health.check("heartbeats")(unwatched_heartbeats)
health.remark("webhooks")(paused_webhooks)
