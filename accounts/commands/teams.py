"""Verbs of teams: create, edit, delete, join, change a member's role, leave."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError

from accounts.actors import Actor
from accounts.commands import shapes
from accounts.models import Membership, Team, User
from accounts.permissions import TEAM_CREATE, TEAM_DELETE, TEAM_EDIT, TEAM_LEAVE, require
from core import audit
from core.db import bump, check_version, locked
from core.errors import Conflict, Invalid, Missing
from core.text import clean_text

ROLES = {Membership.MEMBER, Membership.MANAGER}
LONGEST = 2000  # signs of a description


@transaction.atomic
def create(actor: Actor, *, name: str, description: str = "") -> Team:
    """Make a team; raises Invalid and Conflict (`taken`) for a known name, whatever its case."""
    require(actor, TEAM_CREATE)
    made = Team(name=shapes.name(name, limit=80), description=clean_text(description, LONGEST, "description"))
    _store(made)
    audit.write(actor, "team.create", f"team:{made.pk}", after={"name": made.name})
    return made


@transaction.atomic
def edit(
    actor: Actor, team: Team, *, name: str | None = None, description: str | None = None, version: int | None = None
) -> Team:
    """Rename or describe a team; raises Conflict when it has changed meanwhile (`stale`) or the name is taken."""
    require(actor, TEAM_EDIT, team)
    team = _locked(team)
    check_version(team, version)
    before = {"name": team.name, "description": team.description}
    if name is not None:
        team.name = shapes.name(name, limit=80)
    if description is not None:
        team.description = clean_text(description, LONGEST, "description")
    bump(team)
    _store(team)
    before, after = audit.changed(before, {"name": team.name, "description": team.description})
    audit.write(actor, "team.edit", f"team:{team.pk}", before=before, after=after)
    return team


@transaction.atomic
def delete(actor: Actor, team: Team) -> None:
    """Remove a team that owns nothing; raises Conflict (`in_use`) while services or schedules name it."""
    require(actor, TEAM_DELETE, team)
    key, name = f"team:{team.pk}", team.name
    try:
        _locked(team).delete()
    except (ProtectedError, RestrictedError) as error:
        raise Conflict(
            "This team still owns services, schedules or policies.",
            code="in_use",
            hint="Give them to another team first.",
        ) from error
    audit.write(actor, "team.delete", key, before={"name": name})


@transaction.atomic
def join(actor: Actor, team: Team, *, user: User, role: str = Membership.MEMBER) -> Membership:
    """Take a person into the team, or change his or her role in it; raises Invalid for stakeholders."""
    require(actor, TEAM_EDIT, team)
    if role not in ROLES:
        raise Invalid("There is no such role in a team.", fields={"role": ["Use member or manager."]})
    if user.role == "stakeholder" or not user.is_active:
        raise Invalid("Only active staff can be in a team.", fields={"user": ["Choose an active responder."]})
    _locked(team)
    found, made = Membership.objects.get_or_create(user=user, team=team, defaults={"role": role})
    before = {} if made else {"role": found.role}
    if not made and found.role == role:
        return found
    found.role = role
    found.save(update_fields=["role"])
    audit.write(actor, "team.join", f"team:{team.pk}", before=before, after={"user": user.pk, "role": role})
    return found


@transaction.atomic
def leave(actor: Actor, team: Team, *, user: User) -> None:
    """Take a person out of the team: oneself, or as its manager anybody; raises Missing for a stranger."""
    found = Membership.objects.filter(team=team, user=user).first()
    require(actor, TEAM_LEAVE, found or team)
    if found is None:
        raise Missing("This person is not in the team.")
    role = found.role
    found.delete()
    audit.write(actor, "team.leave", f"team:{team.pk}", before={"user": user.pk, "role": role})


def _locked(team: Team) -> Team:
    found = locked(Team.objects.filter(pk=team.pk)).first()
    if found is None:
        raise Missing("There is no such team.")
    return found


def _store(team: Team) -> None:
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError as error:
        raise Conflict("There is a team of this name already.", code="taken") from error
