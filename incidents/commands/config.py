"""Priorities, event rules and grouping: nouns that are set up, not lived (TRI-02, TRI-06, DET-06, DET-07)."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.forms.models import model_to_dict

from accounts.actors import Actor
from accounts.permissions import require
from core import audit, figures
from core.db import bump, check_version, locked
from core.errors import Conflict, Invalid
from core.text import clean_line, clean_text
from incidents import permissions
from incidents.engine import rules
from incidents.models import EventRule, GroupingRule, Priority
from oncall.models import Service

RULES = 200
FIELDS = 10
LONGEST_ACKNOWLEDGEMENT = 10_080  # minutes
LONGEST_WINDOW = 24 * 60
MODES = ("tool", "none", "fields", "window")


@transaction.atomic
def create_rule(actor: Actor, *, service: Service | None, **values: Any) -> EventRule:
    """Add a rule to a service, or for all services where there is none: those are the process owner's (TRI-06)."""
    rule = EventRule(service=service)
    require(actor, permissions.RULE_EDIT, rule)
    if EventRule.objects.filter(service=service).count() >= RULES:
        raise Conflict(f"There are {RULES} rules already.", code="too_many")
    _fill(rule, values)
    rule.save()
    audit.write(actor, "create", f"event_rule:{rule.pk}", after=model_to_dict(rule))
    return rule


@transaction.atomic
def edit_rule(actor: Actor, rule: EventRule, *, version: int | None = None, **values: Any) -> EventRule:
    """Change a rule; the service stays. Events that were judged before keep their priority."""
    require(actor, permissions.RULE_EDIT, rule)
    rule = locked(EventRule.objects.select_related("service")).get(pk=rule.pk)
    check_version(rule, version)
    before = model_to_dict(rule)
    _fill(rule, values)
    bump(rule)
    rule.save()
    _write(actor, f"event_rule:{rule.pk}", before, model_to_dict(rule))
    return rule


@transaction.atomic
def delete_rule(actor: Actor, rule: EventRule) -> None:
    """Take a rule away."""
    require(actor, permissions.RULE_EDIT, rule)
    audit.write(actor, "delete", f"event_rule:{rule.pk}", before=model_to_dict(rule))
    rule.delete()


def _fill(rule: EventRule, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(rule, name, value)
    rule.name = clean_line(rule.name, 120, "name")
    rule.field = clean_line(rule.field, 120, "field")
    rule.value = clean_text(rule.value, 500, "value")
    wrong = rules.check(rule.field, rule.operator, rule.value)
    if not rule.name:
        wrong["name"] = "Must not be empty."
    if rule.priority is None and not rule.informational and not rule.urgency:
        wrong["priority"] = "A rule must set a priority or an urgency, or be informational."
    if wrong:
        raise Invalid(next(iter(wrong.values())), fields={name: [sentence] for name, sentence in wrong.items()})


@transaction.atomic
def set_grouping(
    actor: Actor,
    service: Service,
    *,
    mode: str,
    fields: list[str] | None = None,
    window_minutes: int = 10,
    version: int | None = None,
) -> GroupingRule:
    """Say how alerts of a service become incidents from now on; open incidents keep their group (DET-07)."""
    require(actor, permissions.GROUPING_EDIT, service)
    found = locked(GroupingRule.objects.filter(service=service)).first()
    rule = found or GroupingRule(service=service)
    check_version(rule, version)
    names = [clean_line(name, 120, "fields") for name in fields or []]
    _check_grouping(mode, names, window_minutes)
    before = model_to_dict(rule) if found else {}
    rule.mode, rule.fields, rule.window_minutes = mode, names, window_minutes
    if found:
        bump(rule)
    try:
        with transaction.atomic():
            rule.save()
    except IntegrityError as error:
        raise Conflict("Somebody has set the grouping in this moment.", code="stale") from error
    _write(actor, f"grouping:{service.pk}", before, model_to_dict(rule))
    return rule


def _check_grouping(mode: str, names: list[str], minutes: int) -> None:
    wrong: dict[str, list[str]] = {}
    if mode not in MODES:
        wrong["mode"] = [f"One of {', '.join(MODES)}."]
    if mode == "fields" and not 1 <= len(names) <= FIELDS:
        wrong["fields"] = [f"Name 1 to {FIELDS} fields."]
    for name in names:
        for sentence in rules.check(name, "exists", "").values():
            wrong["fields"] = [sentence]
    if not 1 <= minutes <= LONGEST_WINDOW:
        wrong["window_minutes"] = [f"1 to {LONGEST_WINDOW} minutes."]
    if wrong:
        raise Invalid("This grouping cannot be used.", fields=wrong)


@transaction.atomic
def edit_priority(actor: Actor, priority: Priority, *, version: int | None = None, **values: Any) -> Priority:
    """Rename a priority or change what it demands; its rank stays (TRI-02)."""
    require(actor, permissions.PRIORITY_EDIT, priority)
    priority = locked(Priority.objects.all()).get(pk=priority.pk)
    check_version(priority, version)
    figures.forget("priorities")
    before = model_to_dict(priority)
    for name, value in values.items():
        setattr(priority, name, value)
    priority.name = clean_line(priority.name, 20, "name")
    priority.definition = clean_text(priority.definition, 10_000, "definition")
    if not priority.name or Priority.objects.filter(name__iexact=priority.name).exclude(pk=priority.pk).exists():
        sentence = "Must be a name that no other priority has."
        raise Invalid(sentence, fields={"name": [sentence]})
    _check_timeout(priority.ack_timeout_minutes)
    bump(priority)
    priority.save()
    _write(actor, f"priority:{priority.pk}", before, model_to_dict(priority))
    return priority


def _check_timeout(minutes: int | None) -> None:
    """A week at most, as at services: what is longer is forgotten, and absurd times end beyond the calendar."""
    if minutes is not None and not 0 <= minutes <= LONGEST_ACKNOWLEDGEMENT:
        sentence = f"Must be from 0 to {LONGEST_ACKNOWLEDGEMENT} minutes, or empty."
        raise Invalid(sentence, fields={"ack_timeout_minutes": [sentence]})


def _write(actor: Actor, thing: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    changed = audit.changed(before, after)
    audit.write(actor, "edit", thing, before=changed[0], after=changed[1])
