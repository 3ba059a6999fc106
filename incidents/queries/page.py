"""The incident page: what one viewer sees of one incident, in a fixed number of queries (S36, A57)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Prefetch, Q, Subquery, Sum, Window
from django.utils.timezone import localtime

from accounts.actors import Actor
from accounts.models import User
from accounts.permissions import Permission, rights
from core import clock, figures
from core.errors import Missing
from core.models import FeedTopic
from incidents import permissions
from incidents.models import Alert, Incident, Milestone, Participant, Priority
from incidents.queries.access import incidents_seen_by, known
from incidents.queries.answering import answers
from incidents.queries.details import FRESH, UNDO, Rights, verbs_for
from incidents.queries.log import entry_counts, read_counts
from incidents.states import OPEN
from oncall.queries.escalations import Waiting, waiting_for

ALERTS = 20
STEPS = (
    ("Detect", "acknowledged"),
    ("Mobilise", "acknowledged"),
    ("Diagnose", "identified"),
    ("Resolve", "resolved"),
    ("Learn", "closed"),
)
ENDS = ("resolved", "closed")
HITS = tuple(status for status in OPEN if status != "mitigated")
KEPT = 10  # seconds for which the names of the priorities are good enough
LATE = timedelta(minutes=5)  # whoever comes later than this after the beginning is told what has happened


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of the phase bar: done at `at`, or the present one (`is_now`), or still to come (domain.md)."""

    name: str
    at: datetime | None
    is_done: bool
    is_now: bool
    mark: datetime | None = None


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """Everything that the page shows; `seq` is the number of the feed up to which it is complete."""

    incident: Incident
    seq: int
    audience: str
    may: Rights
    allowed: list[str]
    people: list[Participant]
    milestones: list[Milestone]
    waiting: Waiting | None
    counts: dict[str, int]

    @property
    def is_late(self) -> bool:
        """Whether somebody who comes now has missed something (RES-17)."""
        return clock.now() - self.incident.created_at > LATE

    @property
    def assignees(self) -> list[User]:
        """Who answers for it."""
        return [row.user for row in self.people if row.assignee and answers(self.incident, row.user)]

    @property
    def others(self) -> list[User]:
        """Who is on it besides."""
        return [row.user for row in self.people if not row.assignee]

    @property
    def phases(self) -> list[Phase]:
        """The phase bar, from milestones alone."""
        return phases(self.incident, self.milestones)

    @property
    def started_at(self) -> datetime:
        """When it began: the milestone, else when it was opened."""
        return next((row.at for row in self.milestones if row.kind == "started"), self.incident.created_at)

    @property
    def took(self) -> timedelta:
        """How long it lasted, or has lasted."""
        end = clock.now() if self.incident.is_open else self.incident.status_since
        return end - self.started_at

    @property
    def may_note(self) -> bool:
        """Whether the viewer may write into the record."""
        return self.may(permissions.TIMELINE_NOTE)

    @property
    def may_rank(self) -> bool:
        """Whether the viewer may move the priority at all."""
        return self.may(permissions.PRIORITY_RAISE) and self.incident.status not in ("merged", "cancelled")

    @property
    def may_describe(self) -> bool:
        """Whether the viewer may write what is known of it."""
        return self.may(permissions.INCIDENT_DESCRIBE) and self.incident.status not in ("merged", "cancelled")

    @property
    def are_customers_hit(self) -> bool:
        """Whether somebody has said whom it hits, and it still does: mitigated means that customers no longer are.

        That a service is customer-facing is not enough: what nobody has said is not known yet (domain.md).
        """
        return bool(self.incident.customer_impact) and self.incident.status in HITS

    @property
    def may_correct(self) -> bool:
        """Whether the viewer may correct milestones."""
        return self.may(permissions.MILESTONE_EDIT)

    def asks(self, user: User | None) -> bool:
        """Whether this person has been paged and has not answered."""
        return user is not None and self.waiting is not None and any(user.pk == each.pk for each in self.waiting.people)


def incident_page(actor: Actor, number: int, *, counted: bool = False) -> IncidentPage:
    """The incident as this actor may see it; raises Missing otherwise. `counted`: with the figures of the filters.

    The feed's number is read with the first query: what is written while the rest is read comes through the socket.
    """
    head = FeedTopic.objects.filter(name=f"incident:{number}").values("last_seq")
    people = Prefetch("participants", Participant.objects.select_related("user").order_by("joined_at", "pk"))
    seen = incidents_seen_by(actor).select_related("recurrence_of", "merged_into").prefetch_related(people)
    seen = seen.annotate(seq=Subquery(head), **({"counts": entry_counts()} if counted else {}))
    incident = seen.filter(number=number).first() if 0 < number < 2**31 else None
    if incident is None:
        raise Missing("There is no such incident.")
    incident.recurrence_of = known(actor, incident.recurrence_of)
    incident.merged_into = known(actor, incident.merged_into)
    may = rights(actor, incident)
    full = may(permissions.INCIDENT_SEE_ALL)
    waits = full and incident.status == "triggered"
    return IncidentPage(
        incident=incident,
        seq=getattr(incident, "seq", None) or 0,
        audience="responders" if full else "stakeholders",
        may=may,
        allowed=verbs_for(may, incident),
        people=list(incident.participants.all()),
        milestones=list(incident.milestones.order_by("at", "pk")),
        waiting=waiting_for(incident.subject) if waits else None,
        counts=read_counts(getattr(incident, "counts", None) or "") if full else {},
    )


def is_undoable(incident: Incident, allowed: Sequence[str], verb: str) -> bool:
    """Whether the last move can still be taken back as if nothing had been (ten seconds)."""
    return verb in allowed and (verb in FRESH or clock.now() - incident.status_since <= UNDO)


def phases(incident: Incident, milestones: Sequence[Milestone]) -> list[Phase]:
    """Detect, Mobilise, Diagnose, Resolve, Learn: a step is done when its end or a later one is reached.

    Of a reopened incident the former end does not count.
    """
    at = {row.kind: row.at for row in milestones if not (incident.is_open and row.kind in ENDS)}
    done = [any(end in at for _, end in STEPS[index:]) for index in range(len(STEPS))]
    now = done.index(False) if incident.status in (*OPEN, "resolved") and False in done else None
    return [
        Phase(name, at.get(end), done[index], index == now, at.get("mitigated") if name == "Resolve" else None)
        for index, (name, end) in enumerate(STEPS)
    ]


@dataclass(frozen=True, slots=True)
class Alerts:
    """The newest alerts of an incident, how often all of them were reported, and when the last one ended."""

    rows: Sequence[Alert]
    events: int
    ended_at: datetime | None = None

    @property
    def ended_today(self) -> bool:
        """Whether a clock time is enough to say when the last one ended."""
        return self.ended_at is not None and localtime(self.ended_at).date() == localtime(clock.now()).date()


def alerts_of(page: IncidentPage) -> Alerts:
    """One query; nothing for stakeholders (S36)."""
    if page.audience != "responders":
        return Alerts([], 0)
    over_all = {
        "events": Window(Sum("count")),
        "still_open": Window(Count("pk", filter=Q(state="open"))),
        "last_end": Window(Max("resolved_at")),
    }
    rows = page.incident.alerts.annotate(**over_all).order_by("-last_seen", "-pk")[:ALERTS]
    found: list[Any] = list(rows)
    if not found:
        return Alerts([], 0)
    first = found[0]
    return Alerts(found, first.events, None if first.still_open else first.last_end)


def priorities_for(page: IncidentPage) -> list[Priority]:
    """The priorities to which the viewer may move it: up for staff, down for those on it (S11).

    What they are called is a few seconds old at most; the command that moves it reads them anew.
    """
    lower: Permission = permissions.PRIORITY_LOWER
    rows = figures.kept("priorities", 0, KEPT, lambda: list(Priority.objects.order_by("rank")))
    return [row for row in rows if row.rank < page.incident.priority.rank or page.may(lower)]
