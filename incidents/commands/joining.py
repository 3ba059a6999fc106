"""Many alerts join one incident at once: what waits behind an alert that was grouped comes along (O38, G6).

In a storm each alert on its own would cost a transaction; together they cost two statements and one entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F

from accounts.actors import Actor
from accounts.permissions import require
from core import due
from incidents import permissions
from incidents.commands import moving, timeline, timers
from incidents.commands.attaching import LOGGED, ROUND, tell_of_ends, weigh, worst_of
from incidents.engine.rules import Decision
from incidents.kinds import SEVERITIES, severity_rank
from incidents.models import Alert, Incident
from incidents.queries.routing import Router
from incidents.queries.waiting import alerts_behind

MOST = 100


def join_waiting(actor: Actor, first: Alert, incident: Incident) -> list[int]:
    """Called down after `first` was grouped: the alerts of its service that wait for the same; gives their ids.

    Only what would certainly join: seen later, of the same group, not informational and not acknowledged by its tool.
    All else is looked at by itself.
    """
    require(actor, permissions.EVENT_SEND, first)
    incident = moving.hold(incident)
    if not incident.is_open or not incident.group_key:
        return []
    router = Router.of(incident.service)
    joining: list[Alert] = []
    decisions: list[Decision] = []
    for alert in alerts_behind(first, MOST):
        decision = router.decision(alert)
        if not decision.informational and router.belongs(alert, incident):
            joining.append(alert)
            decisions.append(decision)
    if joining:
        _join(actor, joining, min(decisions, key=lambda each: each.rank), incident)
    return [alert.pk for alert in joining]


def _join(actor: Actor, alerts: Sequence[Alert], decision: Decision, incident: Incident) -> None:
    ids = [alert.pk for alert in alerts]
    before, worst = incident.alert_count, worst_of(incident)
    Alert.objects.filter(pk__in=ids).update(incident=incident, judged_severity=F("severity"))
    Incident.objects.filter(pk=incident.pk).update(alert_count=F("alert_count") + len(ids))
    incident.alert_count += len(ids)
    timers.withdraw(incident, "incident.quiet_resolve")
    due.withdraw([f"event:{pk}:new" for pk in ids])
    _log(actor, incident, alerts, before)
    if worst == len(SEVERITIES):
        tell_of_ends(incident)
    weigh(actor, incident, decision, worse=min(severity_rank(alert.severity) for alert in alerts) < worst)


def _log(actor: Actor, incident: Incident, alerts: Sequence[Alert], before: int) -> None:
    """One entry for all of them; beyond the first twenty only where a round count was passed (G6)."""
    count, last = incident.alert_count, alerts[-1]
    passed = any(before < mark <= count for mark in ROUND) or before // 1000 != count // 1000
    if before >= LOGGED and not passed:
        return
    text = last.summary if len(alerts) == 1 else f"{len(alerts)} alerts, the last of them: {last.summary}"
    data: dict[str, Any] = {"alert": last.pk, "severity": last.severity, "source": last.source, "count": last.count}
    data["alerts"] = [alert.pk for alert in alerts]
    timeline.append(actor, incident, "alert_grouped", f"{text} ({count} alerts in all)", data=data)
