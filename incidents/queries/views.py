"""Views of the list: those that everybody has, one's own, and those that one's teams share."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.actors import Actor
from accounts.permissions import can
from core.errors import Missing
from incidents import permissions
from incidents.models import SavedView


@dataclass(frozen=True, slots=True)
class Built:
    """A view that everybody has; `count` names the figure of `tallies` beside it."""

    name: str
    query: str
    count: str = ""


BUILT_IN = (
    Built("Open", "state:open", "open"),
    Built("Mine", "state:open owner:me", "mine"),
    Built("Waiting for an answer", "state:waiting", "waiting"),
    Built("Major", "state:open major:yes", "major"),
    Built("Snoozed", "state:snoozed", "snoozed"),
    Built("Resolved this week", "resolved:7d"),
    Built("All", "state:all"),
)


def views_seen_by(actor: Actor) -> QuerySet[SavedView]:
    """One's own views and those of one's teams, by name."""
    if actor.user is None or not can(actor, permissions.INCIDENT_SEE):
        return SavedView.objects.none()
    teams = list(actor.user.team_roles())
    rows = SavedView.objects.filter(Q(user=actor.user) | Q(team__in=teams))
    return rows.select_related("team", "user").order_by("name", "pk")


def view_seen_by(actor: Actor, pk: int) -> SavedView:
    """One view; Missing where there is none or the actor may not know (A57)."""
    found = views_seen_by(actor).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such view.")
    return found
