"""What to do about each of the portal's own alarms, in words for somebody who was just woken (G14).

By the alarm's code; a code that ends in a dot stands for all that begin with it.
"""

ADVICE = {
    "incidents.unanswered": "Open that incident now, acknowledge it or call somebody: nobody else will be told.",
    "incidents.unowned": "Open that incident and assign somebody.",
    "incidents.unevaluated": "Read the alert on the service's page and declare an incident by hand if it needs one.",
    "escalations": "Open that incident and page somebody by hand: its next level may never be called.",
    "pages": "Call the people on that incident yourself, then look at their addresses and the providers.",
    "policies": "Put somebody who can be reached on that policy, or set its fallback.",
    "heartbeats": "Check by hand that the watched job has run; pause and resume its heartbeat.",
    "core.parked": "Look at the parked rows of the due queue in the admin: try them again or dismiss them.",
    "core.audit": "Run manage.py audit verify: it names the first entry that does not fit.",
    "core.unknown": "Start workers of the release that put this work there.",
    "core.bulk": "Restart the portal's bulk lane; pages still leave.",
    "provider.": "Look at the provider's settings; until it works, people are only reached by their other addresses.",
}
OTHERWISE = "Look at /healthz/engine and the portal's log."


def advice_on(code: str) -> str:
    """What to do about an alarm."""
    family = code.partition(".")[0] + "."
    return ADVICE.get(code) or ADVICE.get(family, OTHERWISE)
