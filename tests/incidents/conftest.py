"""A stage for incidents: fire events, move the clock, let the worker catch up."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from django.db import connection, transaction

from core import clock, worker
from incidents.commands.alerts import accept_batch
from incidents.kinds import Accepted, Normalised
from incidents.models import Incident, TimelineEntry
from oncall.models import Page, Service
from tests.again import again
from tests.world import World


@dataclass
class Stage:
    """What the stories use; `service` is where events go."""

    world: World
    at: clock.FrozenClock
    service: Service
    sent: list[Normalised] = field(default_factory=list)
    untouched: int | None = None  # what the database had counted when the stage was set, where that may be relied on

    def event(self, key: str = "disk", action: str = "trigger", **words: Any) -> Normalised:
        """One event of the stage's service."""
        base = Normalised(self.service.pk, action, key, summary=f"{key} is bad", severity="error", tool="events")
        return replace(base, **words)

    def accept(self, *events: Normalised) -> list[str]:
        """Hand a batch in, as intake does, without the worker."""
        return [each.outcome for each in self.accepted(events)]

    def accepted(self, events: Sequence[Normalised]) -> list[Accepted]:
        """The same with ids."""
        with transaction.atomic():
            return accept_batch(list(events))

    def fire(self, key: str = "disk", action: str = "trigger", **words: Any) -> str:
        """One event and everything that follows from it at once; on an untouched stage always the same does."""
        event = self.event(key, action, **words)
        if self.untouched is not None and self.untouched == touches():
            return again(("fire", repr(event)), lambda: self._fire(event))
        return self._fire(event)

    def _fire(self, event: Normalised) -> str:
        outcome = self.accept(event)[0]
        self.drain()
        return outcome

    def drain(self) -> int:
        """Do what is due now."""
        return worker.drain()

    def wait(self, **by: float) -> None:
        """Move the clock and do what has come due."""
        self.at.move(**by)
        self.drain()

    def incident(self, number: int | None = None) -> Incident:
        """The only incident, or the one of that number, as it is now."""
        rows = Incident.objects.select_related("service__team", "priority", "peak_priority")
        return rows.get(number=number) if number else rows.get()

    def count(self) -> int:
        """How many incidents there are."""
        return Incident.objects.count()

    def pages(self, incident: Incident | None = None) -> list[str]:
        """Who was paged, in order."""
        rows = Page.objects.order_by("pk").select_related("user")
        if incident is not None:
            rows = rows.filter(subject=incident.subject)
        return [page.user.name.split()[0] for page in rows]

    def kinds(self, incident: Incident | None = None) -> list[str]:
        """The kinds of the timeline's entries, in order."""
        rows = TimelineEntry.objects.filter(incident=incident or self.incident())
        return list(rows.order_by("seq").values_list("kind", flat=True))

    def assignees(self, incident: Incident | None = None) -> set[str]:
        """First names of those who answer for it."""
        rows = (incident or self.incident()).participants.filter(assignee=True)
        return {row.user.name.split()[0] for row in rows}


# A test that asks for one of these may have changed what follows from an event.
UNSURE = {"monkeypatch", "settings", "mailbox", "carrier"}


def touches() -> int | None:
    """How many rows this connection has changed in its life."""
    return connection.connection.total_changes if connection.vendor == "sqlite" else None


@pytest.fixture
def stage(request: pytest.FixtureRequest, world: World, at: clock.FrozenClock) -> Stage:
    """The service Checkout: Bo is level 1, Cy level 2."""
    asked = inspect.signature(request.function).parameters
    return Stage(world, at, world.checkout, untouched=touches() if UNSURE.isdisjoint(asked) else None)
