"""An alert joins an incident or gets worse on it (DET-07, O27, O34)."""

from __future__ import annotations

from django.db.models import F

from accounts.actors import Actor, system
from core import clock
from incidents.commands import priority, returning, timeline, timers
from incidents.engine.rules import Decision
from incidents.kinds import SEVERITIES, severity_rank
from incidents.models import Alert, Incident, Signal
from incidents.queries.priorities import priority_of_rank
from incidents.queries.routing import decision_for

LOGGED = 20
ROUND = (50, 100, 250, 500)


def attach(actor: Actor, alert: Alert, incident: Incident, decision: Decision | None) -> None:
    """Called down with the incident held: one more alert; pages nobody unless it ends a snooze (O27, O34)."""
    worst = worst_of(incident)
    alert.incident, alert.judged_severity = incident, alert.severity
    alert.save(update_fields=["incident", "judged_severity"])
    incident.alert_count += 1
    Incident.objects.filter(pk=incident.pk).update(alert_count=F("alert_count") + 1)
    timers.withdraw(incident, "incident.quiet_resolve")
    log_alert(incident, alert, "alert_grouped", actor)
    if worst == len(SEVERITIES):
        tell_of_ends(incident)
    if decision is not None:
        weigh(actor, incident, decision, worse=severity_rank(alert.severity) < worst)


def judge_again(actor: Actor, alert: Alert, incident: Incident) -> None:
    """Called down with the incident held: a worse severity may raise the priority and ends a snooze (O27)."""
    if alert.judged_severity and severity_rank(alert.severity) >= severity_rank(alert.judged_severity):
        return
    alert.judged_severity = alert.severity
    alert.save(update_fields=["judged_severity"])
    log_alert(incident, alert, "alert_received", actor)
    weigh(actor, incident, decision_for(alert), worse=True)


def worst_of(incident: Incident) -> int:
    """The rank of the worst severity among its open alerts; beyond all ranks where none is open."""
    found = incident.alerts.filter(state="open").values_list("severity", flat=True).distinct()
    return min((severity_rank(severity) for severity in found), default=len(SEVERITIES))


def weigh(actor: Actor, incident: Incident, decision: Decision, *, worse: bool) -> None:
    """Called down: raise above every priority that it ever had, so that what a person has lowered stays low (S10)."""
    wanted = priority_of_rank(decision.rank)
    if wanted.rank < incident.peak_priority.rank:
        raised = priority.set_priority(actor, incident, priority=wanted, reason="An alert got worse.")
        incident.priority, incident.version, incident.urgency = raised.priority, raised.version, raised.urgency
        incident.is_major, incident.peak_priority = raised.is_major, raised.peak_priority
    if worse and incident.snoozed_until is not None:
        returning.retrigger(actor, incident, "worse")
    elif worse:
        priority.end_hold(actor, incident, "worse")


def tell_of_ends(incident: Incident) -> None:
    """Called down when the last open alert has ended, or one is open again: the header of a waiting one says which."""
    if incident.status == "triggered":
        timeline.panel_changed(incident)


def log_alert(incident: Incident, alert: Alert, kind: str, actor: Actor | None = None) -> None:
    """Write an alert into the timeline; in a storm only round counts are written, the count itself is complete (G6)."""
    count = incident.alert_count
    if count > LOGGED and kind != "alert_received" and count not in ROUND and count % 1000:
        return
    text = alert.summary if count <= LOGGED else f"{alert.summary} ({count} alerts)"
    data = {"alert": alert.pk, "severity": alert.severity, "source": alert.source, "count": alert.count}
    timeline.append(actor or system(), incident, kind, text, data=data)


def note_signal(alert: Alert) -> None:
    """A rule calls it informational: kept for triage, opens nothing (DET-12); once for each severity."""
    if alert.judged_severity == alert.severity:
        return
    alert.judged_severity = alert.severity
    alert.save(update_fields=["judged_severity"])
    Signal.objects.create(
        service=alert.service,
        summary=alert.summary,
        source=alert.source,
        details=alert.details,
        links=alert.links,
        at=alert.event_at or clock.now(),  # intake lets no time be ahead of ours
    )
