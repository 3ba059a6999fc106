"""Whether the process is kept: acknowledgements in time, unanswered pages, incidents without an owner (ADM-03).

Among the newest rows alone, so that no table is counted whole; private incidents count for their people only (A62).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery

from accounts.actors import Actor
from core import clock
from incidents.models import Incident, Milestone, Participant, Priority
from oncall.models import Page
from oncall.queries.hidden import hidden_subjects

SPAN = timedelta(days=30)
IN_TIME = timedelta(minutes=5)
NEWEST = 10_000  # incidents, or pages
SHOWN = 5


@dataclass(frozen=True, slots=True)
class ByPriority:
    """The incidents of one priority: how many were opened, acknowledged at all, and acknowledged in time."""

    name: str
    opened: int
    acknowledged: int
    in_time: int

    @property
    def share(self) -> str:
        """The part that was acknowledged in time, as people say it."""
        return f"{self.in_time / self.opened:.0%}" if self.opened else "—"


@dataclass(frozen=True, slots=True)
class Adherence:
    """The last 30 days, and the open incidents that nobody owns now."""

    priorities: list[ByPriority]
    pages: int
    unanswered: int
    unowned: list[Incident]


def adherence(actor: Actor) -> Adherence:
    """What of the process was kept, as far as the actor may know, in four queries."""
    asked = _pages(actor)
    return Adherence(_by_priority(actor), asked["all"], asked["unanswered"], list(_unowned(actor)[:SHOWN]))


def _by_priority(actor: Actor) -> list[ByPriority]:
    newest = Incident.objects.order_by("-number").values("pk")[:NEWEST]
    acked = Milestone.objects.filter(incident=OuterRef("pk"), kind="acknowledged").values("at")[:1]
    rows = (
        Incident.objects.visible_to(actor)
        .filter(pk__in=newest, kind="real", created_at__gte=clock.now() - SPAN)
        .annotate(acked=Subquery(acked, output_field=DateTimeField()))
        .order_by()
        .values("initial_priority")
        .annotate(
            opened=Count("pk"),
            acknowledged=Count("pk", filter=Q(acked__isnull=False)),
            in_time=Count("pk", filter=Q(acked__lte=F("created_at") + IN_TIME)),
        )
    )
    found = {row["initial_priority"]: row for row in rows}
    names = Priority.objects.order_by("rank").values_list("pk", "name")
    return [_row(name, found.get(pk, {})) for pk, name in names]


def _row(name: str, row: dict[str, int]) -> ByPriority:
    return ByPriority(name, row.get("opened", 0), row.get("acknowledged", 0), row.get("in_time", 0))


def _pages(actor: Actor) -> dict[str, int]:
    """Pages that went to a person; unanswered are those that timed out or could not be delivered and stayed so."""
    newest = Page.objects.order_by("-pk").values("pk")[:NEWEST]
    rows = Page.objects.filter(pk__in=newest, created_at__gte=clock.now() - SPAN).exclude(hidden_subjects(actor))
    missed = Q(state__in=["timed_out", "undeliverable"])
    return rows.aggregate(all=Count("pk"), unanswered=Count("pk", filter=missed))


def _unowned(actor: Actor) -> QuerySet[Incident]:
    owners = Participant.objects.filter(incident=OuterRef("pk"), assignee=True, user__is_active=True)
    return Incident.objects.visible_to(actor).open().exclude(Exists(owners)).select_related("priority")
