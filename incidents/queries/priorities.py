"""Reads of the priorities."""

from __future__ import annotations

from accounts.actors import Actor
from accounts.permissions import require
from core.errors import Conflict, Missing
from incidents import permissions
from incidents.models import Priority


def priorities(actor: Actor) -> list[Priority]:
    """P1 to P5 as the process owner has named them (TRI-02)."""
    require(actor, permissions.PRIORITY_SEE)
    return list(Priority.objects.order_by("rank"))


def priority_of_rank(rank: int) -> Priority:
    """The priority of a rank; where it was removed, the next higher one, at any doubt (defaults.md)."""
    rows = Priority.objects.order_by("rank")
    found = rows.filter(rank__lte=rank).last() or rows.first()
    if found is None:
        raise Conflict("There are no priorities.", hint="Add them in the administration.")
    return found


def priority_by_id(actor: Actor, pk: int) -> Priority:
    """One priority; Missing where there is none."""
    require(actor, permissions.PRIORITY_SEE)
    found = Priority.objects.filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such priority.")
    return found
