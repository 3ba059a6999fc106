"""Writes notes into one incident from a process of its own; prints when each was committed (monotonic seconds)."""

from __future__ import annotations

import json
import os
import sys
import time

import django


def session() -> dict[str, object]:
    """An incident and a signed-in administrator's cookie."""
    from django.conf import settings
    from django.test import Client

    from accounts import actors
    from incidents.commands import opening
    from tests import world

    people = world.build()
    incident = opening.declare(actors.person(people.ada), title="Measured", service=people.checkout)
    client = world.enter(Client(), people.ada)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    return {"number": incident.number, "cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"}


def write(number: int, count: int, every: float) -> dict[int, float]:
    """Notes at a steady rate; sequence number -> time of the commit."""
    from accounts import actors
    from accounts.models import User
    from incidents.commands import timeline
    from incidents.models import Incident

    incident = Incident.objects.get(number=number)
    ada = actors.person(User.objects.get(email="ada@example.org"))
    written: dict[int, float] = {}
    for index in range(count):
        entry = timeline.note(ada, incident, text=f"Note {index}")
        written[entry.seq] = time.monotonic()
        time.sleep(every)
    return written


def main() -> None:
    """`session`, or `write <number> <count> <seconds between>`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    if sys.argv[1] == "session":
        sys.stdout.write(json.dumps(session()))
    else:
        sys.stdout.write(json.dumps(write(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))))


if __name__ == "__main__":
    main()
