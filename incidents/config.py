"""The room's sections of the configuration file: priorities, event rules, grouping."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet

from accounts.actors import Actor
from core.config.nouns import Document, Field, Noun, Standing, row_of, wrong
from incidents.commands import config
from incidents.commands.config import LONGEST_ACKNOWLEDGEMENT
from incidents.models import EventRule, GroupingRule, Priority
from oncall.config import service_named

URGENCIES = ("high", "low")
OPERATORS = ("equals", "contains", "matches", "exists")
SMALL = 32_767


def priority_of(rank: int | None, path: str = "priority") -> Priority | None:
    """The priority of a rank from 1 to 5; raises Invalid at the path."""
    found = None if rank is None else Priority.objects.filter(rank=rank).first()
    if rank is not None and found is None:
        raise wrong(path, f"there is no priority of rank {rank}.")
    return found


class PrioritiesNoun(Noun):
    """What P1 to P5 mean and demand; they are five, whatever they are called."""

    name, order, key = "priorities", 70, ("rank",)
    made, removed = False, False
    fields: ClassVar = {
        "rank": Field("number", low=1, high=5),
        "name": Field("text"),
        "definition": Field("text", ""),
        "major": Field("flag", False),
        "pages": Field("flag", True),
        "urgency": Field("text", "high", choices=URGENCIES),
        "ack_timeout_minutes": Field("number", None, none=True, high=LONGEST_ACKNOWLEDGEMENT),
    }

    def documents(self) -> list[Document]:
        """By rank."""
        return [{name: getattr(each, name) for name in self.fields} for each in Priority.objects.order_by("rank")]

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Rename one, or change what it demands."""
        row = priority_of(wanted["rank"], "rank")
        if row is not None:
            config.edit_priority(actor, row, **{name: wanted[name] for name in names})


class EventRulesNoun(Noun):
    """Rules that judge events, general ones without a service; equal names are told apart by their order."""

    name, order, key = "event_rules", 80, ("service", "name")
    fields: ClassVar = {
        "service": Field("text", None, none=True, fold=True),
        "name": Field("text"),
        "position": Field("number", 100, high=SMALL),
        "enabled": Field("flag", True),
        "field": Field("text"),
        "operator": Field("text", "contains", choices=OPERATORS),
        "value": Field("text", ""),
        "priority": Field("number", None, none=True, low=1, high=5),
        "urgency": Field("text", "", choices=("", *URGENCIES)),
        "informational": Field("flag", False),
    }
    PLAIN = ("name", "position", "enabled", "field", "operator", "value", "urgency", "informational")

    def documents(self) -> list[Document]:
        """General ones first, then by service, each in the order in which they are asked."""
        rows = sorted(
            _rules(), key=lambda each: (each.service.name.casefold() if each.service else "", each.position, each.pk)
        )
        return [Standing(each.pk, self._document(each)) for each in rows]

    def _document(self, rule: EventRule) -> Document:
        document = {name: getattr(rule, name) for name in self.PLAIN}
        document["service"] = rule.service.name if rule.service else None
        document["priority"] = rule.priority.rank if rule.priority else None
        return {name: document[name] for name in self.fields}

    def create(self, actor: Actor, wanted: Document) -> None:
        """Add one."""
        service = service_named(wanted["service"]) if wanted["service"] else None
        values = {name: wanted[name] for name in self.PLAIN}
        config.create_rule(actor, service=service, priority=priority_of(wanted["priority"]), **values)

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Only what differs; the service stays, since it is part of what the rule is known by."""
        values: dict[str, Any] = {name: wanted[name] for name in names & set(self.PLAIN)}
        if "priority" in names:
            values["priority"] = priority_of(wanted["priority"])
        config.edit_rule(actor, self._row(before), **values)

    def remove(self, actor: Actor, before: Document) -> None:
        """Take it away."""
        config.delete_rule(actor, self._row(before))

    def _row(self, before: Document) -> EventRule:
        """The row itself: to look for one that says the same would read all of them for each change."""
        found = _rules().filter(pk=row_of(before)).first()
        if found is None:
            raise wrong("name", "there is no such rule any more.")
        return found


def _rules() -> QuerySet[EventRule]:
    return EventRule.objects.select_related("service", "priority").exclude(service__archived_at__isnull=False)


class GroupingNoun(Noun):
    """How alerts of a service become incidents, where somebody has chosen."""

    name, order, key = "grouping", 90, ("service",)
    removed = False
    fields: ClassVar = {
        "service": Field("text", fold=True),
        "mode": Field("text", "tool", choices=config.MODES),
        "fields": Field("texts", []),
        "window_minutes": Field("number", 10),
    }

    def documents(self) -> list[Document]:
        """By service."""
        rows = GroupingRule.objects.select_related("service").filter(service__archived_at=None)
        made = [
            {
                "service": each.service.name,
                "mode": each.mode,
                "fields": each.fields,
                "window_minutes": each.window_minutes,
            }
            for each in rows
        ]
        return sorted(made, key=lambda document: document["service"].casefold())

    def create(self, actor: Actor, wanted: Document) -> None:
        """Choose it."""
        values = {name: wanted[name] for name in ("mode", "fields", "window_minutes")}
        config.set_grouping(actor, service_named(wanted["service"]), **values)

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Choose anew; open incidents keep their group."""
        self.create(actor, wanted)
