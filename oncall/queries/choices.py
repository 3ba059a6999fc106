"""What an actor may choose from in a form: managers their own teams' people and things, process owners all (A58)."""

from __future__ import annotations

from accounts.actors import Actor
from accounts.models import Team, User
from accounts.permissions import Permission, can
from accounts.queries import active_people, teams_seen_by
from oncall import permissions
from oncall.models import EscalationPolicy, Schedule
from oncall.queries.services import policies_seen_by, schedules_seen_by


def teams_to_edit(actor: Actor, right: Permission) -> list[Team]:
    """The teams for which the actor has this right."""
    return [team for team in teams_seen_by(actor) if can(actor, right, team)]


def _managed(actor: Actor) -> list[int]:
    roles = actor.user.team_roles() if actor.user is not None else {}
    return [pk for pk, role in roles.items() if role == "manager"]


def people_to_page(actor: Actor) -> list[User]:
    """The people whom the actor may put on a schedule or policy."""
    staff = active_people().exclude(role="stakeholder")
    if can(actor, permissions.CROSS_TEAM):
        return list(staff)
    return list(staff.filter(memberships__team_id__in=_managed(actor)).distinct())


def schedules_to_page(actor: Actor) -> list[Schedule]:
    """The schedules that the actor may put on a policy."""
    found = schedules_seen_by(actor).prefetch_related(None)
    return list(found if can(actor, permissions.CROSS_TEAM) else found.filter(team_id__in=_managed(actor)))


def policies_to_use(actor: Actor) -> list[EscalationPolicy]:
    """The policies that the actor may give to a service."""
    found = policies_seen_by(actor).prefetch_related(None)
    return list(found if can(actor, permissions.CROSS_TEAM) else found.filter(team_id__in=_managed(actor)))
