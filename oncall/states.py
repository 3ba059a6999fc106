"""The legal moves of the room's live nouns."""

from core.state import StateTable

#: `exhausted`: every level of every pass was asked and the last resort has been paged (O21). `resume` is the undo of
#: an acknowledgement within 10 s.
ESCALATION = StateTable(
    "escalation",
    {
        "exhaust": (("running",), "exhausted"),
        "stop": (("running", "exhausted"), "stopped"),
        "resume": (("stopped",), "running"),
    },
)

#: Open pages are `sent` and `timed_out`: an accept after the escalation moved on still counts (O23).
#: `withdrawn`: somebody else answered, or the subject needs nobody any more. `undeliverable`: no address works (O29).
PAGE = StateTable(
    "page",
    {
        "accept": (("sent", "timed_out", "declined", "undeliverable"), "accepted"),
        "decline": (("sent", "timed_out", "undeliverable"), "declined"),
        "time_out": (("sent",), "timed_out"),
        "fail": (("sent", "timed_out"), "undeliverable"),
        "withdraw": (("sent", "timed_out", "undeliverable"), "withdrawn"),
        "reopen": (("withdrawn", "accepted"), "sent"),
    },
)

OPEN_PAGES = ("sent", "timed_out")
LIVE_ESCALATIONS = ("running", "exhausted")
