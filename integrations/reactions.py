"""What this room does when something has happened below it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core.alarms import AlarmEnded, AlarmRaised
from core.facts import name_of, on
from incidents import facts
from integrations.commands import webhook_log
from integrations.commands.own_alarms import follow_alarm


@on(AlarmRaised)
def open_incident_of_alarm(happened: AlarmRaised) -> None:
    """The portal's own alarm becomes an alert, and so an incident that pages (G14)."""
    follow_alarm(happened.code)


@on(AlarmEnded)
def resolve_incident_of_alarm(happened: AlarmEnded) -> None:
    """The alarm is over, and so is its alert."""
    follow_alarm(happened.code)


def tell_webhooks(happened: Any) -> None:
    """An incident has changed: the webhooks that want to hear of it are told, each by itself."""
    said = asdict(happened)
    change = {name: value for name, value in said.items() if name not in ("number", "actor")}
    webhook_log.tell(name_of(happened), happened.number, change)


for _kind in facts.OF_INCIDENTS:
    on(_kind)(tell_webhooks)
