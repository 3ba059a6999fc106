"""The service that the portal itself is, and which incidents are its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core import db
from incidents.models import Alert, Incident
from integrations.models import OwnService
from oncall.models import Service

_INCIDENT = re.compile(r"(?:INC-|incident:)(\d{1,9})")


def own_service() -> Service | None:
    """The service of the portal's own alarms, whatever it is called by now; None before the first alarm."""
    row = OwnService.objects.select_related("service").first()
    return row.service if row else None


def incident_number(thing: str) -> int | None:
    """The number of the incident that a finding names; None where it names something else."""
    match = _INCIDENT.fullmatch(thing)
    return int(match[1]) if match else None


def own_numbers(service: Service, numbers: Iterable[int]) -> set[int]:
    """Which of these incidents are the portal's own, whether an alert of theirs is open or not."""
    return set(Incident.objects.filter(service=service, number__in=numbers).values_list("number", flat=True))


def concerned_alerts(service: Service, numbers: Iterable[int]) -> dict[int, Alert]:
    """The first open alert of each of the portal's own incidents, locked: nobody resolves it before it is counted."""
    open_ones = Alert.objects.filter(service=service, state="open", incident__number__in=numbers)
    alerts = list(db.locked(open_ones.select_related("incident").order_by("-pk")))
    return {alert.incident.number: alert for alert in alerts if alert.incident}


def open_keys(service: Service, key: str) -> list[str]:
    """The keys of the open alerts of one alarm: its own, and those of single things of it."""
    mine = Alert.objects.filter(service=service, state="open", key__startswith=key)
    return sorted(found for found in mine.values_list("key", flat=True) if found == key or found[len(key)] == ":")
