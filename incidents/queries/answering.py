"""Who answers for incidents, and which of them wait for somebody's answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import Case, CharField, Exists, FilteredRelation, OuterRef, Q, Value, When
from django.db.models.functions import Cast, Concat

from accounts.models import User
from core import joined
from incidents.models import Incident, Participant
from incidents.models.incidents import IncidentQuerySet
from oncall.models import Escalation
from oncall.states import LIVE_ESCALATIONS


def waits() -> Q:
    """Triggered, and somebody is asked: its priority pages, or an escalation still runs for it (DET-05, S10).

    What pages nobody is open all the same, and stands on the boards until somebody takes it or resolves it.
    """
    subject = Concat(Value("incident:"), Cast(OuterRef("number"), CharField()), output_field=CharField())
    asked = Escalation.objects.filter(subject=subject, state__in=LIVE_ESCALATIONS)
    return Q(status="triggered") & (Q(priority__pages=True) | Q(Exists(asked)))


def is_waiting() -> Case:
    """The same of each row, to be counted by."""
    return Case(When(waits(), then=True), default=False)


def assignees(incidents: Iterable[Incident]) -> Mapping[int, list[User]]:
    """Incident id -> who answers for it, in one query."""
    known = {incident.pk: incident for incident in incidents}
    found: dict[int, list[User]] = {}
    rows = Participant.objects.filter(incident__in=list(known), assignee=True).select_related("user")
    for row in rows.order_by("joined_at", "pk"):
        if answers(known[row.incident_id], row.user):
            found.setdefault(row.incident_id, []).append(row.user)
    return found


def answers(incident: Incident, user: User) -> bool:
    """Whether an assignee is to be named: nobody who was shut out answers for what is open; the record keeps names."""
    return user.is_active or not incident.is_open


def with_assignees(rows: IncidentQuerySet, *order: str) -> tuple[list[Incident], dict[int, list[User]]]:
    """The incidents in this order, each once, and by its id who answers for it, first come first; one query.

    A row comes once for each who answers: whatever limits the rows must do so in a query of their keys.
    """
    answering = FilteredRelation("participants", condition=Q(participants__assignee=True))
    rows = rows.annotate(answering=answering).annotate(**joined.columns(User, "answering__user", "assignee"))
    found: dict[int, Incident] = {}
    people: dict[int, list[User]] = {}
    for row in rows.order_by(*order, "answering__joined_at", "answering__pk"):
        assignee = joined.taken(User, row, "assignee")
        found.setdefault(row.pk, row)
        people.setdefault(row.pk, []).extend([assignee] if assignee is not None and answers(row, assignee) else [])
    return list(found.values()), people
