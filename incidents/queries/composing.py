"""What the composer offers one viewer now."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta

from accounts.actors import Actor
from accounts.permissions import Permission
from core import clock
from incidents.kinds import slash_commands
from incidents.models import Incident, TimelineEntry

REPEATED = timedelta(hours=1)


def sent_before(actor: Actor, incident: Incident, mark: str) -> TimelineEntry | None:
    """The entry that the same person has sent under the same mark before: a repeat after an answer that was lost."""
    if not mark or actor.user is None:
        return None
    recent = incident.entries.filter(actor_user=actor.user, recorded_at__gte=clock.now() - REPEATED)
    return recent.filter(data__mark=mark).first()


def commands_for(may: Callable[[Permission], bool], allowed: Collection[str]) -> list[dict[str, str]]:
    """The slash commands that the viewer's rights and the incident's state leave now, for their completion.

    `allowed` are the verbs of the state table that he or she may use now.
    """
    return [
        {"key": each.key, "usage": each.usage, "says": each.says}
        for each in slash_commands()
        if may(each.right) and (not each.verbs or any(verb in allowed for verb in each.verbs))
    ]
