"""Taking back an acknowledgement, a snooze or a resolve (domain.md: ten seconds)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core import clock
from core.errors import Conflict
from core.facts import record
from incidents import facts, permissions
from incidents.commands import milestones, moving, opening, paging, people, timeline, timers
from incidents.models import Alert, Incident
from oncall.commands import escalations

UNDO = timedelta(seconds=10)
MOVES = ("acknowledged", "snoozed", "status_changed", "reopened")
TAKEN_BACK = {"acknowledged": "Acknowledgement taken back.", "snoozed": "Snooze taken back."}


@transaction.atomic
def undo_acknowledge(actor: Actor, incident: Incident, *, version: int | None = None) -> Incident:
    """Take it or a snooze back: within 10 s as if nothing had been, with the former due time; later at level 1."""
    require(actor, permissions.INCIDENT_WORK, incident)
    incident = moving.hold(incident)
    target = moving.check(incident, "undo_acknowledge", version)
    at, move = incident.status_since, moving.last_move(incident, *MOVES)
    before: dict[str, Any] = move.data.get("before", {}) if move and move.kind in TAKEN_BACK else {}
    if not is_fresh(incident):
        before = {}
    if before.get("status") == "acknowledged":
        return _unsnooze(actor, incident, before)
    moving.enter(incident, target)
    incident.snoozed_until = None
    moving.save(incident)
    timers.withdraw(incident, *moving.WAITS)
    text = TAKEN_BACK[move.kind if move and before else "acknowledged"]
    data = {"from": "acknowledged", "to": target, "undo": True}
    timeline.append(actor, incident, "status_changed", text, data=data)
    if before:
        milestones.forget(incident, "acknowledged", at)
        people.assign(incident, before["assignees"])
    _page(actor, incident, before)
    record(facts.IncidentRetriggered(number=incident.number, reason="undo"))
    return incident


def _unsnooze(actor: Actor, incident: Incident, before: dict[str, Any]) -> Incident:
    """It was acknowledged when it was snoozed: it stays so, in the same hands, and as old as it was (O20)."""
    incident.status_since = datetime.fromisoformat(before["since"])
    incident.snoozed_until = _time(before["snoozed_until"])
    moving.save(incident)
    people.assign(incident, before["assignees"])
    timers.withdraw(incident, *moving.WAITS)
    data = {"from": "acknowledged", "to": "acknowledged", "undo": True}
    timeline.append(actor, incident, "status_changed", TAKEN_BACK["snoozed"], data=data)
    _resume(actor, incident, before)
    record(facts.IncidentMoved(number=incident.number, before="acknowledged", after="acknowledged"))
    return incident


@transaction.atomic
def undo_resolve(actor: Actor, incident: Incident, *, version: int | None = None) -> Incident:
    """Take a resolve back within 10 s: everything is as it was, and it does not count as reopened.

    Its group stays with the incident that a later alert of the group has opened meanwhile.
    """
    require(actor, permissions.INCIDENT_WORK, incident)
    opening.lock_numbers()  # nobody opens an incident of the group between the look and the commit
    incident = moving.hold(incident)
    moving.check(incident, "undo_resolve", version)
    if not is_fresh(incident):
        raise Conflict("The ten seconds are over.", code="too_late", hint="Reopen the incident instead.")
    at, move = incident.status_since, moving.last_move(incident, "status_changed")
    before: dict[str, Any] = move.data["before"] if move else {}
    moving.enter(incident, before["status"])
    incident.status_since = datetime.fromisoformat(before["since"])
    incident.resolution = incident.resolution_code = ""
    if not _group_is_taken(incident, before["group_key"]):
        incident.group_key, incident.group_until = before["group_key"], _time(before["group_until"])
    incident.snoozed_until = _time(before["snoozed_until"])
    moving.save(incident, "resolution", "resolution_code", "group_key", "group_until")
    milestones.forget(incident, "resolved", at)
    milestones.restore_impact(incident, at)
    _restore_alerts(incident, before["alerts"])
    timers.withdraw(incident)
    if before.get("quiet") or before["alerts"]:  # else a person held it open, or the machine has just closed it
        moving.await_quiet(incident)
    data = {"from": "resolved", "to": incident.status, "undo": True}
    timeline.append(actor, incident, "status_changed", "Resolve taken back.", data=data)
    _resume(actor, incident, before)
    record(facts.IncidentResolveUndone(number=incident.number))
    return incident


def _group_is_taken(incident: Incident, key: str) -> bool:
    return bool(key) and Incident.objects.open().filter(service_id=incident.service_id, group_key=key).exists()


def is_fresh(incident: Incident) -> bool:
    """Whether the last move is at most ten seconds old."""
    return clock.now() - incident.status_since <= UNDO


def _resume(actor: Actor, incident: Incident, before: dict[str, Any]) -> None:
    if incident.status == "triggered":
        _page(actor, incident, before)
    elif incident.snoozed_until:
        timers.start_snooze(incident, max(incident.snoozed_until, clock.now()))
    elif incident.status == "acknowledged":
        timers.start_ack_timeout(incident)


def _page(actor: Actor, incident: Incident, before: dict[str, Any]) -> None:
    if before.get("paging"):
        escalations.resume(actor, incident.subject, due_at=_time(before["due_at"]))
    else:
        paging.again(actor, incident, "undo")


def _restore_alerts(incident: Incident, ids: list[int]) -> None:
    for alert in Alert.objects.filter(pk__in=ids, incident=incident, state="resolved").order_by("pk"):
        again = Alert.objects.filter(service_id=alert.service_id, key=alert.key, state="open")
        if not again.exists():
            Alert.objects.filter(pk=alert.pk).update(state="open", resolved_at=None)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
