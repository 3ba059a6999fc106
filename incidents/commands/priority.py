"""Up and down the priorities (S10, S11, S12, TRI-03)."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core import clock
from core.errors import Conflict
from core.facts import record
from core.text import clean_text
from incidents import facts, permissions
from incidents.commands import moving, paging, timeline, timers
from incidents.models import Incident, Priority, PriorityChange
from oncall.models import Escalation

FINAL = ("merged", "cancelled")
NEVER = datetime.min.replace(tzinfo=UTC).isoformat()


@transaction.atomic
def set_priority(
    actor: Actor,
    incident: Incident,
    *,
    priority: Priority,
    reason: str = "",
    review_later: bool | None = None,
    version: int | None = None,
) -> Incident:
    """Raise (any staff member) or lower (those on it); major is sticky; after the end nothing fires (S10-S12)."""
    raising = priority.rank < incident.priority.rank
    require(actor, permissions.PRIORITY_RAISE if raising else permissions.PRIORITY_LOWER, incident)
    incident = moving.hold(incident)
    _check(actor, incident, priority, version)
    if review_later is not None:
        incident.review_later = review_later
    if priority.pk == incident.priority_id:
        moving.save(incident, "review_later")
        return incident
    because = clean_text(reason, 300, "reason").strip()
    before, rule_urgency = incident.priority, _own_urgency(incident)
    _write(actor, incident, priority, because)
    text = f"{before.name} to {priority.name}. {because}".strip()
    data = {"from": before.name, "to": priority.name, "from_rank": before.rank, "to_rank": priority.rank}
    timeline.append(actor, incident, "priority_changed", text, data=data)
    incident.urgency = paging.urgency_of(incident.service, priority, rule_urgency)
    Incident.objects.filter(pk=incident.pk).update(urgency=incident.urgency)
    if incident.is_open:
        _act(actor, incident, before)
    _tell(incident, before, priority)
    return incident


def _check(actor: Actor, incident: Incident, priority: Priority, version: int | None) -> None:
    if incident.status in FINAL:
        raise Conflict(f"This incident is {incident.status}: its priority stays.", code="illegal_move")
    if version is not None and version != incident.version:
        moving.check(incident, "resolve", version)
    if priority.rank > incident.priority.rank:  # it may have been raised since the caller looked
        require(actor, permissions.PRIORITY_LOWER, incident)


def _own_urgency(incident: Incident) -> str:
    usual = paging.urgency_of(incident.service, incident.priority)
    return incident.urgency if incident.urgency != usual else ""


def _write(actor: Actor, incident: Incident, priority: Priority, reason: str) -> None:
    PriorityChange.objects.create(
        incident=incident,
        before=incident.priority,
        after=priority,
        actor=actor.label[:120],
        reason=reason,
        at=clock.now(),
    )
    incident.priority = priority
    incident.is_major = incident.is_major or priority.major
    if priority.rank < incident.peak_priority.rank:
        incident.peak_priority = priority
    moving.save(incident, "priority", "is_major", "peak_priority", "review_later")


def _act(actor: Actor, incident: Incident, before: Priority) -> None:
    """Raising a waiting incident may begin to page, or page louder; lowering withdraws nothing (S10, O25)."""
    after = incident.priority
    if incident.status == "acknowledged" and incident.snoozed_until is None:
        timers.withdraw(incident, "incident.ack_timeout")
        timers.start_ack_timeout(incident)
    if incident.status != "triggered" or after.rank > before.rank or not after.pages:
        return
    usual = paging.urgency_of(incident.service, before)
    if not before.pages:
        paging.again(actor, incident, "priority raised", anew=True)
    elif usual == "low" and incident.urgency == "high":
        paging.again(actor, incident, "priority raised")
    elif after.rank < before.rank:
        end_hold(actor, incident, "priority raised")


def end_hold(actor: Actor, incident: Incident, reason: str) -> None:
    """Called down: what gets worse while a flapping alert's next page is held back is paged at once (O33)."""
    if not incident.reopen_count or incident.status != "triggered":
        return
    last = moving.last_move(incident, "reopened")
    if last is None or datetime.fromisoformat(last.data.get("paged_at", NEVER)) <= clock.now():
        return
    if Escalation.objects.filter(subject=incident.subject, state="running", fired_at=None).exists():
        paging.again(actor, incident, reason)


def _tell(incident: Incident, before: Priority, after: Priority) -> None:
    kind = facts.PriorityRaised if after.rank < before.rank else facts.PriorityLowered
    record(kind(number=incident.number, before=before.rank, after=after.rank))
