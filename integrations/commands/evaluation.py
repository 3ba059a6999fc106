"""The worker's half of an event: rules, grouping and pages, and what became of it in the log (house flow A)."""

from __future__ import annotations

from datetime import datetime

from accounts.actors import Actor, integration
from core import clock
from incidents.commands.alerts import ingest
from incidents.commands.joining import join_waiting
from incidents.models import Alert, Incident
from integrations.kinds import adapter_of
from integrations.models import InboundEvent


def evaluate(alert_id: int) -> Incident | None:
    """Bring an alert to its incident as the tool that reported it, in the caller's transaction (O33, O36-O39)."""
    alert = Alert.objects.filter(pk=alert_id).first()
    if alert is None:
        return None
    started, before, state = clock.now(), alert.incident_id, alert.state
    tool = _tool(alert)
    incident = ingest(tool, alert)
    waiting = InboundEvent.objects.filter(alert_id=alert_id, outcome="accepted")
    if incident is None:
        waiting.update(outcome="resolved" if state == "resolved" else "signal")
    else:
        outcome = _outcome(before, incident, started)
        waiting.update(outcome=outcome, detail=str(incident))
        if outcome == "grouped":
            others = join_waiting(tool, alert, incident)
            logged = InboundEvent.objects.filter(alert_id__in=others, outcome="accepted")
            logged.update(outcome=outcome, detail=str(incident))
    return incident


def _tool(alert: Alert) -> Actor:
    """The actor whom the timeline names: the tool, with the right to this one service."""
    known = adapter_of(alert.tool)
    return integration(known.label if known else alert.tool.capitalize() or "Event", alert.service_id)


def _outcome(before: int | None, incident: Incident, started: datetime) -> str:
    if before == incident.pk:
        return "counted"
    if incident.reopen_count and incident.status_since >= started:
        return "reopened"
    return "opened" if incident.alert_count <= 1 else "grouped"
