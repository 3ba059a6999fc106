"""The room in the administration: set-up is edited through the commands, the record is read-only (TRI-02, A94)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from accounts.permissions import can
from core.admin import ReadOnlyAdmin
from core.web.access import actor_of
from incidents import permissions
from incidents.commands import config
from incidents.engine import rules
from incidents.models import Alert, ChangeEvent, EventRule, GroupingRule, Incident, Priority, Signal, TimelineEntry


@admin.register(Priority)
class PriorityAdmin(ModelAdmin):
    """P1 to P5: five ranks for ever, with the process owner's names and demands."""

    list_display = ("rank", "name", "major", "pages", "urgency", "ack_timeout_minutes")
    fields = ("rank", "name", "definition", "major", "pages", "urgency", "ack_timeout_minutes")
    readonly_fields = ("rank",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There are five."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Priority | None = None) -> bool:
        """Incidents hold them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Priority | None = None) -> bool:
        """Process owners."""
        return can(actor_of(request), permissions.PRIORITY_EDIT, obj)

    def save_model(self, request: HttpRequest, obj: Priority, form: Any, change: bool) -> None:
        """Through the command."""
        config.edit_priority(actor_of(request), Priority.objects.get(pk=obj.pk), **form.cleaned_data)


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
class EventRuleAdmin(ModelAdmin):
    """Rules of all services and of each one."""

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
        return can(actor_of(request), permissions.RULE_EDIT, EventRule())

    def has_change_permission(self, request: HttpRequest, obj: EventRule | None = None) -> bool:
        """By the rule's service."""
        return can(actor_of(request), permissions.RULE_EDIT, obj or EventRule())

    def has_delete_permission(self, request: HttpRequest, obj: EventRule | None = None) -> bool:
        """As editing."""
        return self.has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: EventRule, form: Any, change: bool) -> None:
        """Through the commands."""
        actor, given = actor_of(request), dict(form.cleaned_data)
        if change:
            given.pop("service", None)
            config.edit_rule(actor, EventRule.objects.get(pk=obj.pk), **given)
        else:
            obj.pk = config.create_rule(actor, **given).pk

    def delete_model(self, request: HttpRequest, obj: EventRule) -> None:
        """Through the command."""
        config.delete_rule(actor_of(request), obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[EventRule]) -> None:
        """One by one, through the command."""
        for rule in queryset:
            self.delete_model(request, rule)


@admin.register(GroupingRule)
class GroupingRuleAdmin(ModelAdmin):
    """How alerts of each service become incidents."""

    list_display = ("service", "mode", "fields", "window_minutes")
    list_select_related = ("service",)

    def get_fields(self, request: HttpRequest, obj: GroupingRule | None = None) -> list[str]:
        """All but the version."""
        return ["service", "mode", "fields", "window_minutes"]

    def get_readonly_fields(self, request: HttpRequest, obj: GroupingRule | None = None) -> tuple[str, ...]:
        """The service stays."""
        return ("service",) if obj else ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Process owners; team managers use the pages of their services."""
        return can(actor_of(request), permissions.PRIORITY_EDIT)

    def has_change_permission(self, request: HttpRequest, obj: GroupingRule | None = None) -> bool:
        """As adding."""
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: GroupingRule | None = None) -> bool:
        """Set the default instead."""
        return False

    def save_model(self, request: HttpRequest, obj: GroupingRule, form: Any, change: bool) -> None:
        """Through the command."""
        given = form.cleaned_data
        made = config.set_grouping(
            actor_of(request),
            obj.service,
            mode=given["mode"],
            fields=given["fields"],
            window_minutes=given["window_minutes"],
        )
        obj.pk = made.pk


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """Incidents that the viewer may know of."""

    list_display = ("number", "title", "service", "status", "priority", "created_at")
    list_filter = ("status", "is_major", "priority")
    list_select_related = ("service", "priority")
    search_fields = ("title",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        """Private ones stay with their people, also here (S34)."""
        return Incident.objects.visible_to(actor_of(request))


@admin.register(TimelineEntry)
class TimelineEntryAdmin(ReadOnlyAdmin):
    """The record."""

    list_display = ("incident", "seq", "kind", "actor_label", "occurred_at")
    list_filter = ("kind",)
    list_select_related = ("incident",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[TimelineEntry]:
        """Of incidents that the viewer may know of."""
        return TimelineEntry.objects.filter(incident__in=Incident.objects.visible_to(actor_of(request)))


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """What monitoring says."""

    list_display = ("key", "service", "state", "severity", "count", "incident", "last_seen")
    list_filter = ("state", "severity")
    list_select_related = ("service", "incident")
    search_fields = ("key", "summary")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        """Those of private incidents stay with their people (S34)."""
        private = Incident.objects.filter(visibility="private")
        hidden = private.exclude(pk__in=Incident.objects.visible_to(actor_of(request)).values("pk"))
        return Alert.objects.exclude(incident__in=hidden)


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    """Informational events."""

    list_display = ("summary", "service", "source", "at")
    list_select_related = ("service",)
    show_full_result_count = False


@admin.register(ChangeEvent)
class ChangeEventAdmin(ReadOnlyAdmin):
    """What was altered."""

    list_display = ("summary", "service", "kind", "started_at")
    list_filter = ("kind",)
    list_select_related = ("service",)
    show_full_result_count = False
