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
