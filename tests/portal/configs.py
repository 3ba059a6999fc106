"""Files of `manage.py config` for tests: written, changed, brought in, refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from accounts.actors import system
from accounts.models import Membership, Organisation, Team, User
from core.config import applying, plan, reading
from core.config.reading import Refused
from incidents.models import EventRule, GroupingRule, Priority
from integrations.models import Heartbeat, IntegrationKey, OutboundWebhook, OwnService
from notifications.models import ContactMethod
from oncall.models import EscalationPolicy, NotificationRule, Schedule, Service, ServiceDependency
from tests import world as w

EMPTIED = (
    *(
        OutboundWebhook,
        OwnService,
        Heartbeat,
        IntegrationKey,
        GroupingRule,
        EventRule,
        ServiceDependency,
        Service,
        EscalationPolicy,
    ),
    *(Schedule, NotificationRule, ContactMethod, Membership, Team, User, Organisation),
)


def empty() -> None:
    """A portal that has just been migrated: nobody is there, and the priorities are as they come."""
    for model in EMPTIED:
        model.objects.all().delete()
    for rank in range(1, 6):
        w.priority(rank)  # a test that had the tables emptied may have come before
        Priority.objects.filter(rank=rank).update(name=f"P{rank}", major=False, urgency="high")
    Priority.objects.update(definition="", ack_timeout_minutes=None, pages=True)


def values(content: bytes) -> dict[str, Any]:
    """The file as another program reads it."""
    found: dict[str, Any] = yaml.safe_load(content)
    return found


def said(**sections: Any) -> reading.Read:
    """A file of these sections."""
    text = yaml.safe_dump({"schema": 1, **sections}, allow_unicode=True, sort_keys=False)
    return reading.read(text.encode())


def change(content: bytes, work: Callable[[dict[str, Any]], None]) -> reading.Read:
    """The file after somebody has worked on it."""
    found = values(content)
    work(found)
    return reading.read(yaml.safe_dump(found, allow_unicode=True, sort_keys=False).encode())


def bring(read: reading.Read, **wishes: bool) -> list[str]:
    """Apply a file as the operator; the first lines of its changes."""
    done = applying.apply(system("config apply"), read, **wishes)
    return [f"{each.sign} {each.noun.name}: {each.label}" for each in done.plan.changes]


def refused(read: reading.Read, **wishes: bool) -> list[str]:
    """What is refused, by the plan and by applying alike; nothing has changed afterwards."""
    before = plan.export()
    with pytest.raises(Refused) as planned:
        applying.rehearse(system("config apply"), read, **wishes)
    with pytest.raises(Refused) as applied:
        applying.apply(system("config apply"), read, **wishes)
    assert planned.value.findings == applied.value.findings
    assert plan.export() == before
    return applied.value.findings
