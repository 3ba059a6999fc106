"""What the shell of every page shows of a person: the two figures beside the sidebar's links, and the card of duty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Func, IntegerField, Subquery, Value

from accounts.actors import Actor
from incidents.models import Incident
from incidents.queries.access import incidents_seen_by
from incidents.queries.boards import COUNTED
from oncall.queries.duty import Standing, places_of, standing_from
from oncall.queries.escalations import my_open_pages


@dataclass(frozen=True, slots=True)
class Figures:
    """Open incidents that the actor may see (S8: until they are resolved), and how many of them wait for his answer."""

    open_incidents: int
    pages: int


@dataclass(frozen=True, slots=True)
class Glance:
    """The figures, and what the card of duty is made of."""

    figures: Figures
    person: int = 0
    places: Sequence[Mapping[str, Any]] = ()

    def standing(self) -> Standing:
        """How the person stands on the schedules; worked out anew at each call."""
        return standing_from(self.person, self.places)


class _Count(Func):
    """All rows in one, also where there is none; `Count` would make a group of each."""

    function = "COUNT"
    output_field = IntegerField()


class _CountOnce(_Count):
    """Equal values count once."""

    template = "%(function)s(DISTINCT %(expressions)s)"


def glance_of(actor: Actor) -> Glance:
    """All of it in one query, incidents counted to 10,001: in a storm nobody reads the rest.

    Whoever is asked by a level and again as the last resort has one answer to give (O21). Stakeholders have none.
    """
    if actor.user is None:
        return Glance(Figures(0, 0))
    seen = incidents_seen_by(actor).open().select_related(None).order_by()
    incidents = Incident.objects.filter(pk__in=seen.values("pk")[: COUNTED + 1]).order_by()
    pages: Any = Value(0)
    if actor.user.role != "stakeholder":
        waiting = my_open_pages(actor).select_related(None).order_by()
        pages = Subquery(waiting.values(how_many=_CountOnce("subject")))
    counts: Any = {"open_incidents": Subquery(incidents.values(how_many=_Count("pk"))), "pages": pages}
    rows = list(places_of(actor.user.pk).annotate(**counts))
    figures = Figures(rows[0]["open_incidents"], rows[0]["pages"]) if rows else Figures(0, 0)
    return Glance(figures, actor.user.pk, rows)
