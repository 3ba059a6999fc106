"""The room in the administration: set-up is edited through the commands, the record is read-only (TRI-02, A94)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import CharField, ModelForm
from django.http import HttpRequest
from django.utils.text import Truncator
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.actors import Actor
from core import admin_words, audit_words
from core.admin_base import ConfigAdmin, ReadOnlyAdmin, may
from core.admin_lists import lately
from core.web.access import actor_of
from incidents import permissions
from incidents.commands import config, lifecycle
from incidents.engine import rules
from incidents.kinds import entry_kinds
from incidents.models import Alert, ChangeEvent, EventRule, GroupingRule, Incident, Priority, Signal, TimelineEntry

HOW_FIELDS = "For grouping by fields: their names, one per line, such as component or details.region."

audit_words.names(Priority, "priority")
audit_words.names(EventRule, "event_rule")


def incident_of(row: Any) -> Any:
    """The row's incident, by its name and leading to its own page."""
    return admin_words.linked(row.incident, f"/incidents/{row.incident.number}/") if row.incident_id else ""


def kind_of(entry: TimelineEntry) -> str:
    """A timeline entry's kind as the incident's page calls it."""
    return {each.key: each.label for each in entry_kinds()}.get(entry.kind) or admin_words.in_words(entry.kind)


class PriorityForm(ModelForm[Priority]):
    """What a priority demands, in words."""

    class Meta:
        model = Priority
        fields = ["name", "definition", "major", "pages", "urgency", "ack_timeout_minutes"]
        labels = {"major": "Major incident", "ack_timeout_minutes": "An acknowledgement lasts (minutes)"}


@admin.register(Priority)
class PriorityAdmin(ConfigAdmin):
    """P1 to P5: five ranks for ever, with the process owner's names and demands."""

    sees, edits = permissions.PRIORITY_SEE, permissions.PRIORITY_EDIT
    audit_noun = "priority"
    form = PriorityForm
    list_display = ("rank", "name", "major", "pages", "urgency", "ack_timeout_minutes")
    list_display_links = ("rank", "name")
    fields = ("rank", "name", "definition", "major", "pages", "urgency", "ack_timeout_minutes")
    readonly_fields = ("rank",)

    def command_edit(self, actor: Actor, stored: Priority, given: dict[str, Any], version: int | None) -> Priority:
        """Rename it or change what it demands."""
        return config.edit_priority(actor, stored, version=version, **given)


class EventRuleForm(ModelForm[EventRule]):
    """Refuses a pattern that the engine cannot use, with the reason (A80)."""

    class Meta:
        model = EventRule
        fields = [
            *("service", "name", "position", "enabled", "field", "operator", "value", "priority", "urgency"),
            "informational",
        ]

    def clean(self) -> dict[str, Any]:
        """The same rules as the command's, beside their fields."""
        given = super().clean() or {}
        for name, sentence in rules.check(
            given.get("field", ""), given.get("operator", ""), given.get("value", "")
        ).items():
            self.add_error(name, sentence)
        if not (given.get("priority") or given.get("urgency") or given.get("informational")):
            self.add_error("priority", "Set a priority or an urgency, or make it informational.")
        return given


@admin.register(EventRule)
class EventRuleAdmin(ConfigAdmin):
    """Rules of all services and of each one."""

    sees = permissions.RULE_SEE
    edits = deletes = permissions.RULE_EDIT
    audit_noun = "event_rule"
    form = EventRuleForm
    list_display = ("name", "service", "position", "field", "operator", "value", "priority", "enabled")
    list_filter = ("enabled", "service")
    list_select_related = ("service", "priority")
    search_fields = ("name", "value")

    def get_readonly_fields(self, request: HttpRequest, obj: EventRule | None = None) -> tuple[str, ...]:
        """The service of a rule stays."""
        return ("service",) if obj else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may edit general rules; team managers use the pages of their services."""
        return may(request, permissions.RULE_EDIT, EventRule())

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By the rule's service."""
        return may(request, permissions.RULE_EDIT, obj or EventRule())

    has_delete_permission = has_change_permission

    def command_create(self, actor: Actor, given: dict[str, Any]) -> EventRule:
        """Make a rule of one service or of all."""
        return config.create_rule(actor, **given)

    def command_edit(self, actor: Actor, stored: EventRule, given: dict[str, Any], version: int | None) -> EventRule:
        """Change a rule."""
        return config.edit_rule(actor, stored, version=version, **given)

    def command_delete(self, actor: Actor, thing: EventRule) -> None:
        """Take a rule away."""
        config.delete_rule(actor, thing)


class GroupingForm(ModelForm[GroupingRule]):
    """The fields to group by as lines of text."""

    # The model's field is called so; Django takes a declared field off the class before its own `fields` is made.
    fields = CharField(  # type: ignore[assignment]
        widget=UnfoldAdminTextareaWidget, required=False, max_length=2000, help_text=HOW_FIELDS
    )

    class Meta:
        model = GroupingRule
        fields = ["service", "mode", "fields", "window_minutes"]
        labels = {"window_minutes": "Window (minutes)"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["fields"] = "\n".join(self.instance.fields)

    def clean_fields(self) -> list[str]:
        """The names of the fields."""
        return [line.strip() for line in self.cleaned_data["fields"].splitlines() if line.strip()]


@admin.register(GroupingRule)
class GroupingRuleAdmin(ConfigAdmin):
    """How alerts of each service become incidents; the default is set instead of deleting."""

    sees = permissions.RULE_SEE
    edits = creates = permissions.PRIORITY_EDIT
    taken = "service"
    form = GroupingForm
    list_display = ("service", "mode", "fields", "window_minutes")
    list_filter = ("mode",)
    list_select_related = ("service",)
    search_fields = ("service__name",)
    ordering = ("service__name",)

    def audit_keys(self, thing: GroupingRule) -> list[str]:
        """The audit knows it by its service."""
        return [f"grouping:{thing.service_id}"]

    def get_fields(self, request: HttpRequest, obj: GroupingRule | None = None) -> list[str]:
        """All but the version."""
        return ["service", "mode", "fields", "window_minutes"]

    def get_readonly_fields(self, request: HttpRequest, obj: GroupingRule | None = None) -> tuple[str, ...]:
        """The service stays."""
        return ("service",) if obj else ()

    def command_create(self, actor: Actor, given: dict[str, Any]) -> GroupingRule:
        """Set the grouping of a service."""
        return config.set_grouping(actor, given.pop("service"), **given)

    def command_edit(
        self, actor: Actor, stored: GroupingRule, given: dict[str, Any], version: int | None
    ) -> GroupingRule:
        """Set it anew."""
        return config.set_grouping(actor, stored.service, version=version, **given)


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """Incidents that the viewer may know of; the verbs are those of the incident's own page."""

    sees = permissions.INCIDENT_SEE
    audit_noun = "incident"
    list_display = ("number", "title", "service", "status", "priority", "created_at")
    list_filter = ("status", "is_major", "priority")
    list_select_related = ("service", "priority")
    search_fields = ("title",)
    exclude = ("group_key", "group_until", "version")  # the engine's own: no word in them is anybody's
    actions = ("acknowledge", "resolve", "cancel", "close")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        """Private ones stay with their people, also here (S34)."""
        return Incident.objects.visible_to(actor_of(request)).order_by("-number")

    def view_on_site(self, obj: Incident) -> str:
        """The incident's own page, with the whole record."""
        return f"/incidents/{obj.number}/"

    @admin.action(description="Acknowledge", permissions=["view"])
    def acknowledge(self, request: HttpRequest, chosen: QuerySet[Incident]) -> None:
        """Take the chosen incidents: their escalation stops."""
        self.each(request, chosen, lifecycle.acknowledge, "Acknowledged.")

    @admin.action(description="Resolve", permissions=["view"])
    def resolve(self, request: HttpRequest, chosen: QuerySet[Incident]) -> None:
        """End the chosen incidents."""
        self.each(request, chosen, lifecycle.resolve, "Resolved.")

    @admin.action(description="Cancel: false alarms", permissions=["view"])
    def cancel(self, request: HttpRequest, chosen: QuerySet[Incident]) -> None:
        """End the chosen incidents as false alarms."""
        self.each(request, chosen, lifecycle.cancel, "Cancelled.")

    @admin.action(description="Close", permissions=["view"])
    def close(self, request: HttpRequest, chosen: QuerySet[Incident]) -> None:
        """Close the chosen incidents for good."""
        self.each(request, chosen, lifecycle.close, "Closed.")


@admin.register(TimelineEntry)
class TimelineEntryAdmin(ReadOnlyAdmin):
    """The record."""

    sees = permissions.INCIDENT_SEE_ALL
    list_display = ("occurred_at", "incident", "kind", "said", "actor_label")
    list_filter = ("kind",)
    list_select_related = ("incident",)
    search_fields = ("=incident__number",)
    fields = (
        *("incident", "kind", "occurred_at", "recorded_at", "actor_label", "actor_user", "on_behalf_of", "text"),
        *("visibility", "pinned", "struck_reason", "redacted", "edited_at"),
    )
    labels: ClassVar[Mapping[str, str]] = {"actor_label": "By", "actor_user": "Person"}
    tells: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"incident": incident_of, "kind": kind_of}

    @admin.display(description="Text")
    def said(self, entry: TimelineEntry) -> str:
        """How its text begins: the whole is on its own page."""
        return Truncator(entry.text).chars(100)

    ordering = ("-pk",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By the incident."""
        return may(request, self.sees, obj.incident if obj else None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TimelineEntry]:
        """Of incidents that the viewer may know of."""
        known = Incident.objects.visible_to(actor_of(request)).order_by()
        return TimelineEntry.objects.filter(incident__in=known).order_by("-pk")


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """What monitoring says."""

    sees = permissions.ALERT_SEE
    list_display = ("key", "service", "state", "severity", "count", "incident", "last_seen")
    list_filter = ("state", "severity")
    list_select_related = ("service", "incident")
    search_fields = ("key", "summary")
    tells: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"incident": incident_of}
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        """Those of private incidents stay with their people (S34)."""
        private = Incident.objects.filter(visibility="private").order_by()
        hidden = private.exclude(pk__in=Incident.objects.visible_to(actor_of(request)).order_by().values("pk"))
        return Alert.objects.exclude(incident__in=hidden).order_by("-pk")


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    """Informational events."""

    sees = permissions.ALERT_SEE
    list_display = ("summary", "service", "source", "at")
    list_filter = (lately("at"),)
    list_select_related = ("service",)
    search_fields = ("summary", "source")
    ordering = ("-pk",)


@admin.register(ChangeEvent)
class ChangeEventAdmin(ReadOnlyAdmin):
    """What was altered."""

    sees = permissions.CHANGE_SEE
    list_display = ("summary", "service", "kind", "started_at")
    list_filter = ("kind", lately("started_at"))
    list_select_related = ("service",)
    search_fields = ("summary",)
    ordering = ("-pk",)
