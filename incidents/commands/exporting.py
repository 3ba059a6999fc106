"""Taking the list away as a file: audited, one at a time for each person (A90)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from accounts.actors import Actor
from accounts.permissions import require
from core import audit, throttle
from core.errors import TooMany
from incidents import permissions

SLOT = "incidents.export"
LONGEST = 600  # seconds after which a lost export no longer stands in the way


def begin_export(actor: Actor, *, query: str) -> Callable[[], None]:
    """Take the person's one place and write it down; what is returned gives the place back.

    Raises TooMany while another export of the same person runs, in whatever process.
    """
    require(actor, permissions.INCIDENT_EXPORT)
    if throttle.add(SLOT, actor.key, 1, LONGEST) > 1:
        raise TooMany("You are exporting already.", retry_after=30, hint="Wait until that file is complete.")
    audit.write(actor, "export", "incidents", after={"query": query})
    return partial(throttle.forget, SLOT, actor.key)
