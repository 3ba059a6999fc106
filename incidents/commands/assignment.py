"""Giving an incident to somebody else, and hurrying (O28, TRI-14, S50)."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from accounts.actors import Actor, system
from accounts.models import User
from accounts.permissions import require
from core.errors import Invalid
from core.facts import record
from core.text import clean_text
from incidents import facts, permissions
from incidents.commands import moving, paging, people, timeline, timers
from incidents.models import Incident
from oncall.commands import escalations, notices
from oncall.models import Escalation, EscalationPolicy


@transaction.atomic
def reassign(
    actor: Actor,
    incident: Incident,
    *,
    user: User | None = None,
    policy: EscalationPolicy | None = None,
    reason: str = "",
    version: int | None = None,
) -> Incident:
    """Start at level 1 of a person or of another policy; the former target's messages are taken back (O28)."""
    require(actor, permissions.INCIDENT_ASSIGN, incident)
    incident = moving.hold(incident)
    target = moving.check(incident, "reassign", version)
    name = _name(user, policy)
    data = {"from": incident.status, "to": target, "user": user.pk if user else None}
    moving.enter(incident, target)
    incident.snoozed_until = None
    moving.save(incident)
    timers.withdraw(incident, *moving.WAITS)
    because = clean_text(reason, 300, "reason").strip()
    timeline.append(actor, incident, "assigned", f"Given to {name}. {because}".strip(), data=data)
    if user is not None:
        people.assign(incident, [user.pk])
    _page(actor, incident, user, policy)
    record(facts.IncidentReassigned(number=incident.number))
    return incident


def _name(user: User | None, policy: EscalationPolicy | None) -> str:
    if (user is None) == (policy is None):
        raise Invalid("Name a person or a policy.", fields={"user": ["Exactly one of the two."]})
    if user is not None and (not user.is_active or user.role == "stakeholder"):
        sentence = "This person cannot answer for an incident."
        raise Invalid(sentence, fields={"user": [sentence]})
    return user.name if user is not None else str(policy)


def _page(actor: Actor, incident: Incident, user: User | None, policy: EscalationPolicy | None) -> None:
    escalations.restart(
        actor,
        incident.subject,
        user=user,
        policy=policy,
        team_id=incident.owning_team_id,
        urgency=incident.urgency,
        rank=incident.priority.rank,
        reason="reassigned",
    )
    people.ensure_assignee(incident)


@transaction.atomic
def escalate_now(actor: Actor, incident: Incident, *, version: int | None = None) -> Incident:
    """Page the next level once, without waiting for its time; level 1 where nobody was ever paged (TRI-14)."""
    require(actor, permissions.INCIDENT_ASSIGN, incident)
    incident = moving.hold(incident)
    target = moving.check(incident, "escalate_now", version)
    if incident.status != target:
        moving.enter(incident, target)
        incident.snoozed_until = None
        timers.withdraw(incident, *moving.WAITS)
    moving.save(incident)
    if Escalation.objects.filter(subject=incident.subject).exists():
        escalations.escalate_now(actor, incident.subject)
        people.ensure_assignee(incident)
    else:  # a person wants somebody woken all the same, whatever its priority says
        _page(actor, incident, None, incident.service.policy)
    record(facts.IncidentReassigned(number=incident.number))
    return incident


def replace_gone(user_id: int) -> int:
    """A person can no longer answer: what only he or she answered for goes back to its policy at once (S50)."""
    numbers = people.orphaned_by(user_id)
    for number in numbers:
        incident = moving.held(number)
        if incident is not None and incident.is_open:
            _replace(incident, user_id)
    return len(numbers)


def _replace(incident: Incident, user_id: int) -> None:
    actor = system()
    incident.participants.filter(user_id=user_id).update(assignee=False)
    entry = timeline.append(actor, incident, "assigned", "Its assignee cannot answer any more.")
    if incident.status == "acknowledged" and incident.priority.pages:
        moving.enter(incident, moving.check(incident, "reassign", None))
        incident.snoozed_until = None
        timers.withdraw(incident, *moving.WAITS)
        moving.save(incident)
        paging.again(actor, incident, "assignee gone", anew=True)
    former = set(people.assignees_of(incident))
    people.ensure_assignee(incident)
    if incident.status != "triggered" or not incident.priority.pages:
        _tell(incident, set(people.assignees_of(incident)) - former, f"notice:inherited:{entry.pk}")
    record(facts.IncidentReassigned(number=incident.number))


def _tell(incident: Incident, user_ids: Collection[int], key: str) -> None:
    """Nobody is paged for it, or not any more; whoever answers for it from now on hears of it once (S50)."""
    users = User.objects.filter(pk__in=user_ids).order_by("pk")
    sentence = "Its assignee cannot answer any more: you answer for it now."
    notices.tell(incident.subject, sentence, users, urgency=incident.urgency, key=key)
