"""Having people paged for an incident: every road to oncall's escalations goes through here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from accounts.actors import Actor
from incidents.commands import people
from incidents.models import Incident, Priority
from oncall.commands import escalations
from oncall.models import Escalation, Service


def urgency_of(service: Service, priority: Priority, rule: str = "") -> str:
    """high or low: what a rule says, else the service's own choice, else the priority's (DET-10)."""
    if rule:
        return rule
    return priority.urgency if service.urgency == "priority" else service.urgency


def start(
    actor: Actor, incident: Incident, *, first_due: datetime | None = None, late: timedelta = timedelta(0)
) -> None:
    """Called down: page level 1 now or at `first_due`; a priority without pages only gets assignees (DET-05).

    `late` is how long the page has waited for somebody to judge its event.
    """
    if incident.priority.pages:
        escalations.start(
            actor,
            policy=incident.service.policy,
            subject=incident.subject,
            urgency=incident.urgency,
            rank=incident.priority.rank,
            team_id=incident.owning_team_id,
            first_due=first_due,
            late=late,
        )
    people.ensure_assignee(incident)


def again(actor: Actor, incident: Incident, reason: str, *, also: Collection[int] = (), anew: bool = False) -> None:
    """Called down: page level 1 in a run of its own; the incident keeps its copy of the levels (O20, O24, O27).

    `anew` reads the service's policy again: a reopened incident is as good as a new one, and so is one for which
    nobody was paged before. `also` are people to ask beside level 1.
    """
    if not incident.priority.pages:
        people.ensure_assignee(incident)
        return
    first = not Escalation.objects.filter(subject=incident.subject).exists()
    escalations.restart(
        actor,
        incident.subject,
        policy=incident.service.policy if anew or first else None,
        team_id=incident.owning_team_id,
        urgency=incident.urgency,
        rank=incident.priority.rank,
        also=also,
        reason=reason,
    )
    people.ensure_assignee(incident)
