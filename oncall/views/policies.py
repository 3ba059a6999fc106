"""Pages of escalation policies: a ladder that reads as sentences, and who would be paged if it triggered now."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import Actor
from accounts.permissions import can, require
from core import clock
from core.web.doors import Question, actor_of, confirm, done, signed_in
from core.web.forms import sent
from notifications.providers.email import mail_is_filed
from oncall import permissions
from oncall.commands import policies
from oncall.forms.policies import LevelRow, Levels, PolicyForm, stored_rows, typed_rows
from oncall.models import EscalationPolicy
from oncall.queries.choices import people_to_page, schedules_to_page, teams_to_edit
from oncall.queries.directory import (
    Course,
    Ladder,
    checks_of,
    course_of,
    drafted_levels,
    end_of_line,
    ladder_of,
    ladders,
    paged,
)
from oncall.queries.reach import last_resort
from oncall.queries.services import policies_seen_by, policy_seen_by, services_seen_by
from oncall.queries.standby import standby

HOME = ("Escalation policies", "/policies/")
FIELDS = ("name", "team", "repeats", "fallback", "version")


@signed_in
@require_safe
def policy_list(request: HttpRequest) -> HttpResponse:
    """Every policy with whom it would page now and what is wrong with it."""
    actor: Actor = actor_of(request)
    require(actor, permissions.POLICY_SEE)
    used = Prefetch("services", services_seen_by(actor).select_related(None).prefetch_related(None))
    found = list(policies_seen_by(actor).prefetch_related(None).prefetch_related(used))
    now = standby(policy.pk for policy in found)  # reads the levels itself, with all that they name
    context = {
        "rows": [(policy, now.ladders[policy.pk], len(now.levels[policy.pk])) for policy in found],
        "may_create": can(actor, permissions.POLICY_EDIT),
        "crumbs": [("Escalation policies", "")],
    }
    return render(request, "oncall/policies/list.html", context)


@signed_in
@require_safe
def policy(request: HttpRequest, pk: int) -> HttpResponse:
    """One policy, level by level."""
    actor: Actor = actor_of(request)
    shown = policy_seen_by(actor, pk)
    ladder, may_edit = ladders([shown])[shown.pk], can(actor, permissions.POLICY_EDIT, shown)
    last = end_of_line(shown)
    context = {
        "policy": shown,
        "levels": shown.levels.all(),
        "services": shown.services.filter(archived_at__isnull=True),
        **_checked(ladder, may_edit=may_edit),
        "course": course_of(ladder, shown.repeats, last),
        "last": last,
        "now": clock.now(),
        "may_edit": may_edit,
        "crumbs": [HOME, (shown.name, "")],
    }
    return render(request, "oncall/policies/detail.html", context)


def _checked(ladder: Ladder, *, may_edit: bool) -> dict[str, Any]:
    """The ladder with what is wrong with it; a missing mail server is said to those who may do something."""
    rungs = paged(ladder)
    return {"rungs": rungs, "checks": checks_of(ladder, rungs, mail_is_filed=may_edit and mail_is_filed())}


def _drafted(form: PolicyForm, levels: Levels) -> dict[str, Any]:
    """Who would be paged now by what stands in the form, and what is wrong with it."""
    ladder = ladder_of(drafted_levels(levels.drafts()))
    found = _checked(ladder, may_edit=True)
    return {**found, "checks": [*levels.faults, *found["checks"]], "course": _course(form, ladder), "now": clock.now()}


def _course(form: PolicyForm, ladder: Ladder) -> Course | None:
    ending = form.ending()
    if ending is None or not ladder.rungs:
        return None
    return course_of(ladder, ending.repeats, last_resort(fallback_id=ending.fallback_id, team_id=ending.team_id))


def _choices(actor: Actor, shown: EscalationPolicy | None) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """Teams and people for the form, and schedules and people for the levels: with those that stand there already."""
    teams = {team.pk: team for team in teams_to_edit(actor, permissions.POLICY_EDIT)}
    people = {user.pk: user for user in people_to_page(actor)}
    schedules = {each.pk: each for each in schedules_to_page(actor)}
    for level in shown.levels.all() if shown else ():
        for target in level.targets.all():
            if target.user is not None:
                people.setdefault(target.user.pk, target.user)
            if target.schedule is not None:
                schedules.setdefault(target.schedule.pk, target.schedule)
    if shown is not None:
        teams.setdefault(shown.team_id, shown.team)
        if shown.fallback is not None:
            people.setdefault(shown.fallback.pk, shown.fallback)
    return {"teams": teams.values(), "people": people.values()}, list(schedules.values()), list(people.values())


def _page(
    request: HttpRequest, form: PolicyForm, levels: Levels, shown: EscalationPolicy | None, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "levels": levels,
        "policy": shown,
        **_drafted(form, levels),
        "title": f"Edit {shown.name}" if shown else "New escalation policy",
        "back": f"/policies/{shown.pk}/" if shown else "/policies/",
        "crumbs": [HOME, (shown.name, f"/policies/{shown.pk}/"), ("Edit", "")] if shown else [HOME, ("New", "")],
    }
    return render(request, "oncall/policies/edit.html", context, status=status)


def _stored(shown: EscalationPolicy | None) -> dict[str, Any]:
    if shown is None:
        return {"repeats": 2}
    return {
        "name": shown.name,
        "team": str(shown.team_id),
        "repeats": shown.repeats,
        "fallback": str(shown.fallback_id or ""),
        "version": shown.version,
    }


def _edit(request: HttpRequest, actor: Actor, shown: EscalationPolicy | None) -> HttpResponse:
    """The form of a new or a stored policy; buttons of its rows send it back without saving."""
    fields, schedules, people = _choices(actor, shown)
    if request.method != "POST":
        rows = stored_rows(shown) if shown else [LevelRow()]
        initial = {**_stored(shown), **({} if shown else {"team": request.GET.get("team", "")})}
        return _page(request, PolicyForm(initial=initial, **fields), Levels(rows, schedules, people), shown)
    levels = Levels(typed_rows(request.POST), schedules, people)
    if "do" in request.POST:
        levels.press(request.POST["do"])
        levels.check()
        typed = {name: request.POST.get(name, "") for name in FIELDS}
        return _page(request, PolicyForm(initial=typed, **fields), levels, shown)
    form = PolicyForm(request.POST, initial=_stored(shown), **fields)
    if not levels.check():
        form.is_valid()
        form.add_error(None, "One of the levels cannot be used.")
        form.refuse()
        return _page(request, form, levels, shown, status=400)
    made = sent(form, lambda: _save(actor, form, levels, shown), lambda: _fresh(shown))
    if made is None:
        return _page(request, form, levels, shown, status=form.status)
    return done(request, f"/policies/{made.pk}/", f"{made.name} was saved. Running escalations keep their copy.")


def _fresh(shown: EscalationPolicy | None) -> tuple[int, dict[str, Any]]:
    return (shown.version if shown else 0), _stored(shown)


def _save(actor: Actor, form: PolicyForm, levels: Levels, shown: EscalationPolicy | None) -> EscalationPolicy:
    values = {**form.values(), "levels": levels.drafts()}
    if shown is None:
        return policies.create(actor, form.owner(), **values)
    team = form.owner()
    moved = None if team.pk == shown.team_id else team
    return policies.edit(actor, shown, version=form.seen(), team=moved, keep_fallback=False, **values)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a policy."""
    actor: Actor = actor_of(request)
    require(actor, permissions.POLICY_EDIT)
    return _edit(request, actor, None)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a policy."""
    actor: Actor = actor_of(request)
    shown = policy_seen_by(actor, pk)
    require(actor, permissions.POLICY_EDIT, shown)
    return _edit(request, actor, shown)


@signed_in
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Who would be paged now by the levels of a form that is not saved yet; stores nothing."""
    actor: Actor = actor_of(request)
    require(actor, permissions.POLICY_EDIT)
    shown = _named(actor, request.GET.get("policy", ""))
    fields, schedules, people = _choices(actor, shown)
    levels = Levels(typed_rows(request.POST), schedules, people)
    levels.check()
    return render(request, "oncall/policies/_now.html", _drafted(PolicyForm(request.POST, **fields), levels))


def _named(actor: Actor, pk: str) -> EscalationPolicy | None:
    """The policy whose form it is, so that whoever stands on it already is known; None for a new one."""
    if not (pk.isascii() and pk.isdigit() and len(pk) < 16):
        return None
    shown = policy_seen_by(actor, int(pk))
    require(actor, permissions.POLICY_EDIT, shown)
    return shown


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then remove a policy that no service uses."""
    actor: Actor = actor_of(request)
    shown = policy_seen_by(actor, pk)
    require(actor, permissions.POLICY_EDIT, shown)

    def act() -> str:
        policies.delete(actor, shown)
        return f"{shown.name} was deleted."

    question = Question(
        f"Delete {shown.name}?",
        [
            "Escalations that run now keep their copy and go on.",
            "A policy that a service still uses cannot be deleted.",
        ],
        f"Delete {shown.name}",
        f"/policies/{pk}/",
        [HOME, (shown.name, f"/policies/{pk}/"), ("Delete", "")],
    )
    return confirm(request, question, act, "/policies/")
