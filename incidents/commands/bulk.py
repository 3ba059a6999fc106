"""One verb for several incidents: all of them or none (A61)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core.errors import Conflict, Forbidden, Invalid
from incidents import permissions
from incidents.commands import assignment, lifecycle, undoing
from incidents.models import Incident
from incidents.queries.bulk import chosen, refused

COMMANDS: Mapping[str, Callable[..., Incident]] = {
    "acknowledge": lifecycle.acknowledge,
    "resolve": lifecycle.resolve,
    "reassign": assignment.reassign,
    "undo_acknowledge": undoing.undo_acknowledge,
    "undo_resolve": undoing.undo_resolve,
}


@transaction.atomic
def act_on_all(actor: Actor, verb: str, numbers: Iterable[int], **values: Any) -> list[Incident]:
    """Do what the single command does to each, in the order of their numbers, in one transaction.

    Raises Conflict `bulk` with the reason of each under its name (`INC-4`) when it cannot be done to all: then
    nothing is done. `values` are the single command's own.
    """
    require(actor, permissions.INCIDENT_BULK)
    if verb not in COMMANDS:
        raise Invalid("Unknown verb.", fields={"verb": [f"Must be one of {', '.join(COMMANDS)}."]})
    choice = chosen(actor, verb, numbers)
    against = {str(each): [each.reason] for each in refused(choice)}
    if against:
        raise _nothing_done(against)
    return [_one(actor, verb, each.incident, values) for each in choice if each.incident is not None]


def _one(actor: Actor, verb: str, incident: Incident, values: Mapping[str, Any]) -> Incident:
    """What has changed between the look and the lock is told like what was known before."""
    try:
        return COMMANDS[verb](actor, incident, **values)
    except (Conflict, Forbidden) as error:
        raise _nothing_done({str(incident): [error.detail]}) from error


def _nothing_done(against: Mapping[str, list[str]]) -> Conflict:
    names = ", ".join(against)
    return Conflict(f"Nothing was done: it cannot be done to {names}.", code="bulk", fields=against)
