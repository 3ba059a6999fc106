"""What of the doors for monitoring belongs to teams, by its names in the audit."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.actors import Actor
from integrations.models import Heartbeat, IntegrationKey


def audited(managed: set[int], actor: Actor) -> Iterator[str]:
    """The keys and heartbeats of the teams' services."""
    if not managed:
        return
    for pk in IntegrationKey.objects.filter(service__team__in=managed).values_list("pk", flat=True):
        yield f"key:{pk}"
    for pk in Heartbeat.objects.filter(service__team__in=managed).values_list("pk", flat=True):
        yield f"heartbeat:{pk}"
