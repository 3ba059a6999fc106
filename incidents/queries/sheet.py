"""The list as CSV, in batches: what the viewer sees in it, and no more (A17, A62)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from core.sheets import BOM, csv_lines
from incidents.engine.search_words import Query
from incidents.queries.listing import Listed, exported
from incidents.queries.search import Names

HEAD = (
    *("number", "title", "priority", "major", "state", "service", "team", "owners", "alerts"),
    *("opened_at", "status_since", "open_seconds"),
)


class Sheet(Iterator[str]):
    """Lines of CSV as they are read; the person's place is given back at the end, or when the reader leaves."""

    def __init__(self, names: Names, query: Query, leave: Callable[[], None]) -> None:
        self._batches = exported(names, query)
        self._leave = leave
        self._head: str | None = BOM + csv_lines([HEAD])

    def __next__(self) -> str:
        """The head first, then a batch of lines."""
        if self._head is not None:
            head, self._head = self._head, None
            return head
        try:
            return csv_lines(_cells(row) for row in next(self._batches))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the place back; may be called twice."""
        leave, self._leave = self._leave, _nothing
        leave()


def _nothing() -> None:
    """There is no place to give back any more."""


def _cells(row: Listed) -> list[object]:
    """A private incident goes by its codename, as in every message that leaves: a file wanders (S34)."""
    incident = row.incident
    service = incident.service
    place = (service.name, service.team.name) if incident.visibility == "open" else ("A private service", "")
    snoozed = incident.status == "acknowledged" and incident.snoozed_until is not None
    return [
        str(incident),
        incident.public_name,
        incident.priority.name,
        "yes" if incident.is_major else "no",
        "snoozed" if snoozed else incident.status,
        *place,
        ", ".join(person.name for person in row.people),
        incident.alert_count,
        _iso(incident.created_at),
        _iso(incident.status_since),
        int(row.lasted.total_seconds()),
    ]


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
