"""What this room does when something has happened below it."""

from __future__ import annotations

from core.alarms import AlarmEnded, AlarmRaised
from core.facts import on
from integrations.commands.own_alarms import follow_alarm


@on(AlarmRaised)
def open_incident_of_alarm(happened: AlarmRaised) -> None:
    """The portal's own alarm becomes an alert, and so an incident that pages (G14)."""
    follow_alarm(happened.code)


@on(AlarmEnded)
def resolve_incident_of_alarm(happened: AlarmEnded) -> None:
    """The alarm is over, and so is its alert."""
    follow_alarm(happened.code)
