"""What of incidents a person may read in the audit: the teams' rules, and files of incidents that one is on."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.actors import Actor
from incidents.models import Attachment, EventRule
from oncall.models import Service

NEWEST = 1000  # files


def audited(managed: set[int], actor: Actor) -> Iterator[str]:
    """Event rules and grouping of the teams' services, and what was taken out of the incidents that one is on."""
    if managed:
        for pk in EventRule.objects.filter(service__team__in=managed).values_list("pk", flat=True):
            yield f"event_rule:{pk}"
        for pk in Service.objects.filter(team__in=managed).values_list("pk", flat=True):
            yield f"grouping:{pk}"
    if actor.user is not None:
        mine = Attachment.objects.filter(places__entry__incident__participants__user=actor.user)
        for pk in mine.order_by("-pk").values_list("pk", flat=True).distinct()[:NEWEST]:
            yield f"attachment:{pk}"
