"""The two figures beside the sidebar's links."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import CharField, Count, Value

from accounts.actors import Actor
from incidents.queries.access import incidents_seen_by
from oncall.queries.escalations import my_open_pages


@dataclass(frozen=True, slots=True)
class Figures:
    """Open incidents that the actor may see (S8: until they are resolved), and pages that wait for him."""

    open_incidents: int
    pages: int


def figures_of(actor: Actor) -> Figures:
    """Both in one query."""
    incidents = incidents_seen_by(actor).open().select_related(None).order_by()
    pages = my_open_pages(actor).select_related(None).order_by()
    rows = [
        found.values(what=Value(what, CharField())).annotate(how_many=Count("pk")).values_list("what", "how_many")
        for what, found in (("incidents", incidents), ("pages", pages))
    ]
    counted = dict(rows[0].union(rows[1], all=True))
    return Figures(counted.get("incidents", 0), counted.get("pages", 0))
