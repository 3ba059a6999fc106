"""Which rules, which group and which earlier incident an alert meets (DET-06, DET-07, S14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts.actors import Actor
from accounts.permissions import require
from core.errors import Missing
from incidents import permissions
from incidents.engine import grouping, rules
from incidents.engine.rules import Decision
from incidents.kinds import Normalised
from incidents.models import Alert, EventRule, GroupingRule, Incident
from oncall.models import Service


@dataclass(frozen=True, slots=True)
class Group:
    """What an alert shares with others: `key` is "" where it stays apart."""

    mode: str
    key: str
    minutes: int


def fields_said(source: Alert | Normalised) -> dict[str, Any]:
    """What rules and grouping can look at, of an alert or of an event that is only tried out."""
    return {
        "summary": source.summary,
        "severity": source.severity,
        "source": source.source,
        "component": source.component,
        "group": source.group,
        "class": source.kind,
        "key": source.key,
        "tool": source.tool,
        "details": source.details,
    }


def rules_for(service: Service) -> QuerySet[EventRule]:
    """The service's own rules by position, then the general ones (TRI-06)."""
    own = Case(When(service=service, then=Value(0)), default=Value(1), output_field=IntegerField())
    found = EventRule.objects.filter(Q(service=service) | Q(service=None), enabled=True)
    return found.select_related("priority").order_by(own, "position", "pk")


def plain_rule(rule: EventRule) -> rules.Rule:
    """A rule as the engine takes it."""
    rank = rule.priority.rank if rule.priority else None
    return rules.Rule(rule.pk, rule.name, rule.field, rule.operator, rule.value, rank, rule.urgency, rule.informational)


def decision_for(alert: Alert) -> rules.Decision:
    """What the rules say of an alert as it stands."""
    return rules.decide([plain_rule(rule) for rule in rules_for(alert.service)], fields_said(alert))


@dataclass(frozen=True, slots=True)
class Router:
    """A service's rules and grouping, read once for many alerts."""

    rules: Sequence[rules.Rule]
    rule: GroupingRule

    @classmethod
    def of(cls, service: Service) -> Router:
        """The router of a service as it is set up now."""
        return cls([plain_rule(rule) for rule in rules_for(service)], _grouping(service))

    def decision(self, alert: Alert) -> Decision:
        """As `decision_for`."""
        return rules.decide(self.rules, fields_said(alert))

    def belongs(self, alert: Alert, incident: Incident) -> bool:
        """Whether an open incident is of the alert's group, inside its fixed window where it has one (O37)."""
        group = _group(self.rule, alert)
        if not group.key or not incident.group_key:
            return False
        if group.mode not in grouping.WINDOWED:
            return incident.group_key == group.key
        until = incident.group_until
        return incident.group_key.startswith(f"{group.key}@") and until is not None and until > alert.first_seen


def tried(actor: Actor, service: Service, fields: Mapping[str, Any]) -> rules.Decision:
    """The tester: what the rules would say of these fields; nothing is stored (DET-06)."""
    require(actor, permissions.RULE_SEE, service)
    return rules.decide([plain_rule(rule) for rule in rules_for(service)], fields)


def group_tried(service: Service, event: Normalised) -> Group:
    """The tester: the group that an event would belong to."""
    return _group(_grouping(service), event)


def group_of(alert: Alert) -> Group:
    """The group of an alert by its service's rule; the tool's own group where there is none (defaults.md)."""
    return _group(_grouping(alert.service), alert)


def _group(rule: GroupingRule, source: Alert | Normalised) -> Group:
    key = grouping.group_key(rule.mode, fields_said(source), names=rule.fields, tool_group=source.tool_group)
    return Group(rule.mode, key, rule.window_minutes)


def open_group(alert: Alert, group: Group) -> Incident | None:
    """The open incident of the group, inside its fixed window where it has one (O37)."""
    if not group.key:
        return None
    found = Incident.objects.open().filter(service=alert.service)
    if group.mode in grouping.WINDOWED:
        found = found.filter(group_key__startswith=f"{group.key}@", group_until__gt=alert.first_seen)
    else:
        found = found.filter(group_key=group.key)
    return found.order_by("-number").first()


def previous_incident(alert: Alert) -> Incident | None:
    """The incident of the same key's last alert; a merged one leads to where it went (S14, S16)."""
    before = Alert.objects.filter(service=alert.service, key=alert.key, incident__isnull=False).exclude(pk=alert.pk)
    last = before.select_related("incident").order_by("-pk").first()
    found = last.incident if last else None
    while found is not None and found.merged_into is not None:
        found = found.merged_into
    return found


def rules_seen_by(actor: Actor) -> QuerySet[EventRule]:
    """Every rule, for staff."""
    require(actor, permissions.RULE_SEE)
    return EventRule.objects.select_related("service", "priority").order_by("position", "pk")


def rule_seen_by(actor: Actor, pk: int) -> EventRule:
    """One rule; Missing where there is none."""
    found = rules_seen_by(actor).filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such rule.")
    return found


def grouping_of(actor: Actor, service: Service) -> GroupingRule:
    """How the service's alerts are grouped; the default where nobody has chosen."""
    require(actor, permissions.RULE_SEE, service)
    return _grouping(service)


def _grouping(service: Service) -> GroupingRule:
    return GroupingRule.objects.filter(service=service).first() or GroupingRule(service=service)
