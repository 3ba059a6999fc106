"""Whom a person can turn to: who may do what was refused; the managers, process owners and administrators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.models import Membership, Team, User
from accounts.permissions import TEAM_SEE, can, named, team_asked
from accounts.queries import administrators, process_owners

MOST = 6
NAMED = 3  # people of one kind; the rest are "another"


def who_grants(actor: Actor) -> list[str]:
    """Names with what they are, nearest first: whom to ask when nothing in particular was refused; three queries."""
    if actor.user is None:
        return []
    found = _managers(actor, _teams(actor, None), MOST)
    found += _people(actor, process_owners(), "process owner", MOST)
    return [*found, *_people(actor, administrators(), "administrator", MOST)][:MOST]


def who_may(actor: Actor, lacking: tuple[Any, Any]) -> list[str]:
    """Names of those who may do what this person may not, the nearest kind that has anybody; empty where none can.

    Where the whole staff may, and for a stakeholder, who is told of no team, only another role helps: that is the
    administrators' to give. Nobody is named for what is private: those who may in general may not know of it (S34).
    Nobody who was shut out is named, and not the person who asks. One query for each kind that is looked at.
    """
    row, thing = named(lacking[0]), lacking[1]
    if actor.user is None or can(actor, row, thing) or _is_private(thing):
        return []
    columns = {"AD"} if "RX" in row.columns or not can(actor, TEAM_SEE) else row.columns
    most = NAMED + 1
    ways: tuple[tuple[str, str, Callable[[], list[str]]], ...] = (
        ("MG", "manager", lambda: _managers(actor, _teams(actor, thing), most)),
        ("PO", "process owner", lambda: _people(actor, process_owners(), "process owner", most)),
        ("AD", "administrator", lambda: _people(actor, administrators(), "administrator", most)),
    )
    for column, what, names in ways:
        if column in columns and (found := names()):
            return [*found[:NAMED], f"or another {what}"] if len(found) > NAMED else found
    return []


def _is_private(thing: Any) -> bool:
    return getattr(getattr(thing, "incident", None) or thing, "visibility", "open") != "open"


def _teams(actor: Actor, thing: Any) -> QuerySet[Team]:
    """The team that owns the thing; where nothing is asked of, those of the person."""
    if thing is None and actor.user is not None:
        return Team.objects.filter(memberships__user=actor.user)
    return Team.objects.filter(pk=team_asked(thing) or 0)


def _managers(actor: Actor, teams: QuerySet[Team], most: int) -> list[str]:
    """Others who manage one of these teams, by team and name."""
    places = Membership.objects.filter(team__in=teams, role=Membership.MANAGER, user__is_active=True)
    places = places.exclude(user=actor.user).exclude(user__role="stakeholder").select_related("user", "team")
    found = places.order_by("team__name", "user__name")[:most]
    return [f"{each.user.name}, manager of {each.team.name}" for each in found]


def _people(actor: Actor, people: QuerySet[User], what: str, most: int) -> list[str]:
    others = people.exclude(pk=actor.user.pk) if actor.user else people
    return [f"{name}, {what}" for name in others.values_list("name", flat=True)[:most]]
