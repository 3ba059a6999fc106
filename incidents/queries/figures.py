"""The two figures beside the sidebar's links."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import CharField, Count, Value

from accounts.actors import Actor
from incidents.models import Incident
from incidents.queries.access import incidents_seen_by
from incidents.queries.boards import COUNTED
from oncall.queries.escalations import my_open_pages


@dataclass(frozen=True, slots=True)
class Figures:
    """Open incidents that the actor may see (S8: until they are resolved), and how many of them wait for his answer."""

    open_incidents: int
    pages: int


def figures_of(actor: Actor) -> Figures:
    """Both in one query, incidents counted to 10,001: in a storm nobody reads the rest.

    Whoever is asked by a level and again as the last resort has one answer to give (O21). Stakeholders have none.
    """
    seen = incidents_seen_by(actor).open().select_related(None).order_by()
    incidents = Incident.objects.filter(pk__in=seen.values("pk")[: COUNTED + 1]).order_by()
    pages = my_open_pages(actor).select_related(None).order_by()
    if actor.user is None or actor.user.role == "stakeholder":
        pages = pages.none()
    asked = (("incidents", incidents, Count("pk")), ("pages", pages, Count("subject", distinct=True)))
    rows = [
        found.values(what=Value(what, CharField())).annotate(how_many=number).values_list("what", "how_many")
        for what, found, number in asked
    ]
    counted = dict(rows[0].union(rows[1], all=True))
    return Figures(counted.get("incidents", 0), counted.get("pages", 0))
