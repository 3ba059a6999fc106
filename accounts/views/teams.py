"""Pages of teams: who is in them and what they are for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import Actor
from accounts.commands import teams
from accounts.forms import TEAM_ROLES, MemberForm, RoleForm, TeamForm
from accounts.kinds import panels, team_columns
from accounts.models import Team
from accounts.permissions import (
    TEAM_CREATE,
    TEAM_DELETE,
    TEAM_EDIT,
    TEAM_LEAVE,
    TEAM_SEE,
    USER_EDIT,
    can,
    require,
)
from accounts.queries import administrators, managing, membership_in, people_to_join, team_seen_by, teams_with_people
from core.web.doors import Question, actor_of, confirm, done, signed_in
from core.web.forms import sent

HOME = ("Teams", "/teams/")
MOST_NAMED = 3


@signed_in
@require_safe
def team_list(request: HttpRequest) -> HttpResponse:
    """Every team with its people, and what other rooms know of it."""
    actor: Actor = actor_of(request)
    require(actor, TEAM_SEE)
    rows = list(teams_with_people(actor))
    columns = [(column, column.read(actor, rows)) for column in team_columns()]
    context = {
        "rows": [
            (row, managing(row.memberships.all()), [(column, found.get(row.pk)) for column, found in columns])
            for row in rows
        ],
        "administrators": administrators()[:MOST_NAMED],  # read only where a team has nobody of its own
        "columns": [column for column, _ in columns],
        "may_create": can(actor, TEAM_CREATE),
        "crumbs": [("Teams", "")],
    }
    return render(request, "accounts/teams/list.html", context)


@signed_in
@require_safe
def team(request: HttpRequest, pk: int) -> HttpResponse:
    """One team: its people, what it answers for and who is on call for it."""
    return _page(request, team_seen_by(actor_of(request), pk))


def _page(request: HttpRequest, shown: Team, joining: MemberForm | None = None) -> HttpResponse:
    actor: Actor = actor_of(request)
    may_edit = can(actor, TEAM_EDIT, shown)
    members = list(shown.memberships.select_related("user").order_by("role", "user__name"))
    joining = joining or (MemberForm(people=people_to_join(shown)) if may_edit else None)
    context = {
        "team": shown,
        "members": members,
        "managed": bool(managing(members)),
        "administrators": administrators()[:MOST_NAMED],
        "roles": TEAM_ROLES,
        "joining": joining,
        "may_edit": may_edit,
        "may_delete": can(actor, TEAM_DELETE, shown),
        "panels": panels("team", actor, shown),
        "side": panels("team-side", actor, shown),
        "sees_addresses": can(actor, USER_EDIT),
        "me": actor.user,
        "crumbs": [HOME, (shown.name, "")],
    }
    return render(request, "accounts/teams/detail.html", context, status=joining.status if joining else 200)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a team."""
    actor: Actor = actor_of(request)
    require(actor, TEAM_CREATE)
    form = TeamForm(request.POST or None)
    if request.method == "POST":
        made = sent(form, lambda: teams.create(actor, **_values(form)))
        if made is not None:
            return done(request, f"/teams/{made.pk}/", f"{made.name} is there. Now add its people.")
    context = {
        "form": form,
        "title": "New team",
        "intro": "A team owns services, schedules and policies; its managers change them.",
        "button": "Create team",
        "back": "/teams/",
        "crumbs": [HOME, ("New", "")],
    }
    return render(request, "ui/edit.html", context, status=form.status)


def _values(form: TeamForm) -> dict[str, str]:
    return {name: form.cleaned_data[name] for name in ("name", "description")}


def _stored(shown: Team) -> dict[str, object]:
    return {"name": shown.name, "description": shown.description, "version": shown.version}


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename or describe a team."""
    actor: Actor = actor_of(request)
    shown = team_seen_by(actor, pk)
    require(actor, TEAM_EDIT, shown)
    form = TeamForm(request.POST or None, initial=_stored(shown))
    if request.method == "POST":
        made = sent(
            form,
            lambda: teams.edit(actor, shown, version=form.seen(), **_values(form)),
            lambda: (shown.version, _stored(shown)),
        )
        if made is not None:
            return done(request, f"/teams/{pk}/", "The team was changed.")
    context = {
        "form": form,
        "title": f"Edit {shown.name}",
        "back": f"/teams/{pk}/",
        "crumbs": [HOME, (shown.name, f"/teams/{pk}/"), ("Edit", "")],
    }
    return render(request, "ui/edit.html", context, status=form.status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then remove a team that owns nothing."""
    actor: Actor = actor_of(request)
    shown = team_seen_by(actor, pk)
    require(actor, TEAM_DELETE, shown)
    count = shown.memberships.count()

    def act() -> str:
        teams.delete(actor, shown)
        return f"{shown.name} was deleted."

    question = Question(
        f"Delete the team {shown.name}?",
        [
            f"{count} {'person is' if count == 1 else 'people are'} in it; they stay in the portal.",
            "A team that still owns services, schedules or policies cannot be deleted.",
        ],
        f"Delete {shown.name}",
        f"/teams/{pk}/",
        [HOME, (shown.name, f"/teams/{pk}/"), ("Delete", "")],
    )
    return confirm(request, question, act, "/teams/")


@signed_in
@require_POST
def join(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a person into the team."""
    actor: Actor = actor_of(request)
    shown = team_seen_by(actor, pk)
    require(actor, TEAM_EDIT, shown)
    form = MemberForm(request.POST, people=people_to_join(shown))
    made = sent(form, lambda: teams.join(actor, shown, user=form.person(), role=form.cleaned_data["role"]))
    if made is None:
        return _page(request, shown, form)
    return done(request, f"/teams/{pk}/", f"{made.user.name} is in {shown.name}.")


@signed_in
@require_POST
def change_role(request: HttpRequest, pk: int, user_pk: int) -> HttpResponse:
    """Give a member of this team another role in it."""
    actor: Actor = actor_of(request)
    shown = team_seen_by(actor, pk)
    require(actor, TEAM_EDIT, shown)
    place = membership_in(shown, user_pk)
    form = RoleForm(request.POST)
    made = sent(form, lambda: teams.join(actor, shown, user=place.user, role=form.cleaned_data["role"]))
    if made is None:
        return _page(request, shown)
    return done(request, f"/teams/{pk}/", f"{place.user.name} is now {made.get_role_display().lower()}.")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: int, user_pk: int) -> HttpResponse:
    """Ask, then take a person out of the team."""
    actor: Actor = actor_of(request)
    shown = team_seen_by(actor, pk)
    place = membership_in(shown, user_pk)
    require(actor, TEAM_LEAVE, place)
    name = place.user.name

    def act() -> str:
        teams.leave(actor, shown, user=place.user)
        return f"{name} is no longer in {shown.name}."

    question = Question(
        f"Take {name} out of {shown.name}?",
        [
            f"{name} keeps the account and every other team.",
            "Schedules and policies that name this person go on paging him or her until somebody changes them.",
        ],
        f"Take {name} out",
        f"/teams/{pk}/",
        [HOME, (shown.name, f"/teams/{pk}/"), (name, "")],
    )
    return confirm(request, question, act, f"/teams/{pk}/")
