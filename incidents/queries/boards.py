"""What a person looks at first: the open incidents, worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.actors import Actor
from accounts.models import Membership, User
from incidents.models import Incident, Participant
from incidents.queries.access import incidents_seen_by
from oncall.models import Page

MOST = 500


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
class Board:
    """The open incidents that the viewer may see, and the pages that wait for his or her own answer."""

    rows: list[Row]
    pages: list[Page]

    def with_status(self, *statuses: str) -> list[Row]:
        """Only the rows in these states."""
        return [row for row in self.rows if row.incident.status in statuses]


def board(actor: Actor) -> Board:
    """Open incidents by rank, then waiting ones first, then oldest first; three queries."""
    found = list(incidents_seen_by(actor).open().order_by("priority__rank", "created_at", "pk")[:MOST])
    found.sort(key=lambda i: (i.priority.rank, i.status != "triggered", i.created_at))
    return Board(rows_of(actor, found), my_pages(actor))


def rows_of(actor: Actor, incidents: Sequence[Incident]) -> list[Row]:
    """The same incidents with their assignees, in one more query."""
    people = assignees(incidents)
    own = actor.user.pk if actor.user else None
    named = [(each, people.get(each.pk, [])) for each in incidents]
    return [Row(each, users, any(user.pk == own for user in users)) for each, users in named]


def assignees(incidents: Sequence[Incident]) -> Mapping[int, list[User]]:
    """Incident id -> who answers for it, in one query."""
    found: dict[int, list[User]] = {}
    rows = Participant.objects.filter(incident__in=[i.pk for i in incidents], assignee=True).select_related("user")
    for row in rows.order_by("joined_at", "pk"):
        found.setdefault(row.incident_id, []).append(row.user)
    return found


def my_pages(actor: Actor) -> list[Page]:
    """The actor's own unanswered pages, newest first."""
    if actor.user is None:
        return []
    return list(Page.objects.filter(user=actor.user, state="sent").select_related("escalation").order_by("-pk")[:50])


def concerned(number: int) -> list[int]:
    """Ids of the active people whose boards a change of this incident touches: on it, or in the owning team."""
    on_it = Participant.objects.filter(incident__number=number, user__is_active=True)
    team = Membership.objects.filter(team__services__incidents__number=number, user__is_active=True)
    private = Incident.objects.filter(number=number, visibility="private").exists()
    ids = set(on_it.values_list("user_id", flat=True))
    return sorted(ids if private else ids | set(team.values_list("user_id", flat=True)))
