"""People for the fault tests, built in a process of its own; prints the keys and a token as JSON.

`keys` belong to services of one person each, told by mail at once. `ladders` are the keys of two services whose
three levels follow each other in five minutes; `token` is the administrator's.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django

LADDERS = {"Red": ("Lea First", "Moe Second", "Noa Third"), "Blue": ("Tia One", "Uma Two", "Vic Three")}


def build(size: int) -> dict[str, Any]:
    """Make `size` people with a service each, two ladders of three people, and Ada."""
    from accounts import actors
    from accounts.models import Team
    from integrations.commands import keys
    from tests import world
    from tools.chaos import population

    made = population.build(size)
    world.free_staff()
    ada = world.person("Ada Admin", role="administrator")
    ladders = []
    for name, people in (
        ("Red", ("Lea First", "Moe Second", "Noa Third")),
        ("Blue", ("Tia One", "Uma Two", "Vic Three")),
    ):
        team = Team.objects.create(name=name)
        steps = [world.person(each, teams=[team]) for each in people]
        for each in steps:
            world.rule(each, world.method(each))
        policy = world.policy(name, team, *([person] for person in steps), timeout_minutes=5)
        service = world.service(name, team, policy=policy)
        ladders.append(keys.issue(actors.system(), service, kind="events", name="ladder")[1])
    return {"keys": made, "ladders": ladders, "token": world.token(ada)}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    sys.stdout.write(json.dumps(build(int(sys.argv[1]))))
