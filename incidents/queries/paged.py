"""What a page says beside the title: impact, alerts, the change before it; nothing of a private incident (S34)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.timezone import localtime

from accounts.actors import Actor
from core.text import one_line
from incidents.kinds import entry_kinds
from incidents.models import ChangeEvent, Incident
from incidents.queries.timeline import entries_seen_by

NEAR = timedelta(hours=1)
SHOWN = 3
LENGTH = 120  # characters: the button must stay near the beginning of the page


def facts_of(incident: Incident) -> list[tuple[str, str]]:
    """Pairs of label and text, in the order in which they are read."""
    if incident.visibility != "open":
        return []
    found = [("Impact", one_line(incident.customer_impact, LENGTH))] if incident.customer_impact else []
    newest = incident.alerts.order_by("-last_seen", "-pk").values_list("summary", flat=True).first()
    said = [f"{incident.alert_count} grouped"] if incident.alert_count > 1 else []
    said += [newest] if newest and newest != incident.title else []
    if said:
        found.append(("Alerts", one_line(", ".join(said), LENGTH)))
    change = _change_before(incident)
    if change is not None:
        minutes = int((incident.created_at - change.started_at).total_seconds() // 60)
        found.append(("Change", f"{one_line(change.summary, LENGTH)}, {minutes} min before"))
    return found


def _change_before(incident: Incident) -> ChangeEvent | None:
    near = ChangeEvent.objects.filter(service=incident.service_id, started_at__lte=incident.created_at)
    return near.filter(started_at__gt=incident.created_at - NEAR).order_by("-started_at", "-pk").first()


def so_far(actor: Actor, incident: Incident) -> Sequence[tuple[datetime, str]]:
    """The last few things that people wrote or decided, as far as the actor may know: local time and text, in order."""
    if incident.visibility != "open":
        return []
    kinds = [kind.key for kind in entry_kinds() if kind.human] + ["status_changed", "priority_changed"]
    rows = entries_seen_by(actor, incident).filter(kind__in=kinds, struck_reason="").reverse()[:SHOWN]
    return [(localtime(row.occurred_at), one_line(row.text, LENGTH)) for row in reversed(rows)]
