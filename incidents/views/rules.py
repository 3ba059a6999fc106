"""Pages of event rules and grouping: of one service, and for all of them (DET-06, DET-07, TRI-06)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import Actor
from accounts.permissions import can, require
from core.web.doors import Crumbs, Question, actor_of, confirm, done, signed_in
from core.web.forms import sent
from incidents import permissions
from incidents.commands import config
from incidents.engine.rules import FIELDS
from incidents.forms.rules import SIMPLE, GroupingForm, RuleForm, stored_grouping
from incidents.models import EventRule
from incidents.queries.priorities import priorities
from incidents.queries.routing import grouping_of, rule_seen_by, rules_seen_by
from oncall.models import Service
from oncall.queries.directory import head_of
from oncall.queries.services import service_seen_by

TAB = "rules"
MOST = 500


def _home(service: Service | None) -> str:
    return f"/services/{service.pk}/rules/" if service else "/rules/"


def _crumbs(service: Service | None, *more: tuple[str, str]) -> Crumbs:
    if service is None:
        return [("Event rules", "/rules/" if more else ""), *more]
    own = f"/services/{service.pk}/"
    return [("Services", "/services/"), (service.name, own), ("Rules", f"{own}rules/" if more else ""), *more]


@signed_in
@require_safe
def rule_list(request: HttpRequest) -> HttpResponse:
    """The rules for all services, and which services have their own."""
    actor: Actor = actor_of(request)
    found = list(rules_seen_by(actor)[:MOST])
    context = {
        "general": [rule for rule in found if rule.service_id is None],
        "own": sorted((r for r in found if r.service_id is not None), key=lambda r: (str(r.service), r.position, r.pk)),
        "may_edit": can(actor, permissions.RULE_EDIT, EventRule()),
        "crumbs": _crumbs(None),
    }
    return render(request, "incidents/rules/list.html", context)


@signed_in
@require_safe
def service_rules(request: HttpRequest, pk: int) -> HttpResponse:
    """A service's own rules, the general ones after them, and how its alerts are grouped."""
    actor: Actor = actor_of(request)
    return _service_page(request, service_seen_by(actor, pk))


def _service_page(request: HttpRequest, service: Service, form: GroupingForm | None = None) -> HttpResponse:
    actor: Actor = actor_of(request)
    found = rules_seen_by(actor)
    rule = grouping_of(actor, service)
    form = form or GroupingForm(initial=stored_grouping(rule))
    context = {
        "head": head_of(actor, service),
        "own": found.filter(service=service),
        "general": found.filter(service=None),
        "grouping": rule,
        "form": form,
        "may_edit": can(actor, permissions.RULE_EDIT, EventRule(service=service)),
        "may_group": can(actor, permissions.GROUPING_EDIT, service),
        "tab": TAB,
        "crumbs": _crumbs(service),
    }
    return render(request, "incidents/rules/service.html", context, status=form.status)


@signed_in
@require_POST
def set_grouping(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how a service's alerts become incidents from now on."""
    actor: Actor = actor_of(request)
    service = service_seen_by(actor, pk)
    require(actor, permissions.GROUPING_EDIT, service)
    stored = grouping_of(actor, service)
    form = GroupingForm(request.POST, initial=stored_grouping(stored))
    made = sent(
        form,
        lambda: config.set_grouping(actor, service, version=form.seen() if stored.pk else None, **form.values()),
        lambda: (stored.version, stored_grouping(stored)),
    )
    if made is None:
        return _service_page(request, service, form)
    return done(request, _home(service), "Alerts are grouped this way from now on; open incidents keep theirs.")


def _stored(rule: EventRule) -> dict[str, Any]:
    found = {name: getattr(rule, name) for name in SIMPLE}
    return {**found, "priority": str(rule.priority_id or ""), "version": rule.version}


def _form_page(
    request: HttpRequest, form: RuleForm, service: Service | None, title: str, rule: EventRule | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "service": service,
        "rule": rule,
        "title": title,
        "back": _home(service),
        "fields": FIELDS,
        "crumbs": _crumbs(service, (title, "")),
    }
    return render(request, "incidents/rules/edit.html", context, status=form.status)


def _new(request: HttpRequest, service: Service | None) -> HttpResponse:
    actor: Actor = actor_of(request)
    require(actor, permissions.RULE_EDIT, EventRule(service=service))
    form = RuleForm(
        request.POST or None, priorities=priorities(actor), initial={"position": 100, "operator": "contains"}
    )
    if request.method == "POST":
        made = sent(form, lambda: config.create_rule(actor, service=service, **form.values()))
        if made is not None:
            return done(request, _home(service), f"The rule {made.name} judges from the next event on.")
    return _form_page(request, form, service, f"New rule of {service}" if service else "New rule for all services")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new_general(request: HttpRequest) -> HttpResponse:
    """Add a rule for all services."""
    return _new(request, None)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new_own(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a rule of one service."""
    return _new(request, service_seen_by(actor_of(request), pk))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a rule; its service stays."""
    actor: Actor = actor_of(request)
    rule = rule_seen_by(actor, pk)
    require(actor, permissions.RULE_EDIT, rule)
    form = RuleForm(request.POST or None, priorities=priorities(actor), initial=_stored(rule))
    if request.method == "POST":
        made = sent(
            form,
            lambda: config.edit_rule(actor, rule, version=form.seen(), **form.values()),
            lambda: (rule.version, _stored(rule)),
        )
        if made is not None:
            return done(request, _home(rule.service), f"The rule {made.name} was changed.")
    return _form_page(request, form, rule.service, f"Edit {rule.name}", rule)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take a rule away."""
    actor: Actor = actor_of(request)
    rule = rule_seen_by(actor, pk)
    require(actor, permissions.RULE_EDIT, rule)

    def act() -> str:
        config.delete_rule(actor, rule)
        return f"The rule {rule.name} was deleted."

    of = f"events of {rule.service}" if rule.service else "events of every service"
    question = Question(
        f"Delete the rule {rule.name}?",
        [f"From the next event on, {of} are judged by the other rules, else by their severity.",
         "Incidents that it has judged keep their priority."],
        "Delete the rule",
        _home(rule.service),
        _crumbs(rule.service, (rule.name, "")),
    )  # fmt: skip
    return confirm(request, question, act, _home(rule.service))
