"""The legal moves of incidents and alerts, exactly as domain.md lists them."""

from __future__ import annotations

from core.state import StateTable

OPEN = ("triggered", "acknowledged", "identified", "mitigated")

INCIDENT = StateTable(
    "incident",
    {
        "acknowledge": (("triggered",), "acknowledged"),
        "snooze": (("triggered", "acknowledged"), "acknowledged"),
        "reassign": (("triggered", "acknowledged"), "triggered"),
        "escalate_now": (("triggered", "acknowledged"), "triggered"),
        "undo_acknowledge": (("acknowledged",), "triggered"),
        "time_out": (("acknowledged",), "triggered"),
        "identify": (("acknowledged", "mitigated"), "identified"),
        "mitigate": (("acknowledged", "identified"), "mitigated"),
        "relapse": (("mitigated",), "acknowledged"),
        "resolve": (OPEN, "resolved"),
        "undo_resolve": (("resolved",), "acknowledged"),
        "recur": (("resolved",), "triggered"),
        "reopen": (("resolved", "closed"), "acknowledged"),
        "close": (("resolved",), "closed"),
        "cancel": (("triggered", "acknowledged"), "cancelled"),
        "merge": (OPEN, "merged"),
    },
)

ALERT = StateTable("alert", {"resolve": (("open",), "resolved"), "restore": (("resolved",), "open")})
