"""Whom a person can turn to: who may do what was refused; the managers, process owners and administrators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.models import Membership, Team, User
from accounts.permissions import TEAM_SEE, can, named, team_asked
from accounts.queries import administrators, managers_of, process_owners

MOST = 6
NAMED = 3  # people of one kind; the rest are "another"


def who_grants(actor: Actor) -> list[str]:
    """Names with what they are, nearest first: whom to ask when nothing in particular was refused; three queries."""
    if actor.user is None:
        return []
    mine = Membership.objects.filter(user=actor.user).values("team")
    managing = Membership.objects.filter(team__in=mine, role=Membership.MANAGER, user__is_active=True)
    managing = managing.exclude(user=actor.user).select_related("user", "team").order_by("team__name", "user__name")
    found = [f"{each.user.name}, manager of {each.team.name}" for each in managing[:MOST]]
    found += [f"{each.name}, process owner" for each in process_owners().exclude(pk=actor.user.pk)[:MOST]]
    found += [f"{each.name}, administrator" for each in administrators().exclude(pk=actor.user.pk)[:MOST]]
    return found[:MOST]


def who_may(actor: Actor, lacking: tuple[Any, Any]) -> list[str]:
    """Names of those who may do what this person may not, the nearest kind that has anybody; empty where none can.

    Where the whole staff may, and for a stakeholder, who is told of no team, only another role helps: that is the
    administrators' to give. Nobody is named for what is private: those who may in general may not know of it (S34).
    Nobody who was shut out is named, and not the person who asks. At most four queries.
    """
    row, thing = named(lacking[0]), lacking[1]
    if actor.user is None or can(actor, row, thing) or _is_private(thing):
        return []
    columns = {"AD"} if "RX" in row.columns or not can(actor, TEAM_SEE) else row.columns
    for column, people, what in _kinds(actor, thing):
        if column in columns and (found := _named(people.exclude(pk=actor.user.pk), what)):
            return found
    return []


def _is_private(thing: Any) -> bool:
    return getattr(getattr(thing, "incident", None) or thing, "visibility", "open") != "open"


def _kinds(actor: Actor, thing: Any) -> Iterable[tuple[str, QuerySet[User], str]]:
    """The column of the matrix, its people, and what they are: nearest first."""
    for team in _teams(actor, thing):
        yield "MG", managers_of(team.pk).exclude(role="stakeholder"), f"manager of {team.name}"
    yield "PO", process_owners(), "process owner"
    yield "AD", administrators(), "administrator"


def _teams(actor: Actor, thing: Any) -> QuerySet[Team]:
    """The team that owns the thing; where nothing is asked of, those of the person."""
    if thing is None and actor.user is not None:
        return Team.objects.filter(memberships__user=actor.user).order_by("name")
    return Team.objects.filter(pk=team_asked(thing) or 0)


def _named(people: QuerySet[User], what: str) -> list[str]:
    names = list(people.values_list("name", flat=True)[: NAMED + 1])
    more = [f"or another {what}"] if len(names) > NAMED else []
    return [*(f"{name}, {what}" for name in names[:NAMED]), *more]
