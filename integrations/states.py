"""State tables of the room."""

from __future__ import annotations

from core.state import StateTable

HEARTBEAT = StateTable(
    "heartbeat",
    {
        "ping": (("new", "up", "down"), "up"),
        "expire": (("up",), "down"),
        "pause": (("new", "up", "down"), "paused"),
        "resume": (("paused",), "new"),
        "rest": (("up",), "new"),
    },
)

WEBHOOK = StateTable("webhook", {"pause": (("active",), "paused"), "resume": (("paused",), "active")})

WEBHOOK_DELIVERY = StateTable(
    "webhook delivery",
    {
        "accept": (("waiting",), "sent"),
        "give_up": (("waiting",), "failed"),
        "skip": (("waiting",), "skipped"),
        "replay": (("waiting", "sent", "failed", "skipped"), "waiting"),
    },
)
