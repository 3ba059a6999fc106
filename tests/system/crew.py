"""People for the fault tests, built in a process of its own; prints the keys and a token as JSON.

`keys` belong to services of one person each, told by mail at once. `ladder` is the key of a service whose three
levels follow each other in five minutes; `token` is the administrator's.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django


def build(size: int) -> dict[str, Any]:
    """Make `size` people with a service each, three people of the ladder, and Ada."""
    from accounts import actors
    from accounts.models import Team
    from integrations.commands import keys
    from tests import world
    from tools.chaos import population

    made = population.build(size)
    ladder = Team.objects.create(name="Ladder")
    people = [world.person(name, teams=[ladder]) for name in ("Lea First", "Moe Second", "Noa Third")]
    ada = world.person("Ada Admin", role="administrator")
    for each in people:
        world.rule(each, world.method(each))
    steps = world.policy("Ladder", ladder, *([person] for person in people), timeout_minutes=5)
    service = world.service("Ladder", ladder, policy=steps)
    key = keys.issue(actors.system(), service, kind="events", name="ladder")[1]
    return {"keys": made, "ladder": key, "token": world.token(ada)}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    sys.stdout.write(json.dumps(build(int(sys.argv[1]))))
