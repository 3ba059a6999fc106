"""Acknowledged incidents that wait for an answer again, by themselves (O20, O27, S53), and snooze."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from accounts.actors import Actor, system
from accounts.permissions import require
from core import clock
from core.errors import Invalid
from core.facts import record
from incidents import facts, permissions
from incidents.commands import milestones, moving, paging, people, timeline, timers
from incidents.models import Incident

LONGEST_SNOOZE = timedelta(days=7)
WHY = {
    "time_out": "The acknowledgement is too old: somebody must answer again.",
    "snooze_end": "The snooze has ended.",
    "worse": "It got worse while it was snoozed.",
}


@transaction.atomic
def snooze(actor: Actor, incident: Incident, *, until: datetime, version: int | None = None) -> Incident:
    """A timed acknowledgement that ends in triggered; a higher severity ends it, a duplicate does not (O27)."""
    require(actor, permissions.INCIDENT_WORK, incident)
    incident = moving.hold(incident)
    target = moving.check(incident, "snooze", version)
    if until.tzinfo is None or not clock.now() < until <= clock.now() + LONGEST_SNOOZE:
        sentence = "Must be in the future, seven days at most."
        raise Invalid(sentence, fields={"until": [sentence]})
    before = moving.before(incident)
    data = {"until": until.isoformat(), "from": incident.status, "to": target, "before": before}
    moving.enter(incident, target)
    incident.snoozed_until = until
    moving.save(incident)
    if before["status"] == "triggered":
        milestones.reach(incident, "acknowledged")
        if actor.user is not None:
            people.assign(incident, [actor.user.pk])
    timeline.append(actor, incident, "snoozed", f"Snoozed until {until:%d %b %H:%M} UTC.", data=data)
    moving.silence(actor, incident, "snoozed")
    timers.start_snooze(incident, until)
    record(facts.IncidentSnoozed(number=incident.number))
    return incident


def end_snooze(number: int) -> bool:
    """The snooze's time has come: page level 1 again unless it was changed meanwhile; says whether it did."""
    incident = moving.held(number)
    if incident is None or incident.status != "acknowledged" or incident.snoozed_until is None:
        return False
    if incident.snoozed_until > clock.now():
        return False
    retrigger(system(), incident, "snooze_end")
    return True


def time_out(number: int) -> bool:
    """An acknowledgement got too old: pass 1, level 1, and the one who acknowledged is paged too (O20, S53)."""
    incident = moving.held(number)
    if incident is None or incident.status != "acknowledged" or incident.snoozed_until is not None:
        return False
    length = timers.ack_timeout(incident)
    if length is None:
        return False
    if incident.status_since + length > clock.now():  # the time-out has been made longer since
        timers.start_ack_timeout(incident)
        return False
    retrigger(system(), incident, "time_out", also=people.assignees_of(incident))
    return True


def retrigger(actor: Actor, incident: Incident, reason: str, *, also: Collection[int] = ()) -> None:
    """Called down with the incident held: acknowledged to triggered, and level 1 is paged anew."""
    target = moving.check(incident, "time_out", None)
    before = incident.status
    moving.enter(incident, target)
    incident.snoozed_until = None
    moving.save(incident)
    timers.withdraw(incident, *moving.WAITS)
    timeline.append(
        actor, incident, "status_changed", WHY[reason], data={"from": before, "to": target, "reason": reason}
    )
    paging.again(actor, incident, reason, also=also)
    record(facts.IncidentRetriggered(number=incident.number, reason=reason))
