"""Pages of services: the directory, one service, and changing it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import Actor
from accounts.permissions import can, require
from accounts.queries import teams_seen_by
from core.web.doors import Question, actor_of, confirm, done, signed_in
from core.web.forms import sent
from notifications.providers.email import mail_is_filed
from oncall import permissions
from oncall.commands import services
from oncall.forms.services import SIMPLE, ServiceForm
from oncall.kinds import service_panels, standings
from oncall.models import Service
from oncall.queries.choices import policies_to_use, teams_to_edit
from oncall.queries.directory import WELL, Head, checks_of, end_of_line, head_of, ladders, paged
from oncall.queries.services import needed_by, policy_seen_by, service_seen_by, services_seen_by

HOME = ("Services", "/services/")
PAGE = 100


def crumbs_of(service: Service, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """The way to a part of a service's page."""
    return [HOME, (service.name, f"/services/{service.pk}/" if more else ""), *more]


@signed_in
@require_safe
def directory(request: HttpRequest) -> HttpResponse:
    """Every service with its team, its health and whom a page would reach now."""
    actor: Actor = actor_of(request)
    require(actor, permissions.SERVICE_SEE)
    troubled = standings(actor)
    rows = _found(request, actor, list(troubled))
    shown = list(rows.prefetch_related(None).prefetch_related("policy__levels__targets")[: PAGE + 1])
    now = ladders({row.policy for row in shown if row.policy is not None})
    query = request.GET.copy()
    query["after"] = shown[PAGE - 1].name if len(shown) > PAGE else ""
    context = {
        "rows": [
            (row, troubled.get(row.pk, WELL), now[row.policy_id].first if row.policy_id else []) for row in shown[:PAGE]
        ],
        "total": services_seen_by(actor).count(),
        "unwell": len(troubled),
        "older": query.urlencode() if query["after"] else "",
        "given": request.GET,
        "teams": teams_seen_by(actor),
        "may_create": can(actor, permissions.SERVICE_EDIT),
        "crumbs": [("Services", "")],
    }
    return render(request, "oncall/services/list.html", context)


def _found(request: HttpRequest, actor: Actor, unwell: list[int]) -> QuerySet[Service]:
    """The services that the filters of the address leave."""
    given = request.GET
    rows = services_seen_by(actor, archived=given.get("archived") == "1")
    if given.get("archived") == "1":
        rows = rows.filter(archived_at__isnull=False)
    text = given.get("text", "").replace("\0", "").strip()[:200]
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(description__icontains=text) | Q(team__name__icontains=text))
    team = given.get("team", "")
    if team.isascii() and team.isdigit() and len(team) < 16:
        rows = rows.filter(team_id=int(team))
    if given.get("mine") == "1" and actor.user is not None:
        rows = rows.filter(team_id__in=list(actor.user.team_roles()))
    if given.get("health") == "bad":
        rows = rows.filter(pk__in=unwell)
    if given.get("after"):
        rows = rows.filter(name__gt=given["after"].replace("\0", "")[:120])
    return rows.order_by("name")


@signed_in
@require_safe
def service(request: HttpRequest, pk: int) -> HttpResponse:
    """One service: how it stands, who is paged now, what it needs, how it behaves."""
    actor: Actor = actor_of(request)
    head = head_of(actor, service_seen_by(actor, pk))
    return render(request, "oncall/services/detail.html", {**_overview(actor, head), "tab": ""})


def _overview(actor: Actor, head: Head) -> dict[str, Any]:
    shown = head.service
    policy = policy_seen_by(actor, shown.policy_id) if shown.policy_id else None
    ladder = ladders([policy])[policy.pk] if policy else None
    rungs = paged(ladder) if ladder else []
    filed = head.may_edit and mail_is_filed()
    needs = [row.needs for row in shown.dependencies.all()]
    dependents = needed_by(shown)
    health = standings(actor, [each.pk for each in [*needs, *dependents]])
    return {
        "head": head,
        "policy": policy,
        "rungs": rungs,
        "checks": checks_of(ladder, rungs, mail_is_filed=filed) if ladder else [],
        "last": end_of_line(policy) if policy else [],
        "needs": [(each, health.get(each.pk, WELL)) for each in needs],
        "dependents": [(each, health.get(each.pk, WELL)) for each in dependents],
        "panels": [(panel.template, panel.read(actor, shown)) for panel in service_panels()],
        "crumbs": crumbs_of(shown),
    }


def _form(request: HttpRequest, actor: Actor, shown: Service | None) -> ServiceForm:
    """The form with what this actor may choose, and what the service has already."""
    teams = {team.pk: team for team in teams_to_edit(actor, permissions.SERVICE_EDIT)}
    policies = {policy.pk: policy for policy in policies_to_use(actor)}
    usual = Service()
    initial: dict[str, Any] = {name: getattr(usual, name) for name in SIMPLE}
    initial |= {"team": request.GET.get("team", ""), "policy": request.GET.get("policy", "")}
    if shown is not None:
        teams.setdefault(shown.team_id, shown.team)
        if shown.policy is not None:
            policies.setdefault(shown.policy.pk, shown.policy)
        initial = _stored(shown)
    others = services_seen_by(actor).prefetch_related(None).select_related(None).only("pk", "name")
    return ServiceForm(
        request.POST or None,
        initial=initial,
        teams=teams.values(),
        policies=policies.values(),
        services=[each for each in others if shown is None or each.pk != shown.pk],
    )


def _stored(shown: Service) -> dict[str, Any]:
    return {
        **{name: getattr(shown, name) for name in SIMPLE},
        "team": str(shown.team_id),
        "policy": str(shown.policy_id or ""),
        "needs": [str(row.needs_id) for row in shown.dependencies.all()],
        "version": shown.version,
    }


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a service."""
    actor: Actor = actor_of(request)
    require(actor, permissions.SERVICE_EDIT)
    form = _form(request, actor, None)
    if request.method == "POST":
        made = sent(form, lambda: services.create(actor, form.owner(), **form.values()))
        if made is not None:
            return done(request, f"/services/{made.pk}/", f"{made.name} is there. Connect its monitoring next.")
    context = {
        "form": form,
        "title": "New service",
        "intro": "A thing that can break. A team answers for it; its policy says who is paged.",
        "button": "Create service",
        "back": "/services/",
        "crumbs": [HOME, ("New", "")],
    }
    return render(request, "oncall/services/edit.html", context, status=form.status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a service."""
    actor: Actor = actor_of(request)
    shown = service_seen_by(actor, pk)
    require(actor, permissions.SERVICE_EDIT, shown)
    form = _form(request, actor, shown)
    if request.method == "POST":

        def act() -> Service:
            team = form.owner()
            moved = None if team.pk == shown.team_id else team
            values = form.values()
            return services.edit(actor, shown, version=form.seen(), team=moved, keep_policy=False, **values)

        made = sent(form, act, lambda: (shown.version, _stored(shown)))
        if made is not None:
            return done(request, f"/services/{pk}/", f"{made.name} was changed.")
    context = {
        "form": form,
        "title": f"Edit {shown.name}",
        "button": "Save",
        "back": f"/services/{pk}/",
        "crumbs": crumbs_of(shown, ("Edit", "")),
    }
    return render(request, "oncall/services/edit.html", context, status=form.status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take a service out of use."""
    actor: Actor = actor_of(request)
    shown = service_seen_by(actor, pk)
    require(actor, permissions.SERVICE_EDIT, shown)
    count = len(needed_by(shown))

    def act() -> str:
        services.archive(actor, shown)
        return f"{shown.name} is archived."

    reach = [
        "Its integration keys are refused from now on: nothing that its monitoring reports pages anybody.",
        "Its incidents and their history stay. It can be brought back.",
    ]
    if count:
        reach.insert(1, f"{count} other {'service needs' if count == 1 else 'services need'} it.")
    question = Question(
        f"Archive {shown.name}?", reach, f"Archive {shown.name}", f"/services/{pk}/", crumbs_of(shown, ("Archive", ""))
    )
    return confirm(request, question, act, f"/services/{pk}/")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then bring an archived service back into use."""
    actor: Actor = actor_of(request)
    shown = service_seen_by(actor, pk)
    require(actor, permissions.SERVICE_EDIT, shown)

    def act() -> str:
        services.restore(actor, shown)
        return f"{shown.name} is in use again."

    question = Question(
        f"Bring {shown.name} back?",
        ["Its integration keys are accepted again, and what they report pages its people."],
        f"Bring {shown.name} back",
        f"/services/{pk}/",
        crumbs_of(shown, ("Bring back", "")),
        danger=False,
    )
    return confirm(request, question, act, f"/services/{pk}/")
