"""The record on the incident page: one stretch of it, and how much each of its filters shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Count, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Concat

from core.errors import Missing
from incidents.models import TimelineEntry
from incidents.queries.timeline import SHOWS, Line, for_audience, lines, shown

if TYPE_CHECKING:
    from incidents.queries.page import IncidentPage

ENTRIES = 200
#: What the page calls the filters.
NAMES = {"all": "Everything", "key": "Key moments", "note": "Notes", "action": "Actions", "chat": "Chat"}


def entry_counts() -> Subquery:
    """How many entries each filter shows, as one text: a single pass over the incident's entries, and no query more."""
    figures: list[Any] = []
    for show in SHOWS:
        figures += [Cast(Count("pk", filter=shown(show)), CharField()), Value(",")]
    rows = TimelineEntry.objects.filter(incident=OuterRef("pk")).order_by().values("incident")
    return Subquery(rows.annotate(figures=Concat(*figures, output_field=CharField())).values("figures"))


def read_counts(figures: str) -> dict[str, int]:
    """The same text by filter."""
    return dict(zip(SHOWS, map(int, filter(None, figures.split(","))), strict=False))


@dataclass(frozen=True, slots=True)
class Log:
    """A stretch of the record in order; `earlier` is the id before whose entry the next stretch ends."""

    lines: list[Line]
    earlier: int | None

    @property
    def key_moments(self) -> list[Line]:
        """The last two that matter, for whoever comes late (RES-17)."""
        return [line for line in self.lines if "key" in line.moment.split()][-2:]


def log_of(page: IncidentPage, *, before: int | None = None, show: str = "all") -> Log:
    """The newest entries, or those before an entry, that one of SHOWS lets through; raises Missing."""
    rows = for_audience(page.incident, page.audience).filter(shown(show))
    if before is not None:
        mark = rows.filter(pk=before).first()
        if mark is None:
            raise Missing("There is no such entry.")
        rows = rows.filter(Q(occurred_at__lt=mark.occurred_at) | Q(occurred_at=mark.occurred_at, pk__lt=mark.pk))
    found: list[TimelineEntry] = list(rows.order_by("-occurred_at", "-pk")[: ENTRIES + 1])
    stretch = found[:ENTRIES][::-1]
    return Log(lines(stretch), stretch[0].pk if len(found) > ENTRIES else None)
