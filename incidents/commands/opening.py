"""New incidents: declared by a person, or opened by an alert (DET-01, DET-02, DET-09)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from accounts.actors import Actor
from accounts.permissions import require
from core import clock
from core.db import locked
from core.errors import Invalid
from core.facts import record
from core.text import clean_line, clean_text, one_line
from incidents import facts, gates, permissions
from incidents.commands import milestones, paging, people, timeline
from incidents.engine.rules import Decision
from incidents.models import Alert, Incident, IncidentCounter, Priority
from incidents.queries.priorities import priority_of_rank
from oncall.models import Service

DECLARED_RANK = 3
LONGEST = 10_000


@transaction.atomic
def declare(
    actor: Actor, *, title: str, service: Service, priority: Priority | None = None, description: str = ""
) -> Incident:
    """Open an incident by hand: title and service are enough, somebody is paged and answers for it (DET-02)."""
    require(actor, permissions.INCIDENT_DECLARE)
    name = clean_line(title, 255, "title")
    if not name:
        raise Invalid("An incident needs a title.", fields={"title": ["Must not be empty."]})
    if service.archived_at is not None:
        raise Invalid("This service is archived.", fields={"service": ["Is archived."]})
    chosen = priority or priority_of_rank(DECLARED_RANK)
    incident = _create(
        service,
        chosen,
        title=name,
        description=clean_text(description, LONGEST, "description"),
        urgency=paging.urgency_of(service, chosen),
        declared_by=actor.user,
        declared_via=actor.via[:30],
    )
    if actor.user is not None:
        people.join(incident, [actor.user.pk])
    timeline.append(actor, incident, "opened", incident.description, data={"title": name, "service": service.name})
    _begin(actor, incident)
    return incident


def open_from_alert(
    actor: Actor,
    alert: Alert,
    decision: Decision,
    *,
    group_key: str = "",
    group_until: datetime | None = None,
    recurrence_of: Incident | None = None,
) -> Incident:
    """Open an incident for an alert, in the caller's transaction; page unless a gate holds it or it does not page."""
    require(actor, permissions.EVENT_SEND, alert)
    priority = priority_of_rank(decision.rank)
    incident = _create(
        alert.service,
        priority,
        title=one_line(alert.summary or alert.key, 255),
        urgency=paging.urgency_of(alert.service, priority, decision.urgency),
        declared_via="event",
        group_key=group_key,
        group_until=group_until,
        recurrence_of=recurrence_of,
        flood="flood" in alert.marks,
    )
    started = alert.event_at or alert.first_seen
    milestones.reach(incident, "started", min(started, incident.created_at))
    judged = bool(alert.judged_severity)
    _attach_first(incident, alert)
    data = {"rule": decision.rule.name if decision.rule else "", "severity": alert.severity, "alert": alert.pk}
    if recurrence_of is not None:
        data["recurrence_of"] = recurrence_of.number
    timeline.append(actor, incident, "opened", alert.summary, data=data)
    # An alert that nobody has judged yet has waited since it came; one that got worse, since its last event (F52).
    _begin(actor, incident, late=clock.now() - (alert.last_seen if judged else alert.first_seen))
    return incident


def open_beside(actor: Actor, source: Incident, title: str) -> Incident:
    """Called down by a split: a new incident of the same service and priority that pages nobody by itself (S17)."""
    incident = _create(
        source.service,
        source.priority,
        title=title,
        urgency=source.urgency,
        visibility=source.visibility,
        codename=source.codename,
        declared_by=actor.user,
        declared_via="split",
    )
    if source.visibility == "private":
        people.join(incident, source.participants.values_list("user_id", flat=True))
    _note_start(incident)
    timeline.append(actor, incident, "opened", data={"title": title, "service": source.service.name})
    record(facts.IncidentOpened(number=incident.number, via="split"))
    return incident


def _attach_first(incident: Incident, alert: Alert) -> None:
    alert.incident, alert.judged_severity = incident, alert.severity
    alert.save(update_fields=["incident", "judged_severity"])
    incident.alert_count = 1
    Incident.objects.filter(pk=incident.pk).update(alert_count=1)


def _create(service: Service, priority: Priority, **fields: Any) -> Incident:
    return Incident.objects.create(
        number=next_number(),
        service=service,
        priority=priority,
        initial_priority=priority,
        peak_priority=priority,
        is_major=priority.major,
        **fields,
    )


def _note_start(incident: Incident) -> None:
    started = milestones.reach(incident, "started", incident.created_at)
    milestones.reach(incident, "detected", incident.created_at)
    milestones.open_impact(incident, started.at)


def _begin(actor: Actor, incident: Incident, *, late: timedelta = timedelta(0)) -> None:
    _note_start(incident)
    paging.start(actor, incident, first_due=gates.page_hold(incident), late=late)
    record(facts.IncidentOpened(number=incident.number, via=incident.declared_via))


def lock_numbers() -> None:
    """Put openings into an order until the end of the transaction; always taken before an incident's own lock."""
    if stands_in_line():
        return
    IncidentCounter.objects.bulk_create([IncidentCounter(pk=1)], ignore_conflicts=True)
    locked(IncidentCounter.objects.filter(pk=1)).get()


def stands_in_line() -> bool:
    """Whether writers wait for each other anyway, from the start of their transactions on, as SQLite's do."""
    return connection.vendor != "postgresql"


def next_number() -> int:
    """The next number; an opening that fails gives it back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incidents_incidentcounter (id, last) VALUES (1, 1) "
            "ON CONFLICT (id) DO UPDATE SET last = incidents_incidentcounter.last + 1 RETURNING last"
        )
        number: int = cursor.fetchone()[0]
    return number
