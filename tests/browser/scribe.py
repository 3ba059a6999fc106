"""Writes notes on an incident at a steady rate, in a process of its own: `scribe <number> <count> <a second>`."""

from __future__ import annotations

import os
import sys
import time

import django


def write(number: int, count: int, rate: float) -> None:
    """Each note is a command of its own, as a person's would be."""
    from accounts import actors
    from accounts.models import User
    from incidents.commands import timeline
    from incidents.models import Incident

    incident = Incident.objects.get(number=number)
    ada = actors.person(User.objects.get(email="ada@example.org"))
    begun = time.monotonic()
    for turn in range(count):
        timeline.note(ada, incident, text=f"Note {turn}")
        time.sleep(max(0.0, begun + (turn + 1) / rate - time.monotonic()))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    write(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
