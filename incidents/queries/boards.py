"""What a person looks at first: the open incidents, worst first, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import BooleanField, Case, Count, Exists, IntegerField, Min, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Substr

from accounts.actors import Actor
from accounts.models import Membership, User
from incidents.models import Incident, Participant
from incidents.models.incidents import IncidentQuerySet
from incidents.queries.access import incidents_seen_by
from incidents.queries.answering import is_waiting, waits, with_assignees
from oncall.queries.escalations import my_open_pages
from oncall.queries.following import Following

SHOWN = 50
ASKED = 50
COUNTED = 10_000
LONG = ("description", "customer_impact", "suspected_cause", "resolution")  # texts that no row shows
URGENT = 2  # a triggered incident of this rank or above stands before everything else (design 6)


@dataclass(frozen=True, slots=True)
class Row:
    """One incident of a board with the people who answer for it; `mine` says that the viewer is one of them."""

    incident: Incident
    assignees: list[User]
    mine: bool

    @property
    def is_snoozed(self) -> bool:
        """Shown as Snoozed although it is acknowledged."""
        return self.incident.snoozed_until is not None


@dataclass(frozen=True, slots=True)
class Line:
    """A row of Now: what comes next by itself, as far as the viewer may know."""

    row: Row
    following: Following | None = None
    is_exhausted: bool = False
    pages_nobody: bool = False

    @property
    def paged_again_at(self) -> datetime | None:
        """When its acknowledgement times out and level 1 is paged anew (O20); None where it does not."""
        incident = self.row.incident
        if incident.status != "acknowledged" or self.row.is_snoozed:
            return None
        own = incident.service.ack_timeout_minutes
        minutes = incident.priority.ack_timeout_minutes if own is None else own
        return incident.status_since + timedelta(minutes=minutes) if minutes else None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a board is about: the viewer's teams and the incidents he or she is on, or (`teams` None) everything."""

    teams: frozenset[int] | None = None
    user_id: int = 0

    def holds(self, team_id: int) -> bool:
        """Whether something of this team belongs to it."""
        return self.teams is None or team_id in self.teams

    def narrowed(self, rows: IncidentQuerySet) -> IncidentQuerySet:
        """Only the incidents of the scope."""
        return rows if self.teams is None else rows.filter(self._within())

    def marked(self, rows: IncidentQuerySet) -> IncidentQuerySet:
        """The same rows, each with `in_scope`."""
        if self.teams is None:
            return rows.annotate(in_scope=Value(True, BooleanField()))
        return rows.annotate(in_scope=Case(When(self._within(), then=True), default=False))

    def _within(self) -> Q:
        on_it = Exists(Participant.objects.filter(incident=OuterRef("pk"), user_id=self.user_id))
        return Q(service__team_id__in=sorted(self.teams or ())) | Q(on_it)


@dataclass(frozen=True, slots=True)
class Board:
    """Open incidents: those of the scope in their order, and those whose page waits for the viewer, of any team.

    `longest` is the number of the one that has waited longest for an answer, `people` who answers for each, by its id.
    """

    found: list[Incident]
    asked: list[Incident]
    longest: int | None
    is_cut: bool
    people: Mapping[int, list[User]]

    @property
    def all(self) -> list[Incident]:
        """Every incident that is shown anywhere, once."""
        return list({each.pk: each for each in [*self.asked, *self.found]}.values())


def board(actor: Actor, scope: Scope) -> Board:
    """One query, at most 101 incidents with their assignees; `asked` is empty for stakeholders, who are never paged.

    The rows are chosen by what orders them and then read in full: thousands may be open in a storm.
    """
    rows = Incident.objects.visible_to(actor).open()
    asked = _asked(actor)
    chosen = scope.marked(rows).annotate(asked=asked)
    if scope.teams is not None:
        chosen = chosen.filter(Q(in_scope=True) | Q(asked=True))
    urgent = Case(When(status="triggered", priority__rank__lte=URGENT, then=0), default=1)
    first = Cast("asked", IntegerField()).desc()  # PostgreSQL orders by no bare constant, as a stakeholder's is
    chosen = chosen.order_by(first, urgent, "priority__rank", "created_at", "pk")
    waiting = scope.narrowed(rows).filter(waits()).order_by("status_since", "pk")
    seen = incidents_seen_by(actor).select_related(None).select_related("service", "priority")
    seen = scope.marked(seen.filter(pk__in=chosen.values("pk")[: ASKED + SHOWN + 1]))
    found = seen.annotate(asked=asked, longest=Subquery(waiting.values("number")[:1])).defer(*LONG)
    kept, people = with_assignees(found)
    marked = [(each, vars(each)) for each in sorted(kept, key=_place)]
    within = [each for each, marks in marked if marks["in_scope"]]
    return Board(
        found=within[:SHOWN],
        asked=[each for each, marks in marked if marks["asked"]][:ASKED],
        longest=marked[0][1]["longest"] if marked else None,
        is_cut=len(within) > SHOWN or len(marked) > ASKED + SHOWN,
        people=people,
    )


def _asked(actor: Actor) -> Case:
    """Whether a page about the incident waits for the actor's own answer."""
    pages = my_open_pages(actor).filter(subject__startswith="incident:").select_related(None).order_by()
    numbers = pages.values_list(Cast(Substr("subject", len("incident:") + 1), IntegerField()))
    if actor.user is None or actor.user.role == "stakeholder":
        numbers = numbers.none()
    return Case(When(number__in=numbers, then=True), default=False, output_field=BooleanField())


def _place(incident: Incident) -> tuple[bool, int, datetime, int]:
    rank = incident.priority.rank
    return (incident.status != "triggered" or rank > URGENT, rank, incident.created_at, incident.pk)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many are open in all (counted to 10,001), how many wait for an answer and since when; worst rank first.

    `untaken` page nobody and are nobody's work yet: informational ones, which wait for no answer.
    """

    total: int
    waiting: int
    untaken: int
    waiting_since: datetime | None
    by_priority: Mapping[tuple[int, str], int]
    worst: Mapping[int, int]

    @property
    def worst_words(self) -> str:
        """How many have the highest priority among them: "1 is P1"."""
        if not self.by_priority:
            return ""
        (_, name), count = min(self.by_priority.items())
        return f"{counted(count)} {'is' if count == 1 else 'are'} {name}"


def counted(number: int) -> str:
    """A count as design 6 writes it: "10,000+" above what is worth counting."""
    return f"{number:,}" if number <= COUNTED else f"{COUNTED:,}+"


def tally(actor: Actor, scope: Scope) -> Tally:
    """The counts of a board in one query; `worst` is service id -> highest rank among its open incidents."""
    rows = scope.narrowed(incidents_seen_by(actor).open())
    bounded = Incident.objects.filter(pk__in=rows.select_related(None).order_by().values("pk")[: COUNTED + 1])
    marked = bounded.annotate(waits=is_waiting()).order_by()
    waiting, untaken = Q(waits=True), Q(waits=False, status="triggered")
    found = marked.values_list("service_id", "priority__rank", "priority__name").annotate(
        how_many=Count("pk"),
        waiting=Count("pk", filter=waiting),
        oldest=Min("status_since", filter=waiting),
        untaken=Count("pk", filter=untaken),
    )
    by_priority: dict[tuple[int, str], int] = {}
    worst: dict[int, int] = {}
    total, unanswered, idle, since = 0, 0, 0, list[datetime]()
    for service_id, rank, name, count, waits_here, oldest, idle_here in found:
        by_priority[rank, name] = by_priority.get((rank, name), 0) + count
        worst[service_id] = min(rank, worst.get(service_id, rank))
        total, unanswered, idle = total + count, unanswered + waits_here, idle + idle_here
        since += [oldest] if oldest else []
    return Tally(total, unanswered, idle, min(since, default=None), by_priority, worst)


def rows_of(actor: Actor, found: Board) -> list[Row]:
    """The incidents of the scope with their assignees; reads nothing."""
    own = actor.user.pk if actor.user else None
    named = [(each, found.people[each.pk]) for each in found.found]
    return [Row(each, users, any(user.pk == own for user in users)) for each, users in named]


def concerned(number: int) -> list[int]:
    """Ids of the active people whose boards a change of this incident touches: on it, or in the owning team."""
    on_it = Participant.objects.filter(incident__number=number, user__is_active=True)
    team = Membership.objects.filter(team__services__incidents__number=number, user__is_active=True)
    private = Incident.objects.filter(number=number, visibility="private").exists()
    ids = set(on_it.values_list("user_id", flat=True))
    return sorted(ids if private else ids | set(team.values_list("user_id", flat=True)))
