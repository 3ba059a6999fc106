"""Pages of services: the directory, one service, and changing it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import Actor
from accounts.permissions import can, require
from core.web import htmx
from core.web.doors import Question, actor_of, confirm, done, signed_in
from core.web.forms import sent
from oncall import permissions
from oncall.commands import services
from oncall.forms.services import SIMPLE, ServiceForm
from oncall.models import Service
from oncall.queries.catalogue import Catalogue, Wanted, catalogue
from oncall.queries.choices import policies_to_use, teams_to_edit
from oncall.queries.service_page import service_page
from oncall.queries.services import neighbours, service_seen_by, services_seen_by

HOME = ("Services", "/services/")


def crumbs_of(service: Service, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """The way to a part of a service's page."""
    return [HOME, (service.name, f"/services/{service.pk}/" if more else ""), *more]


@signed_in
@require_safe
def directory(request: HttpRequest) -> HttpResponse:
    """Every service, the worst first; beside it, where there is room, the page of the first."""
    actor: Actor = actor_of(request)
    require(actor, permissions.SERVICE_SEE)
    found = catalogue(actor, Wanted.of(request.GET.dict()))
    context = {**_list(actor, found), "crumbs": [("Services", "")]}
    return render(request, "oncall/services/list.html", context)


def _list(actor: Actor, found: Catalogue) -> dict[str, Any]:
    """What the directory needs, alone or beside a service."""
    return {"found": found, "may_create": can(actor, permissions.SERVICE_EDIT)}


@signed_in
@require_safe
def service(request: HttpRequest, pk: int) -> HttpResponse:
    """One service: how it stands, who is paged now, what it needs, how it behaves; the directory beside it."""
    actor: Actor = actor_of(request)
    shown = service_seen_by(actor, pk)
    if htmx.wants_partial(request):
        answer = render(request, "oncall/services/_card.html", {"page": service_page(actor, shown)})
    else:
        found = catalogue(actor, Wanted.of(request.GET.dict()), shown.policy_id)
        page = service_page(actor, shown, found.troubled, found.standby)
        context = {"page": page, "alone": True, "crumbs": crumbs_of(shown)}
        answer = render(request, "oncall/services/detail.html", {**context, **_list(actor, found)})
    answer["Vary"] = ", ".join(filter(None, [answer.get("Vary", ""), "HX-Request"]))
    return answer


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
    own = shown.dependencies.select_related("needs").order_by("needs__name") if shown else ()
    picked = {row.needs_id: row.needs for row in own}
    others = services_seen_by(actor).prefetch_related(None).select_related(None).only("pk", "name", "archived_at")
    found = {**picked, **{each.pk: each for each in others if shown is None or each.pk != shown.pk}}
    return ServiceForm(
        request.POST or None,
        initial=initial,
        teams=teams.values(),
        policies=policies.values(),
        services=found.values(),  # what it needs stands first, archived ones too
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
    count = len(neighbours(shown).before)

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
