"""The service that the portal itself is, and which incidents are its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from incidents.models import Alert
from integrations.models import OwnService
from oncall.models import Service

_INCIDENT = re.compile(r"(?:INC-|incident:)(\d{1,9})")


def own_service() -> Service | None:
    """The service of the portal's own alarms, whatever it is called by now; None before the first alarm."""
    row = OwnService.objects.select_related("service").first()
    return row.service if row else None


def concerned_alert(service: Service, things: Iterable[str]) -> Alert | None:
    """The open alert of the portal's own incident, where an alarm is about such incidents and nothing else."""
    found = [_INCIDENT.fullmatch(thing) for thing in things]
    numbers = {int(match[1]) for match in found if match}
    if not found or None in found:
        return None
    own = Alert.objects.filter(service=service, state="open", incident__number__in=numbers)
    alerts = list(own.select_related("incident").order_by("pk"))
    inside = {alert.incident.number for alert in alerts if alert.incident}
    return alerts[0] if inside == numbers else None
