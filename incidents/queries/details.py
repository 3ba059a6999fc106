"""One incident with everything that its page shows, and lists of incidents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q, QuerySet, Sum

from accounts.actors import Actor
from accounts.models import User
from accounts.permissions import Permission, can, rights
from core import clock, live
from incidents import permissions
from incidents.models import Alert, ChangeEvent, Incident, Milestone, Signal
from incidents.queries.access import incident_seen_by, known
from incidents.queries.answering import assignees
from incidents.states import INCIDENT
from oncall.models import Service
from oncall.queries.escalations import Waiting, waiting_for

SHOWN = 50
NEAR = timedelta(hours=24)
PHASES = (("detect", "acknowledged"), ("diagnose", "identified"), ("resolve", "resolved"), ("learn", "closed"))
UNDO = timedelta(seconds=10)
FRESH = {"undo_resolve"}
Rights = Callable[[Permission], bool]


@dataclass(frozen=True, slots=True)
class Detail:
    """An incident for one viewer; `allowed` are the verbs that he or she may use now."""

    incident: Incident
    audience: str
    assignees: list[User]
    milestones: list[Milestone]
    phase: str
    waiting: Waiting | None
    alerts: list[Alert]
    event_count: int
    allowed: list[str]
    last_seq: int


def incident_detail(actor: Actor, number: int) -> Detail:
    """Everything that the page shows; raises Missing for what the actor may not know (A57)."""
    incident = incident_seen_by(actor, number)
    incident.recurrence_of = known(actor, incident.recurrence_of)
    full = can(actor, permissions.INCIDENT_SEE_ALL, incident)
    milestones = list(incident.milestones.order_by("at", "pk"))
    if not full:
        for milestone in milestones:
            milestone.edits = []  # they hold what people wrote (S36)
    counted = incident.alerts.aggregate(total=Sum("count"))["total"] if full else 0
    return Detail(
        incident=incident,
        audience="responders" if full else "stakeholders",
        assignees=list(assignees([incident]).get(incident.pk, [])),
        milestones=milestones,
        phase=phase(milestones),
        waiting=waiting_for(incident.subject) if full and incident.status == "triggered" else None,
        alerts=list(incident.alerts.order_by("-last_seen", "-pk")[:SHOWN]) if full else [],
        event_count=counted or 0,
        allowed=allowed_verbs(actor, incident),
        last_seq=live.last_seq(incident.subject),
    )


def phase(milestones: Sequence[Milestone]) -> str:
    """Where the phase bar stands, from milestones alone (domain.md)."""
    reached = {milestone.kind for milestone in milestones}
    return next((name for name, end in PHASES if end not in reached), "done")


def allowed_verbs(actor: Actor, incident: Incident) -> list[str]:
    """The verbs that the state table and the actor's rights leave now."""
    return verbs_for(rights(actor, incident), incident)


def verbs_for(may: Rights, incident: Incident) -> list[str]:
    """As `allowed_verbs`, for a page that knows the viewer's rights already."""
    verbs = []
    for verb in INCIDENT.verbs(incident.status):
        row = permissions.VERBS.get(verb)
        if row is None or (verb in FRESH and clock.now() - incident.status_since > UNDO):
            continue
        if verb == "reopen" and incident.status == "closed":
            row = permissions.INCIDENT_REOPEN_CLOSED
        if may(row):
            verbs.append(verb)
    return verbs


def alerts_ended_at(number: int) -> datetime | None:
    """When the last alert of a triggered incident ended; None while one is open, and where it never had any."""
    rows = Alert.objects.filter(incident__number=number, incident__status="triggered")
    found = rows.aggregate(still_open=Count("pk", filter=Q(state="open")), last=Max("resolved_at"))
    last: datetime | None = found["last"]
    return None if found["still_open"] else last


def alerts_seen_by(actor: Actor, incident: Incident) -> QuerySet[Alert]:
    """The incident's alerts, newest first; none for stakeholders."""
    rows = Alert.objects.filter(incident=incident).order_by("-last_seen", "-pk")
    return rows if can(actor, permissions.ALERT_SEE, incident) else rows.none()


def signals_near(actor: Actor, incident: Incident, *, within: timedelta = NEAR, limit: int = 20) -> list[Signal]:
    """Informational events around the start: they feed triage only (DET-12)."""
    if not can(actor, permissions.ALERT_SEE, incident):
        return []
    start = _started(incident)
    rows = Signal.objects.filter(service=incident.service, at__range=(start - within, start + within))
    return list(rows.order_by("-at")[:limit])


def _started(incident: Incident) -> datetime:
    found = incident.milestones.filter(kind="started").values_list("at", flat=True).first()
    return found or incident.created_at


def changes_of(actor: Actor, service: Service) -> QuerySet[ChangeEvent]:
    """A service's changes, newest first."""
    rows = ChangeEvent.objects.filter(service=service).order_by("-started_at", "-pk")
    return rows if can(actor, permissions.CHANGE_SEE, service) else rows.none()
