"""A small office for the system stories, built in a process of its own; prints a key and a token as JSON."""

from __future__ import annotations

import json
import os
import sys

import django


def build() -> dict[str, str]:
    """Bo answers for Checkout by mail at once; Ada is the administrator whose token is printed."""
    from accounts import actors
    from integrations.commands import keys
    from tests import world

    people = world.build()
    world.free_staff()
    people.checkout.quiet_resolve_seconds = 1
    people.checkout.save()
    key = keys.issue(actors.system(), people.checkout, kind="alertmanager", name="story")[1]
    return {"key": key, "token": world.token(people.ada)}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    sys.stdout.write(json.dumps(build()))
