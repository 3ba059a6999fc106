"""The list of incidents: a query of words, pages by key, counts that end at 10,000 (TRI-04, A13, A66, P7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.actors import Actor
from accounts.models import User
from core import clock, figures
from core.errors import Invalid
from incidents.engine.search_words import Query, values_of
from incidents.models import Incident, Milestone, Participant
from incidents.models.incidents import IncidentQuerySet
from incidents.queries.access import incidents_seen_by
from incidents.queries.answering import is_waiting, with_assignees
from incidents.queries.search import Names, asks_text, narrowed
from incidents.states import OPEN

PAGE = 50
MOST_COUNTED = 10_000
ORDERS: Mapping[str, tuple[str, ...]] = {
    "newest": ("-number",),
    "oldest": ("number",),
    "longest": ("number",),
    "priority": ("priority__rank", "-number"),
}
OPEN_ONLY = ("priority", "longest")
_place = re.compile(r"(?:([0-9])\.)?([0-9]{1,9})")


Rows = tuple[list[Incident], Mapping[int, list[User]]]
UNSHOWN = ("description", "resolution", "suspected_cause", "customer_impact")
KEPT = 10  # seconds for which the figures of the chips are good enough


class CountOf(Subquery):
    """How many rows a query has, beside the rows of another one."""

    template = "(SELECT count(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is asked for; `before` and `after` are places of the order: `4711`, by priority `2.4711`."""

    query: Query
    sort: str = "newest"
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the list: the incident, who answers for it, and how long it has been open or was."""

    incident: Incident
    people: list[User]
    lasted: timedelta


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the list; `older` and `newer` are the places at which the neighbours end, "" where there is none.

    `total` is how many there are on all pages, 10,001 for more than that, None where counting would cost too much.
    """

    rows: list[Listed]
    newer: str
    older: str
    total: int | None


def incidents_found(names: Names, asked: Asked) -> Found:
    """A page of what the actor may see and asked for; raises Invalid for what no control of the page sends."""
    order, place = _order(asked), _place_of(asked)
    back = bool(asked.after)
    found, people = _page(names, asked, _turned(order) if back else order, place)
    more = len(found) > PAGE
    shown = found[:PAGE]
    if back:
        shown.reverse()
    at_start = not more if back else place is None
    at_end = not back and not more
    newer = "" if at_start or not shown else _named(shown[0], order)
    older = "" if at_end or not shown else _named(shown[-1], order)
    total = len(shown) if at_start and not older else getattr(found[0], "total", None) if found else None
    return Found(_listed(shown, people), newer, older, total)


def exported(names: Names, query: Query, size: int = 500) -> Iterator[list[Listed]]:
    """Everything that fits, newest first, in batches by key, so that an export of any length holds one batch."""
    rows = narrowed(names, incidents_seen_by(names.actor).select_related(None), query)
    order, place = ORDERS["newest"], Q()
    while True:
        keys = rows.filter(place).order_by(*order).values("pk")[:size]
        batch, people = with_assignees(_shown(keys), *order)
        if batch:
            yield _listed(batch, people)
        if len(batch) < size:
            return
        place = Q(number__lt=batch[-1].number)


def tallies(actor: Actor) -> Mapping[str, int]:
    """How many open incidents there are, and how many of them are of each kind that a chip counts."""
    return figures.kept("list", actor.user.pk if actor.user else 0, KEPT, lambda: _tallied(actor))


def _tallied(actor: Actor) -> Mapping[str, int]:
    mine = Participant.objects.filter(incident=OuterRef("pk"), assignee=True, user=actor.user)
    rows = incidents_seen_by(actor).open().select_related(None).annotate(is_mine=Exists(mine), waits=is_waiting())
    found: dict[str, int] = rows.order_by()[: MOST_COUNTED + 1].aggregate(
        open=Count("pk"),
        mine=Count("pk", filter=Q(is_mine=True)),
        waiting=Count("pk", filter=Q(waits=True)),
        major=Count("pk", filter=Q(is_major=True)),
        snoozed=Count("pk", filter=Q(status="acknowledged", snoozed_until__isnull=False)),
    )
    return found


def _page(names: Names, asked: Asked, order: tuple[str, ...], place: Q | None) -> Rows:
    """The keys are found in an index alone, then 51 rows are read (P7).

    Of words that stand in many texts the newest hits are enough for most pages: only a page that they do not fill
    is looked for thoroughly.
    """
    quick = connection.vendor == "sqlite" and order == ORDERS["newest"] and asks_text(asked.query)
    if quick:
        found = _read(names, asked.query, order, place, _newest(asked.before))
        if len(found[0]) > PAGE:
            return found
    return _read(names, asked.query, order, place, None)


def _read(names: Names, query: Query, order: tuple[str, ...], place: Q | None, newest: int | None) -> Rows:
    rows: IncidentQuerySet = narrowed(names, incidents_seen_by(names.actor).select_related(None), query, newest=newest)
    keys = (rows.filter(place) if place is not None else rows).order_by(*order).values("pk")[: PAGE + 1]
    shown = _shown(keys)
    if not asks_text(query):
        shown = shown.annotate(total=CountOf(rows.order_by().values("pk")[: MOST_COUNTED + 1]))
    return with_assignees(shown, *order)


def _shown(keys: Any) -> IncidentQuerySet:
    """These rows with what a list shows, and the time at which each was resolved, or else left the open states."""
    reached = Milestone.objects.filter(incident=OuterRef("pk"), kind="resolved").values("at")
    rows = Incident.objects.select_related("service__team", "priority").filter(pk__in=keys).defer(*UNSHOWN)
    return rows.annotate(ended_at=Coalesce(Subquery(reached[:1]), "status_since"))


def _listed(incidents: list[Incident], people: Mapping[int, list[User]]) -> list[Listed]:
    now = clock.now()
    ends = ((each, now if each.is_open else getattr(each, "ended_at", now)) for each in incidents)
    return [Listed(each, people.get(each.pk, []), end - each.created_at) for each, end in ends]


def _newest(before: str) -> int:
    """The id below which the hits of a later page begin; 0 for the first page."""
    if not before:
        return 0
    return Incident.objects.filter(number__gte=int(before)).order_by("number").values_list("pk", flat=True).first() or 0


def _order(asked: Asked) -> tuple[str, ...]:
    if asked.sort not in ORDERS:
        raise _wrong("sort", f"Must be one of {', '.join(ORDERS)}.")
    if asked.sort in OPEN_ONLY and not asks_open(asked.query):
        raise _wrong("sort", "Only open incidents can be put into this order: add state:open.")
    return ORDERS[asked.sort]


def asks_open(query: Query) -> bool:
    """Whether the query leaves open incidents only."""
    states = values_of(query, "state")
    return bool(states) and all(state in ("open", "waiting", "snoozed", *OPEN) for state in states)


def _turned(order: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(field[1:] if field.startswith("-") else f"-{field}" for field in order)


def _named(incident: Incident, order: tuple[str, ...]) -> str:
    return f"{incident.priority.rank}.{incident.number}" if len(order) > 1 else str(incident.number)


def _place_of(asked: Asked) -> Q | None:
    """Everything behind `before`, or in front of `after`; a place of another order is refused (A66)."""
    if not asked.before and not asked.after:
        return None
    field = "after" if asked.after else "before"
    found = _place.fullmatch(asked.after or asked.before)
    order = ORDERS[asked.sort]
    if (asked.before and asked.after) or found is None or bool(found[1]) != (len(order) > 1):
        raise _wrong(field, "Is not a place of this list.")
    down = order[-1].startswith("-") != bool(asked.after)
    behind = Q(number__lt=int(found[2])) if down else Q(number__gt=int(found[2]))
    if not found[1]:
        return behind
    rank = int(found[1])
    further = Q(priority__rank__lt=rank) if asked.after else Q(priority__rank__gt=rank)
    return further | Q(priority__rank=rank) & behind


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid(f"{field}: {sentence}", fields={field: [sentence]})
