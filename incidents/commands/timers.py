"""What happens to an incident when nobody does anything: rows of the due queue (O20, O27, S13, S53)."""

from __future__ import annotations

from datetime import datetime, timedelta

from core import clock, due
from incidents.models import Alert, Incident

CLOSE_AFTER = timedelta(hours=24)
KINDS = ("incident.ack_timeout", "incident.snooze_end", "incident.quiet_resolve", "incident.close")


def ack_timeout(incident: Incident) -> timedelta | None:
    """How long an acknowledgement lasts: the service's own minutes, else the priority's; None or 0 is for ever."""
    minutes = incident.service.ack_timeout_minutes
    if minutes is None:
        minutes = incident.priority.ack_timeout_minutes
    return timedelta(minutes=minutes) if minutes else None


def start_ack_timeout(incident: Incident) -> None:
    """Ask for the incident to wait for an answer again when the acknowledgement gets old (O20, S53)."""
    length = ack_timeout(incident)
    if length is not None:
        _put(incident, "incident.ack_timeout", incident.status_since + length)


def start_snooze(incident: Incident, until: datetime) -> None:
    """Ask for the snooze to end (O27)."""
    _put(incident, "incident.snooze_end", until)


def start_quiet_time(incident: Incident, alert: Alert) -> None:
    """Ask whether the incident may resolve by itself, once its last alert has been quiet for long enough (S13)."""
    _put(incident, "incident.quiet_resolve", quiet_until(incident, alert), str(alert.pk))


def go_on_with_quiet_time(incident: Incident, alert: Alert) -> None:
    """Ask again, with the present length: the service's quiet time has been made longer while it ran.

    The mark is new each time, so that neither the row that asks now nor one that was withdrawn stands in the way.
    """
    mark = f"{alert.pk}:{int(clock.now().timestamp() * 1000)}"
    _put(incident, "incident.quiet_resolve", quiet_until(incident, alert), mark)


def resume_quiet_time(incident: Incident, alert: Alert) -> None:
    """Go on with it after a person's move; one that has run out meanwhile begins anew, so that the move is seen."""
    until = quiet_until(incident, alert)
    if until <= clock.now():
        until = clock.now() + timedelta(seconds=incident.service.quiet_resolve_seconds)
    _put(incident, "incident.quiet_resolve", until, str(alert.pk))


def quiet_time_runs(incident: Incident) -> bool:
    """Whether the incident may yet resolve by itself; not where a person holds it open although all has ended."""
    return due.waits(f"incident.quiet_resolve:{incident.number}:")


def quiet_until(incident: Incident, alert: Alert) -> datetime:
    """When the alert has been quiet for as long as the service wants it to be."""
    return (alert.resolved_at or clock.now()) + timedelta(seconds=incident.service.quiet_resolve_seconds)


def start_closing(incident: Incident) -> None:
    """Ask for a minor incident to be closed a day after its end."""
    if not incident.is_major:
        _put(incident, "incident.close", incident.status_since + CLOSE_AFTER)


def put_off_closing(incident: Incident) -> None:
    """Ask a day from now again: somebody has a reason against closing it yet."""
    _put(incident, "incident.close", clock.now() + CLOSE_AFTER)


def withdraw(incident: Incident, *kinds: str) -> None:
    """Forget what was asked for (default: everything); a row that a worker holds looks at the incident itself."""
    for kind in kinds or KINDS:
        due.withdraw(f"{kind}:{incident.number}:")


def _put(incident: Incident, kind: str, at: datetime, mark: str = "") -> None:
    key = f"{kind}:{incident.number}:{mark}:{incident.version}:{int(at.timestamp() * 1000)}"
    due.put(key, kind, str(incident.number), due=at, priority=due.Priority.STEP)
