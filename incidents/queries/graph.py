"""The services around an incident's: one step each way, with how they stand as the viewer may know (TRI-05)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.actors import Actor
from accounts.permissions import can
from incidents import permissions
from incidents.models import Incident
from oncall.engine.graph import MOST, Drawing, Point, down, worst_first
from oncall.kinds import Standing, standings
from oncall.models import Service
from oncall.queries.directory import WELL
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
        point(incident.service, health),
        worst_first([point(each, health) for each in found.before]),
        worst_first([point(each, health) for each in found.after]),
    )


def point(service: Service, health: Mapping[int, Standing]) -> Point:
    """A service as the map shows it; its note is the open incident, or how many there are."""
    standing = health.get(service.pk, WELL)
    return Point(service.pk, service.name, standing.tone, standing.words, standing.note)
