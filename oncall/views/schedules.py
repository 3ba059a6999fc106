"""Pages of schedules: whose turn it is, who is next, and changing the turns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import Actor
from accounts.permissions import can, require
from core.web.doors import Question, actor_of, confirm, done, signed_in
from core.web.forms import sent
from oncall import permissions
from oncall.commands import schedules
from oncall.forms.schedules import ScheduleForm, Turns, typed_turns
from oncall.models import Schedule
from oncall.queries.choices import people_to_page, teams_to_edit
from oncall.queries.on_call import next_hand_off, on_call_now
from oncall.queries.reach import reachable_ids
from oncall.queries.services import schedule_seen_by, schedules_seen_by
from oncall.queries.turns import hues, lasting, levels_using, next_turns, strip

HOME = ("Schedules", "/schedules/")
FIELDS = ("name", "team", "time_zone", "anchor", "length", "unit", "version")


@signed_in
@require_safe
def schedule_list(request: HttpRequest) -> HttpResponse:
    """Every schedule with the person whose turn it is."""
    actor: Actor = actor_of(request)
    require(actor, permissions.SCHEDULE_SEE)
    context = {
        "rows": [(each, on_call_now(each), next_hand_off(each)) for each in schedules_seen_by(actor)],
        "may_create": can(actor, permissions.SCHEDULE_EDIT),
        "crumbs": [("Schedules", "")],
    }
    return render(request, "oncall/schedules/list.html", context)


@signed_in
@require_safe
def schedule(request: HttpRequest, pk: int) -> HttpResponse:
    """One schedule: now, the next hand-offs, the order of people."""
    actor: Actor = actor_of(request)
    shown = schedule_seen_by(actor, pk)
    people = [member.user for member in shown.members.all()]
    present = on_call_now(shown)
    reached, hue = reachable_ids(user.pk for user in people), hues(shown)
    context = {
        "schedule": shown,
        "present": present,
        "present_hue": hue[present.user.pk] if present else 8,
        "lasts": lasting(shown),
        "anchor": datetime.fromisoformat(shown.anchor),
        "following": next_hand_off(shown),
        "turns": next_turns(shown),
        "strip": strip(shown),
        "people": [(user, user.pk in reached, hue[user.pk]) for user in people],
        "unreachable": [user for user in dict.fromkeys(people) if user.pk not in reached],
        "levels": levels_using(shown),
        "may_edit": can(actor, permissions.SCHEDULE_EDIT, shown),
        "crumbs": [HOME, (shown.name, "")],
    }
    return render(request, "oncall/schedules/detail.html", context)


def _stored(shown: Schedule | None) -> dict[str, Any]:
    if shown is None:
        return {"length": 1, "unit": "week"}
    return {name: getattr(shown, name) for name in FIELDS if name != "team"} | {"team": str(shown.team_id)}


def _page(
    request: HttpRequest, form: ScheduleForm, turns: Turns, shown: Schedule | None, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "turns": turns,
        "title": f"Edit {shown.name}" if shown else "New schedule",
        "back": f"/schedules/{shown.pk}/" if shown else "/schedules/",
        "crumbs": [HOME, (shown.name, f"/schedules/{shown.pk}/"), ("Edit", "")] if shown else [HOME, ("New", "")],
    }
    return render(request, "oncall/schedules/edit.html", context, status=status)


def _edit(request: HttpRequest, actor: Actor, shown: Schedule | None) -> HttpResponse:
    """The form of a new or a stored schedule; buttons of its rows send it back without saving."""
    teams = {team.pk: team for team in teams_to_edit(actor, permissions.SCHEDULE_EDIT)}
    people = {user.pk: user for user in people_to_page(actor)}
    if shown is not None:
        teams.setdefault(shown.team_id, shown.team)
        people.update({member.user_id: member.user for member in shown.members.all() if member.user_id not in people})
    if request.method != "POST":
        rows = [str(member.user_id) for member in shown.members.all()] if shown else ["", ""]
        zone = actor.user.time_zone if actor.user else "UTC"
        initial = _stored(shown) if shown else {**_stored(None), "time_zone": zone, "team": request.GET.get("team", "")}
        form = ScheduleForm(initial=initial, teams=teams.values())
        return _page(request, form, Turns(rows, people.values()), shown)
    turns = Turns(typed_turns(request.POST), people.values())
    if "do" in request.POST:
        turns.press(request.POST["do"])
        typed = {name: request.POST.get(name, "") for name in FIELDS}
        return _page(request, ScheduleForm(initial=typed, teams=teams.values()), turns, shown)
    form = ScheduleForm(request.POST, initial=_stored(shown), teams=teams.values())
    if not turns.check():
        form.refuse()
        return _page(request, form, turns, shown, status=400)
    fresh = (shown.version if shown else 0), _stored(shown)
    made = sent(form, lambda: _save(actor, form, turns, shown), lambda: fresh)
    if made is None:
        return _page(request, form, turns, shown, status=form.status)
    return done(
        request, f"/schedules/{made.pk}/", f"{made.name} was saved. Running escalations see it at their next step."
    )


def _save(actor: Actor, form: ScheduleForm, turns: Turns, shown: Schedule | None) -> Schedule:
    values = {**form.values(), "members": turns.ids()}
    team = form.owner()
    if shown is None:
        return schedules.create(actor, team, **values)
    moved = None if team.pk == shown.team_id else team
    return schedules.edit(actor, shown, version=form.seen(), team=moved, **values)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a schedule."""
    actor: Actor = actor_of(request)
    require(actor, permissions.SCHEDULE_EDIT)
    return _edit(request, actor, None)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a schedule."""
    actor: Actor = actor_of(request)
    shown = schedule_seen_by(actor, pk)
    require(actor, permissions.SCHEDULE_EDIT, shown)
    return _edit(request, actor, shown)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then remove a schedule that no policy uses."""
    actor: Actor = actor_of(request)
    shown = schedule_seen_by(actor, pk)
    require(actor, permissions.SCHEDULE_EDIT, shown)

    def act() -> str:
        schedules.delete(actor, shown)
        return f"{shown.name} was deleted."

    question = Question(
        f"Delete {shown.name}?",
        ["Nobody is on call by it any more.", "A schedule that a policy still pages cannot be deleted."],
        f"Delete {shown.name}",
        f"/schedules/{pk}/",
        [HOME, (shown.name, f"/schedules/{pk}/"), ("Delete", "")],
    )
    return confirm(request, question, act, "/schedules/")
