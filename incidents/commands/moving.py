"""What every move of an incident shares: the lock, the version, the state table, the end of paging."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts.actors import Actor
from core import clock
from core.db import bump, locked
from core.errors import Stale
from incidents.commands import people, timeline, timers
from incidents.models import Alert, Incident, TimelineEntry
from incidents.states import INCIDENT
from oncall.commands import escalations
from oncall.models import Escalation
from oncall.states import LIVE_ESCALATIONS

WAITS = ("incident.ack_timeout", "incident.snooze_end")
JOINED = ("service__team", "service__policy", "priority", "peak_priority")
SENTENCES = {
    "acknowledged": "{who} acknowledged it at {at}.",
    "identified": "{who} named the cause at {at}.",
    "mitigated": "{who} marked it as mitigated at {at}.",
    "resolved": "{who} resolved it at {at}.",
    "closed": "{who} closed it at {at}.",
    "cancelled": "{who} cancelled it at {at}.",
    "triggered": "It has been waiting for an answer since {at}.",
    "merged": "{who} merged it at {at}.",
}


def hold(incident: Incident) -> Incident:
    """The incident as it is now, locked until the end of the transaction (its row is always locked first)."""
    return hold_id(incident.pk)


def hold_id(pk: int) -> Incident:
    """As `hold`, by primary key."""
    return locked(Incident.objects.select_related(*JOINED)).get(pk=pk)


def held(number: int) -> Incident | None:
    """As `hold`, by number; None where there is none."""
    rows = locked(Incident.objects.select_related(*JOINED))
    return rows.filter(number=number).first()


def check(incident: Incident, verb: str, version: int | None) -> str:
    """The state that `verb` leads to; raises Conflict for a stale form or an illegal move."""
    check_version(incident, version)
    return INCIDENT.next(verb, incident.status)


def check_version(incident: Incident, version: int | None) -> None:
    """Refuse a form that was opened on an older version, and say what changed; None asks for no check (S51, F45)."""
    if version is not None and version != incident.version:
        raise Stale(
            f"This incident has changed since you opened it. {standing(incident)}",
            version=incident.version,
            hint="Look at what changed, and try again.",
            fields={
                "version": [str(incident.version)],
                "status": [incident.status],
                "priority": [incident.priority.name],
            },
        )


def standing(incident: Incident) -> str:
    """One sentence about who brought it into its present state, and when: in the viewer's zone, which it names.

    A page sets that zone for its request; everywhere else it is UTC.
    """
    moves = incident.entries.filter(kind__in=["acknowledged", "status_changed", "snoozed", "reopened"])
    last = moves.order_by("-seq").values_list("actor_label", flat=True).first()
    at = f"{timezone.localtime(incident.status_since):%H:%M %Z}"
    return SENTENCES[incident.status].format(who=last or "Watchbill", at=at)


def enter(incident: Incident, status: str) -> None:
    """Set the status; the caller saves."""
    incident.status = status
    incident.status_since = clock.now()


def save(incident: Incident, *fields: str) -> None:
    """Write what a move has changed, count the version and have the page's header drawn anew."""
    bump(incident)
    incident.save(update_fields=["status", "status_since", "snoozed_until", "version", *fields])
    timeline.panel_changed(incident)


def before(incident: Incident) -> dict[str, Any]:
    """What an undo needs to know of the state that is about to end."""
    live = Escalation.objects.filter(subject=incident.subject, state__in=LIVE_ESCALATIONS).first()
    return {
        "status": incident.status,
        "since": incident.status_since.isoformat(),
        "paging": live is not None,
        "due_at": live.due_at.isoformat() if live and live.due_at else None,
        "assignees": people.assignees_of(incident),
        "snoozed_until": incident.snoozed_until.isoformat() if incident.snoozed_until else None,
    }


def silence(actor: Actor, incident: Incident, reason: str) -> None:
    """Stop paging and forget the timers; called down by the moves that need nobody any more (O18).

    The quiet time goes on while the incident is open: whoever has taken it need not end it by hand (S13).
    """
    escalations.stop(actor, incident.subject, reason=reason)
    timers.withdraw(incident, *(WAITS if incident.is_open else ()))


def await_quiet(incident: Incident) -> None:
    """Where only ended alerts are left, no alert will come to end the incident: its quiet time begins here (S13).

    Not for the caller to ask where a person holds the incident open although all of them had ended before.
    """
    alerts = Alert.objects.filter(incident=incident)
    last = alerts.filter(state="resolved", resolved_at__isnull=False).order_by("-resolved_at").first()
    if last is not None and not alerts.filter(state="open").exists():
        timers.resume_quiet_time(incident, last)


def close_alerts(incident: Incident) -> list[int]:
    """Resolve what is still open of it, in the order in which intake locks, and say which (O36)."""
    still_open = Alert.objects.filter(incident=incident, state="open").order_by("pk")
    ids = [alert.pk for alert in locked(still_open.only("pk"))]
    Alert.objects.filter(pk__in=ids).update(state="resolved", resolved_at=clock.now())
    return ids


def last_move(incident: Incident, *kinds: str) -> TimelineEntry | None:
    """The newest entry of these kinds."""
    return incident.entries.filter(kind__in=kinds).order_by("-seq").first()
