"""The moves of a delivery; carriers' news only moves it forward (F35)."""

from __future__ import annotations

from core.state import StateTable

QUEUED, SENT, CONFIRMED = "queued", "sent", "confirmed"
FAILED, WITHDRAWN, BUNDLED = "failed", "withdrawn", "bundled"

# A withdrawn one may turn out to be sent: the carrier had it when it was withdrawn (G17), and the log says so.
DELIVERY = StateTable(
    "message",
    {
        "hand": ((QUEUED, WITHDRAWN), SENT),
        "confirm": ((QUEUED, SENT), CONFIRMED),
        "fail": ((QUEUED, SENT), FAILED),
        "withdraw": ((QUEUED,), WITHDRAWN),
        "bundle": ((QUEUED,), BUNDLED),
    },
)
STATES = (QUEUED, SENT, CONFIRMED, FAILED, WITHDRAWN, BUNDLED)
