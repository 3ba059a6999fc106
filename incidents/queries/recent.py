"""What was altered a moment ago, and what may have come of it (TRI-08)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F

from accounts.actors import Actor
from accounts.permissions import can
from core import clock
from incidents import permissions
from incidents.models import ChangeEvent, Incident
from incidents.queries.boards import Scope

HOUR = timedelta(hours=1)
SHOWN = 5
READ = 200  # a change has one row for each service that needs its service
ICONS = {"deploy": "deploy", "package": "deploy"}


@dataclass(frozen=True, slots=True)
class RecentChange:
    """A change of the last hour, and the open incident that began soonest after it, here or where this is needed."""

    change: ChangeEvent
    incident: Incident | None

    @property
    def before(self) -> timedelta:
        """How long before that incident it was."""
        return timedelta(0) if self.incident is None else self.incident.created_at - self.change.started_at

    @property
    def is_told_apart(self) -> bool:
        """Whether the service has to be named: often the summary does so."""
        return self.change.service.name.casefold() not in self.change.summary.casefold()

    @property
    def icon(self) -> str:
        """The symbol of its kind."""
        return ICONS.get(self.change.kind, "gear")


def recent_in(actor: Actor, scope: Scope, open_ones: Iterable[Incident]) -> list[RecentChange]:
    """Newest first; `open_ones` are what the viewer is shown, so that no other incident is named. One query."""
    if not can(actor, permissions.CHANGE_SEE):
        return []
    now = clock.now()
    rows = ChangeEvent.objects.filter(started_at__gt=now - HOUR, started_at__lte=now).select_related("service")
    if scope.teams is not None:
        rows = rows.filter(service__team_id__in=sorted(scope.teams))
    rows = rows.annotate(needed_by=F("service__dependents__service_id")).order_by("-started_at", "-pk")
    changes: dict[int, ChangeEvent] = {}
    touched: dict[int, set[int]] = {}
    for row in rows[:READ]:
        changes.setdefault(row.pk, row)
        touched.setdefault(row.pk, {row.service_id}).add(row.needed_by or row.service_id)
    shown = list(changes.values())[:SHOWN]
    begun = sorted(open_ones, key=lambda each: each.created_at)
    return [RecentChange(each, _after(each, touched[each.pk], begun)) for each in shown]


def _after(change: ChangeEvent, services: set[int], begun: Iterable[Incident]) -> Incident | None:
    """The first that began on one of these services within an hour after the change."""
    end = change.started_at + HOUR
    for incident in begun:
        if incident.service_id in services and change.started_at <= incident.created_at <= end:
            return incident
    return None
