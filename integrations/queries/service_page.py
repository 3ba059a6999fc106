"""What this room says on the page of a service: its keys, and the last events with what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.actors import Actor
from accounts.permissions import can
from core import clock
from integrations import permissions
from integrations.models import InboundEvent, IntegrationKey
from integrations.queries.keys import keys_of
from integrations.queries.log import inbound_log
from oncall.models import Service

LAST = 5


@dataclass(frozen=True, slots=True)
class Intake:
    """How monitoring reaches a service; `keys` are those that are accepted now."""

    keys: Sequence[IntegrationKey]
    rows: Sequence[InboundEvent]
    may_test: bool
    may_issue: bool


def intake_of(actor: Actor, service: Service) -> Intake | None:
    """For the people of the service and for those who keep the process; None for everybody else. Three queries."""
    if not can(actor, permissions.INBOUND_SEE, service):
        return None
    now = clock.now()
    keys = [key for key in keys_of(actor, service) if key.opens_at(now)]
    in_use = service.archived_at is None
    may_test = can(actor, permissions.EVENT_TEST, service) and in_use
    may_issue = can(actor, permissions.KEY_EDIT, service) and in_use
    return Intake(keys, list(inbound_log(actor, service)[:LAST]), may_test, may_issue)
