"""From triggered to closed: the moves that people make (domain.md, the status table)."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core.errors import Conflict, Invalid
from core.facts import record
from core.text import clean_text
from incidents import facts, gates, permissions
from incidents.commands import milestones, moving, people, timeline, timers
from incidents.models import Incident

LONGEST = 10_000
RESOLUTION_CODES = ("fixed", "self_healed", "no_action", "duplicate", "false_alarm")


@transaction.atomic
def acknowledge(actor: Actor, incident: Incident, *, version: int | None = None) -> Incident:
    """Take it: escalation stops in the same transaction, the first one wins and later ones see who (O18, O19)."""
    require(actor, permissions.INCIDENT_ACKNOWLEDGE, incident)
    incident = moving.hold(incident)
    if incident.status in ("acknowledged", "identified", "mitigated"):
        raise Conflict(moving.standing(incident), code="already_acknowledged")
    target = moving.check(incident, "acknowledge", version)
    data = {"before": moving.before(incident), "via": actor.via}
    moving.enter(incident, target)
    moving.save(incident)
    milestones.reach(incident, "acknowledged")
    if actor.user is not None:
        people.assign(incident, [actor.user.pk])
    timeline.append(actor, incident, "acknowledged", _via(actor), data=data)
    moving.silence(actor, incident, "acknowledged")
    timers.start_ack_timeout(incident)
    record(facts.IncidentAcknowledged(number=incident.number, actor=actor.key))
    return incident


def _via(actor: Actor) -> str:
    return "" if actor.via in ("web", "event") else f"Acknowledged by {actor.via}."


@transaction.atomic
def identify(actor: Actor, incident: Incident, *, cause: str = "", version: int | None = None) -> Incident:
    """The cause is known; from mitigated it means that customers are hit again."""
    require(actor, permissions.INCIDENT_WORK, incident)
    incident = moving.hold(incident)
    before, target = incident.status, moving.check(incident, "identify", version)
    incident.suspected_cause = clean_text(cause, LONGEST, "cause").strip() or incident.suspected_cause
    _move(actor, incident, target, cause, "suspected_cause")
    milestones.reach(incident, "identified")
    if before == "mitigated":
        milestones.open_impact(incident)
    return incident


@transaction.atomic
def mitigate(actor: Actor, incident: Incident, *, text: str = "", version: int | None = None) -> Incident:
    """Customers are no longer hit; resolving is another step (RES-21)."""
    require(actor, permissions.INCIDENT_WORK, incident)
    incident = moving.hold(incident)
    target = moving.check(incident, "mitigate", version)
    _move(actor, incident, target, clean_text(text, LONGEST, "text"))
    milestones.reach(incident, "mitigated")
    milestones.end_impact(incident)
    return incident


@transaction.atomic
def relapse(actor: Actor, incident: Incident, *, text: str = "", version: int | None = None) -> Incident:
    """The impact is back: a new impact interval begins."""
    require(actor, permissions.INCIDENT_WORK, incident)
    incident = moving.hold(incident)
    target = moving.check(incident, "relapse", version)
    _move(actor, incident, target, clean_text(text, LONGEST, "text"))
    milestones.open_impact(incident)
    timers.start_ack_timeout(incident)
    return incident


def _move(actor: Actor, incident: Incident, target: str, text: str, *fields: str) -> None:
    before = incident.status
    moving.enter(incident, target)
    incident.snoozed_until = None
    moving.save(incident, *fields)
    timers.withdraw(incident, "incident.ack_timeout", "incident.snooze_end")
    timeline.append(actor, incident, "status_changed", text, data={"from": before, "to": target})
    record(facts.IncidentMoved(number=incident.number, before=before, after=target))


@transaction.atomic
def resolve(
    actor: Actor, incident: Incident, *, resolution: str = "", code: str = "fixed", version: int | None = None
) -> Incident:
    """Nothing more to do now: paging and timers stop, open alerts close, the group's window ends (S13, O36)."""
    require(actor, permissions.INCIDENT_RESOLVE, incident)
    incident = moving.hold(incident)
    target = moving.check(incident, "resolve", version)
    if actor.user is None and incident.is_major:
        raise Conflict("A major incident is resolved by a person.", code="needs_a_person")
    if code not in RESOLUTION_CODES:
        raise Invalid("Unknown kind of resolution.", fields={"code": [f"One of {', '.join(RESOLUTION_CODES)}."]})
    before = _before_the_end(incident)
    data = {"from": incident.status, "to": target, "before": before}
    moving.enter(incident, target)
    incident.resolution = clean_text(resolution, LONGEST, "resolution").strip()
    incident.resolution_code, incident.snoozed_until = code, None
    _end_group(incident)
    moving.save(incident, "resolution", "resolution_code", "group_key", "group_until")
    before["alerts"] = moving.close_alerts(incident)
    milestones.reach(incident, "resolved")
    milestones.end_impact(incident)
    timeline.append(actor, incident, "status_changed", incident.resolution, data=data)
    moving.silence(actor, incident, "resolved")
    timers.start_closing(incident)
    record(facts.IncidentResolved(number=incident.number, by_machine=actor.user is None))
    return incident


def _before_the_end(incident: Incident) -> dict[str, Any]:
    until = incident.group_until.isoformat() if incident.group_until else None
    quiet = timers.quiet_time_runs(incident)
    return {**moving.before(incident), "group_key": incident.group_key, "group_until": until, "quiet": quiet}


def _end_group(incident: Incident) -> None:
    incident.group_key, incident.group_until = "", None


@transaction.atomic
def reopen(actor: Actor, incident: Incident, *, reason: str = "", version: int | None = None) -> Incident:
    """A person takes it up again: new impact interval, first milestones stay, the public page does not move (S15)."""
    require(actor, permissions.INCIDENT_REOPEN, incident)
    incident = moving.hold(incident)
    before, target = incident.status, moving.check(incident, "reopen", version)
    because = clean_text(reason, 300, "reason").strip()
    if before == "closed":
        require(actor, permissions.INCIDENT_REOPEN_CLOSED, incident)
        if not because:
            raise Invalid("Say why a closed incident opens again.", fields={"reason": ["Must not be empty."]})
    moving.enter(incident, target)
    incident.reopen_count += 1
    moving.save(incident, "reopen_count")
    milestones.open_impact(incident)
    if actor.user is not None:
        people.assign(incident, [actor.user.pk])
    timers.withdraw(incident)
    timers.start_ack_timeout(incident)
    timeline.append(actor, incident, "reopened", because, data={"from": before, "to": target, "by_alert": False})
    record(facts.IncidentReopened(number=incident.number, by_alert=False))
    return incident


@transaction.atomic
def cancel(actor: Actor, incident: Incident, *, reason: str = "", version: int | None = None) -> Incident:
    """A false alarm: everything stops, nothing is to be learnt from it."""
    require(actor, permissions.INCIDENT_WORK, incident)
    incident = moving.hold(incident)
    before, target = incident.status, moving.check(incident, "cancel", version)
    moving.enter(incident, target)
    incident.resolution = clean_text(reason, LONGEST, "reason").strip()
    incident.resolution_code, incident.snoozed_until = "false_alarm", None
    _end_group(incident)
    moving.save(incident, "resolution", "resolution_code", "group_key", "group_until")
    moving.close_alerts(incident)
    milestones.end_impact(incident)
    timeline.append(actor, incident, "status_changed", incident.resolution, data={"from": before, "to": target})
    moving.silence(actor, incident, "cancelled")
    record(facts.IncidentCancelled(number=incident.number))
    return incident


@transaction.atomic
def close(actor: Actor, incident: Incident, *, version: int | None = None) -> Incident:
    """The review gate has passed (S37); minor incidents are closed by a timer."""
    require(actor, permissions.INCIDENT_CLOSE, incident)
    incident = moving.hold(incident)
    before, target = incident.status, moving.check(incident, "close", version)
    reasons = gates.may_close(incident)
    if reasons:
        raise Conflict("It cannot be closed yet. " + " ".join(reasons), code="gate")
    moving.enter(incident, target)
    moving.save(incident)
    milestones.reach(incident, "closed")
    timers.withdraw(incident)
    timeline.append(actor, incident, "status_changed", data={"from": before, "to": target})
    record(facts.IncidentClosed(number=incident.number))
    return incident
