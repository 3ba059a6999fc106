"""Is it here or everywhere: open incidents around, what began at the same time, how it was mended before (TRI-05, 07).

Private incidents are absent (A62): every read starts with what the actor may see.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta

from accounts.actors import Actor
from accounts.permissions import can
from incidents import permissions
from incidents.models import Incident
from incidents.queries.access import incidents_seen_by
from incidents.queries.changes import needed, needing

AT_ONCE = timedelta(minutes=30)
CLOSE_BY = 300  # numbers before and after: what began at the same time has a number nearby
SHOWN, PAST = 8, 5
MOST = 200
OVER = ("resolved", "closed")


@dataclass(frozen=True, slots=True)
class Side:
    """The services on one side, one step away: how many there are, and which of them are unhealthy."""

    all: int = 0
    unwell: int = 0


@dataclass(frozen=True, slots=True)
class Related:
    """What stands around an incident; `needed` and `needing` count services one step away, `far` incidents at two.

    `elsewhere` counts what began meanwhile, of which the nearest are in `meanwhile`.
    """

    upstream: Sequence[Incident] = ()
    downstream: Sequence[Incident] = ()
    meanwhile: Sequence[Incident] = ()
    past: Sequence[Incident] = ()
    needed: Side = field(default_factory=Side)
    needing: Side = field(default_factory=Side)
    far: int = 0
    elsewhere: int = 0

    @property
    def is_local(self) -> bool:
        """Whether nothing around it is open and nothing else began with it."""
        return not (self.upstream or self.downstream or self.meanwhile)

    @property
    def verdict(self) -> str:
        """Local or global, in a word or two."""
        if self.is_local:
            return "Looks local"
        return "Looks wider than this service" if self.needed.unwell or self.needing.unwell else "Perhaps not alone"

    @property
    def sentences(self) -> list[str]:
        """Why, in sentences."""
        found = [
            said
            for said in (
                _unwell(self.needed, "service it needs is", "services it needs are"),
                _unwell(self.needing, "service that needs it is", "services that need it are"),
            )
            if said
        ]
        if self.far:
            found.append(f"{self.far} {'incident is' if self.far == 1 else 'incidents are'} open two steps away.")
        if self.elsewhere:
            word = "incident elsewhere" if self.elsewhere == 1 else "incidents elsewhere"
            count = f"At least {self.elsewhere}" if self.elsewhere >= MOST else self.elsewhere
            found.append(f"{count} {word} began within 30 min of it.")
        if not self.needed.all and not self.needing.all:
            found.append("No service says that it needs it, and it is said to need none.")
        return found


def _unwell(side: Side, one: str, more: str) -> str:
    if not side.all:
        return ""
    if side.all == 1:
        return f"The only {one} {'unhealthy' if side.unwell else 'healthy'}."
    if not side.unwell:
        return f"All {side.all} {more} healthy."
    if side.unwell == 1:
        return f"1 of the {side.all} {more.removesuffix(' are')} is unhealthy."
    return f"{side.unwell} of the {side.all} {more} unhealthy."


def related_to(actor: Actor, incident: Incident) -> Related:
    """What it needs, what needs it, what is open there and where, what began meanwhile, how it was mended before.

    Six queries.
    """
    if not can(actor, permissions.INCIDENT_SEE_ALL, incident):
        return Related()
    below, above = needed(incident.service_id), needing(incident.service_id)
    others = [pk for pk in {**below, **above} if pk != incident.service_id]
    seen = incidents_seen_by(actor).exclude(pk=incident.pk)
    rows = seen.open().filter(service_id__in=others)
    worst = list(rows.order_by("priority__rank", "created_at")[:MOST])
    unwell = set(rows.order_by().values_list("service_id", flat=True).distinct())
    upstream = [each for each in worst if below.get(each.service_id, 0) > 0]
    downstream = [each for each in worst if above.get(each.service_id, 0) > 0 and each not in upstream]
    known = {each.pk for each in (*upstream, *downstream)}
    meanwhile = [each for each in _meanwhile(actor, incident) if each.pk not in known]
    return Related(
        upstream=upstream[:SHOWN],
        downstream=downstream[:SHOWN],
        meanwhile=meanwhile[:SHOWN],
        past=list(seen.filter(service=incident.service, status__in=OVER).order_by("-number")[:PAST]),
        needed=_side(below, unwell),
        needing=_side(above, unwell),
        far=sum(1 for each in worst if min(below.get(each.service_id, 9), above.get(each.service_id, 9)) == 2),
        elsewhere=len(meanwhile),
    )


def _side(steps: dict[int, int], unwell: Set[int]) -> Side:
    near = {pk for pk, distance in steps.items() if distance == 1}
    return Side(len(near), len(near & unwell))


def _meanwhile(actor: Actor, incident: Incident) -> list[Incident]:
    """What began within half an hour of it, on any service; nearest first."""
    number, at = incident.number, incident.created_at
    rows = incidents_seen_by(actor).exclude(pk=incident.pk).exclude(status__in=("merged", "cancelled"))
    near = rows.filter(
        number__range=(number - CLOSE_BY, number + CLOSE_BY), created_at__range=(at - AT_ONCE, at + AT_ONCE)
    )
    return sorted(near.order_by("number")[:MOST], key=lambda each: abs(each.created_at - at))
