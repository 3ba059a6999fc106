"""The services around an incident's: one step each way, with how they stand as the viewer may know (TRI-05)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.actors import Actor
from accounts.permissions import can
from incidents import permissions
from incidents.models import Incident
from oncall.engine.graph import MOST, Drawing, Point, down, worst_first
from oncall.kinds import standings
from oncall.queries.directory import point_of
from oncall.queries.services import neighbours


@dataclass(frozen=True, slots=True)
class Around:
    """A service with what needs it and what it needs, worst first."""

    middle: Point
    before: Sequence[Point]
    after: Sequence[Point]

    @property
    def more(self) -> int:
        """How many find no place on the map."""
        return max(0, len(self.before) - MOST) + max(0, len(self.after) - MOST)

    @property
    def drawing(self) -> Drawing:
        """The same as a small map."""
        return down(self.middle, self.before, self.after)


def around(actor: Actor, incident: Incident) -> Around:
    """Two queries: the neighbours, and the open incidents of all of them."""
    if not can(actor, permissions.INCIDENT_SEE_ALL, incident):
        return Around(Point(incident.service_id, incident.service.name), [], [])
    found = neighbours(incident.service)
    health = standings(actor)
    return Around(
        point_of(incident.service, health),
        worst_first([point_of(each, health) for each in found.before]),
        worst_first([point_of(each, health) for each in found.after]),
    )
