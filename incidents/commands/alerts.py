"""What an alert means for incidents: open, attach, reopen, settle; done by the worker (flow A, O31-O39, S13, S14)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from accounts.actors import Actor, system
from accounts.permissions import require
from core import clock
from core.db import locked
from core.facts import record
from incidents import facts, permissions
from incidents.commands import lifecycle, milestones, moving, opening, paging, timeline, timers
from incidents.commands.acceptance import accept_batch
from incidents.commands.attaching import attach, judge_again, log_alert, note_signal, tell_of_ends
from incidents.engine import grouping
from incidents.engine.rules import Decision
from incidents.kinds import SEVERITIES, severity_rank
from incidents.models import Alert, Incident
from incidents.queries.routing import Group, decision_for, group_of, open_group, previous_incident
from oncall.models import Escalation

__all__ = ["accept_batch", "ingest", "quiet_resolve"]


class _Moved(Exception):
    """The alert went to another incident between two locks: look again."""


class _Opens(Exception):
    """It opens an incident: begin again behind the lock of the numbers, which comes before an incident's (O38)."""


def ingest(actor: Actor, alert: Alert) -> Incident | None:
    """Act on an alert as it stands now, any number of times; gives its incident, None where there is none."""
    require(actor, permissions.EVENT_SEND, alert)
    in_line = opening.stands_in_line()
    while True:
        try:
            with transaction.atomic():
                if in_line:
                    opening.lock_numbers()
                return _ingest(actor, alert, in_line=in_line)
        except (_Moved, _Opens) as again:
            in_line = in_line or isinstance(again, _Opens)
            alert.refresh_from_db(fields=["incident"])


def _ingest(actor: Actor, alert: Alert, *, in_line: bool) -> Incident | None:
    """The incident's row is locked before the alert's, as everywhere; the savepoint frees both when that was wrong."""
    incident = moving.hold_id(alert.incident_id) if alert.incident_id else None
    alert = locked(Alert.objects.select_related("service__team", "service__policy")).get(pk=alert.pk)
    if alert.incident_id != (incident.pk if incident else None):
        raise _Moved
    if alert.state == "resolved":
        _settle(alert, incident)
        return incident
    if incident is None or not incident.is_open:
        incident = _route(actor, alert, in_line=in_line)
    else:
        judge_again(actor, alert, incident)
    if incident is not None:
        _acknowledge(actor, alert, incident, since=incident.status_since)
    return incident


def _route(actor: Actor, alert: Alert, *, in_line: bool) -> Incident | None:
    """Find or open the incident of an alert that has none: rules, group, the same key's last incident, a new one."""
    decision = decision_for(alert)
    if decision.informational:
        note_signal(alert)
        return None
    group = group_of(alert)
    joined = _join_group(actor, alert, decision, group)
    if joined is not None:
        return joined
    last = previous_incident(alert)
    if last is not None:
        last = moving.hold(last)
        if last.is_open:
            attach(actor, alert, last, decision)
            return last
        if _returns(alert, last):
            return _acknowledge(actor, alert, _recur(actor, alert, last, decision), since=alert.first_seen)
    if not in_line:  # behind that lock the group is looked up again, so a storm opens one
        raise _Opens
    opened = _open(actor, alert, decision, group, last)
    return _acknowledge(actor, alert, opened, since=alert.first_seen)


def _join_group(actor: Actor, alert: Alert, decision: Decision, group: Group) -> Incident | None:
    found = open_group(alert, group)
    if found is None:
        return None
    found = moving.hold(found)
    if not found.is_open or found.group_key == "":
        return None
    attach(actor, alert, found, decision)
    return found


def _open(actor: Actor, alert: Alert, decision: Decision, group: Group, last: Incident | None) -> Incident:
    key, until = grouping.window(group.mode, group.key, group.minutes, alert.first_seen)
    return opening.open_from_alert(actor, alert, decision, group_key=key, group_until=until, recurrence_of=last)


def _returns(alert: Alert, last: Incident) -> bool:
    """Whether the same alert is back inside the service's reopen window (S14, O33); 0 minutes is off."""
    window = timedelta(minutes=last.service.reopen_window_minutes)
    return last.status == "resolved" and bool(window) and alert.first_seen - last.status_since <= window


def _recur(actor: Actor, alert: Alert, incident: Incident, decision: Decision) -> Incident:
    """The same alert is back: triggered again, a new impact interval, one page per window however it flaps (O33).

    Where it is worse than ever, the priority has risen before anybody is paged, and they are paged at once.
    """
    before, target = incident.status, moving.check(incident, "recur", None)
    hold = None if _worse_than_ever(alert, incident, decision) else _page_allowed_at(incident)
    attach(actor, alert, incident, decision)
    moving.enter(incident, target)
    incident.reopen_count += 1
    moving.save(incident, "reopen_count")
    milestones.open_impact(incident)
    timers.withdraw(incident)
    data = {"from": before, "to": target, "by_alert": True, "paged_at": (hold or clock.now()).isoformat()}
    timeline.append(actor, incident, "reopened", "The same alert is back.", data=data)
    paging.start(actor, incident, first_due=hold)
    record(facts.IncidentReopened(number=incident.number, by_alert=True))
    return incident


def _worse_than_ever(alert: Alert, incident: Incident, decision: Decision) -> bool:
    """Whether nobody has been paged for anything as bad as this, so that a flapping alert's window does not hold it.

    Both as in `attach`: a rank above the highest priority, so that what a person has lowered stays low (S10); or a
    severity above all that it has seen (O27). Either can be true once for each step upwards, however it flaps.
    """
    if decision.rank < incident.peak_priority.rank:
        return True
    seen = incident.alerts.exclude(pk=alert.pk).values_list("severity", flat=True).distinct()
    return severity_rank(alert.severity) < min(map(severity_rank, seen), default=len(SEVERITIES))


def _page_allowed_at(incident: Incident) -> datetime | None:
    """Until when a flapping incident's next page waits: one window after the last one; None pages at once.

    What was paged while a page was held back has gone out in its place.
    """
    last = incident.entries.filter(kind="reopened", data__by_alert=True).order_by("-seq").first()
    if last is None:
        return None
    planned = datetime.fromisoformat(last.data["paged_at"])
    window = timedelta(minutes=incident.service.reopen_window_minutes)
    paged = Escalation.objects.filter(subject=incident.subject, fired_at__gt=last.recorded_at, fired_at__lt=planned)
    sent: datetime | None = paged.aggregate(at=Max("fired_at"))["at"]
    if sent is None and planned > clock.now():  # that page was still waiting when the alert ended again
        return planned
    until = (sent or planned) + window
    return until if until > clock.now() else None


def _settle(alert: Alert, incident: Incident | None) -> None:
    """A resolved alert: without an incident nothing was paged or is said (O39); the last one starts the quiet time."""
    if incident is None or not incident.is_open:
        return
    log_alert(incident, alert, "alert_resolved")
    if not incident.alerts.filter(state="open").exists():
        timers.start_quiet_time(incident, alert)
        tell_of_ends(incident)


def _acknowledge(actor: Actor, alert: Alert, incident: Incident, *, since: datetime) -> Incident:
    """The tool says that somebody has taken it: once for each time that it says so, `since` (UTC) it is at stake.

    For the alert that opened the incident, this may have been before the worker came to open it.
    """
    at = alert.acknowledged_at
    if at is not None and incident.status == "triggered" and at >= since:
        return lifecycle.acknowledge(actor, incident)
    return incident


def quiet_resolve(number: int) -> bool:
    """All alerts have been quiet long enough: a minor incident resolves, a major one gets a suggestion (S13, O36)."""
    incident = moving.held(number)
    if incident is None or not incident.is_open or incident.alerts.filter(state="open").exists():
        return False
    last = incident.alerts.order_by("-resolved_at").first()
    if last is None or last.resolved_at is None:
        return False
    if timers.quiet_until(incident, last) > clock.now():  # the quiet time has been made longer since
        timers.go_on_with_quiet_time(incident, last)
        return False
    if incident.is_major:
        text = "All its alerts have ended. Resolve it if nothing is left to do."
        timeline.append(system(), incident, "suggestion", text)
        return False
    timers.withdraw(incident, "incident.quiet_resolve")  # over, also for other alerts: an undo does not bring it back
    lifecycle.resolve(system(), incident, resolution="All its alerts have ended.", code="self_healed")
    return True
