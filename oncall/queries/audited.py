"""What of on-call belongs to teams, by its names in the audit."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.actors import Actor
from oncall.models import EscalationPolicy, Schedule, Service


def audited(managed: set[int], actor: Actor) -> Iterator[str]:
    """The services, policies and schedules of the teams."""
    if not managed:
        return
    for noun, rows in (
        ("service", Service.objects),
        ("policy", EscalationPolicy.objects),
        ("schedule", Schedule.objects),
    ):
        for pk in rows.filter(team__in=managed).values_list("pk", flat=True):
            yield f"{noun}:{pk}"
