"""The tester: what would become of a payload at this moment; nothing is stored (DET-06, TRI-06)."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.actors import Actor
from core import clock
from core.errors import Invalid
from incidents.engine.rules import Decision
from incidents.kinds import Normalised
from incidents.models import Priority
from incidents.queries.priorities import priorities
from incidents.queries.routing import Group, fields_said, group_tried, tried
from integrations.adapters import documents
from integrations.kinds import Door, adapter_of
from oncall.models import Service

MOST = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """One event of the payload, what the rules say of it, and the group that it would join."""

    event: Normalised
    decision: Decision
    priority: Priority
    group: Group


def trial(actor: Actor, service: Service, kind: str, payload: str) -> list[Trial]:
    """Read a payload as the tool's adapter would and judge its first events; raises Invalid with the place."""
    found = adapter_of(kind)
    if found is None:
        raise Invalid("There is no such kind of tool.", fields={"kind": ["Choose one of the list."]})
    body = documents.read(payload.encode("utf-8", "surrogatepass"), strict=not found.native)
    door = Door(service_id=service.pk, received_at=clock.now(), name=service.name)
    by_rank = {row.rank: row for row in priorities(actor)}
    return [_trial(actor, service, event, by_rank) for event in found.parse({}, body, door)[:MOST]]


def _trial(actor: Actor, service: Service, event: Normalised, by_rank: dict[int, Priority]) -> Trial:
    decision = tried(actor, service, fields_said(event))
    priority = by_rank.get(decision.rank) or by_rank[min(by_rank)]
    return Trial(event, decision, priority, group_tried(service, event))
