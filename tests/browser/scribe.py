"""Writes on an incident at a steady rate, in a process of its own: `scribe <number> <count> <a second> [name]`."""

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


def play(number: int, count: int, rate: float, name: str) -> None:
    """A response as it is written: notes of two people, every fourth about something earlier, and other priorities."""
    from datetime import timedelta

    from accounts import actors
    from accounts.models import User
    from core import clock
    from incidents.commands import priority, timeline
    from incidents.models import Incident, Priority

    ada, other = (actors.person(User.objects.get(email=f"{each}@example.org")) for each in ("ada", name))
    ranks = [Priority.objects.get(rank=rank) for rank in (1, 3)]
    begun = time.monotonic()
    for turn in range(count):
        incident = Incident.objects.get(number=number)
        if turn % 10 == 5:
            priority.set_priority(ada, incident, priority=ranks[turn // 10 % 2], reason="as it looks now")
        else:
            earlier = clock.now() - timedelta(seconds=20) if turn % 4 == 2 else None
            timeline.note(ada if turn % 2 else other, incident, text=f"Step **{turn}**", occurred_at=earlier)
        time.sleep(max(0.0, begun + (turn + 1) / rate - time.monotonic()))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    numbers = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    if sys.argv[4:]:
        play(*numbers, sys.argv[4])
    else:
        write(*numbers)
