"""What oncall may ask of an incident, and tell it: text of a page, entries, answers (flow A)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime

from accounts.actors import Actor, system
from core import clock
from core.errors import Missing
from core.facts import record
from core.links import absolute
from incidents import facts
from incidents.commands import assignment, lifecycle, milestones, moving, people, timeline
from incidents.models import Incident
from incidents.queries import paged
from incidents.queries.access import hidden_incidents
from incidents.queries.details import alerts_ended_at
from oncall.kinds import Subject, SubjectText
from oncall.models import Page

PREFIX = "incident"


def incident_of(key: str) -> Incident:
    """The incident behind `incident:42`; raises Missing."""
    number = key.partition(":")[2]
    found = Incident.objects.select_related(*moving.JOINED).filter(number=int(number)).first()
    if found is None:
        raise Missing("There is no such incident.")
    return found


def named(key: str) -> tuple[str, str]:
    """`incident:42` as INC-42, and the path of its page."""
    number = key.partition(":")[2]
    return f"INC-{number}", f"/incidents/{number}/"


def describe(key: str) -> SubjectText:
    """What a page says; a private incident goes out under its codename (S34)."""
    incident = incident_of(key)
    return SubjectText(
        number=str(incident),
        title=incident.public_name,
        url=absolute(f"/incidents/{incident.number}/"),
        rank=incident.priority.rank,
        priority_name=incident.priority.name,
        service=incident.service.name if incident.visibility == "open" else "A private service",
        asks="Accept to acknowledge the incident, or decline.",
        standing="" if incident.status == "triggered" else moving.standing(incident),
        alias="" if incident.visibility == "open" else "A private incident",
        status=incident.status if incident.visibility == "open" else "",
    )


def remark(key: str) -> str:
    """That all its alerts have ended, of an incident that still pages: majors are not resolved by themselves (S13)."""
    end = alerts_ended_at(int(key.partition(":")[2]))
    if end is None:
        return ""
    local, today = localtime(end), localtime(clock.now()).date()
    said = f"at {local:%H:%M}" if local.date() == today else f"on {local:%a} {local.day} {local:%b}, {local:%H:%M %Z}"
    return f"All its alerts ended {said}."


def facts_told(key: str) -> Sequence[tuple[str, str]]:
    """What the page says beside the title."""
    return paged.facts_of(incident_of(key))


def so_far(actor: Actor, key: str) -> Sequence[tuple[datetime, str]]:
    """What has happened, for the person who was paged and has signed in."""
    return paged.so_far(actor, incident_of(key))


def noted(key: str, kind: str, text: str, data: Mapping[str, Any], *, actor: Actor | None = None) -> None:
    """Write an entry; whoever has just been paged answers for a triggered incident from now on (DET-09)."""
    incident = incident_of(key)
    timeline.append(actor or system(), incident, kind, text, data=data)
    if kind in ("page_sent", "escalated", "exhausted") and incident.status == "triggered":
        people.assign(incident, list(data.get("people", ())))
        if (
            kind != "page_sent"
        ):  # the first page goes out with the opening or the reassignment, which tell it themselves
            record(facts.IncidentReassigned(number=incident.number))
    people.ensure_assignee(incident)
    timeline.panel_changed(incident, "waiting")


def answered(key: str, actor: Actor, answer: str, page: Page, via: str) -> str:
    """Accepting acknowledges; a later accept joins; escalate asks the next level; gives a sentence for the person."""
    incident = incident_of(key)
    if answer == "decline":
        return f"You have declined {incident}. Somebody else is asked."
    if answer == "escalate":
        assignment.escalate_now(actor, incident)
        return f"{incident} was escalated: the next level is being paged."
    if incident.status == "triggered":
        lifecycle.acknowledge(actor, incident)
        return f"You have acknowledged {incident}."
    if incident.is_open and actor.user is not None:
        people.join(incident, [actor.user.pk])
        milestones.reach(incident, "mobilised")
    return moving.standing(incident)


def exhausted(key: str) -> None:
    """Every level was asked in vain: the last resort has been paged, higher rooms may hear of it (O21)."""
    record(facts.IncidentExhausted(number=incident_of(key).number))


def still_wanted(key: str) -> bool:
    """Whether anybody is still waited for: only while it is triggered (O18)."""
    return Incident.objects.filter(number=int(key.partition(":")[2]), status="triggered").exists()


def lock(key: str) -> None:
    """Take the incident's row first, as every command does."""
    moving.held(int(key.partition(":")[2]))


SUBJECT = Subject(
    *(PREFIX, describe, noted, answered, exhausted, still_wanted, lock),
    *(hidden_incidents, remark, facts_told, so_far, named),
)
