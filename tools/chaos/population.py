"""People and services for the kill loop: each person answers for one service, one level, mail at once.

Prints one JSON object: the routing keys in the people's order.
"""

from __future__ import annotations

import json
import os
import sys

import django


def build(size: int, grouping: str = "none") -> list[str]:
    """Make `size` people with a service each; returns a routing key per service."""
    from accounts import actors
    from accounts.models import Team
    from incidents.models import GroupingRule
    from integrations.commands import keys
    from tests import world

    system = actors.system()
    team = Team.objects.create(name="Chaos")
    made = []
    for number in range(size):
        person = world.person(f"P{number:03d} Person", teams=[team])
        world.rule(person, world.method(person))
        policy = world.policy(f"Policy {number:03d}", team, [person], timeout_minutes=60)
        service = world.service(f"Service {number:03d}", team, policy=policy)
        GroupingRule.objects.create(service=service, mode=grouping)
        made.append(keys.issue(system, service, kind="events", name="chaos")[1])
    return made


def main() -> None:
    """Set Django up, build, print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    sys.stdout.write(json.dumps(build(int(sys.argv[1]), *sys.argv[2:3])))


if __name__ == "__main__":
    main()
