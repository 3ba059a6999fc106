"""Whom a test event would page, said before it is sent."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.actors import Actor
from accounts.models import User
from oncall.models import Service
from oncall.queries.directory import end_of_line, ladders
from oncall.queries.reach import last_resort
from oncall.queries.services import policy_seen_by


@dataclass(frozen=True, slots=True)
class Reach:
    """The first level with anybody on it now; where there is none, `last` are those who are asked at the very end."""

    first: list[User]
    last: list[User]


def reach_of(actor: Actor, service: Service) -> Reach:
    """Whom an event of this service that pages would reach at once."""
    if service.policy_id is None:
        return Reach([], last_resort(fallback_id=None, team_id=service.team_id))
    policy = policy_seen_by(actor, service.policy_id)
    first = ladders([policy])[policy.pk].first
    return Reach(first, [] if first else end_of_line(policy))
