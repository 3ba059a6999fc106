"""Services, policies, schedules and rules in the administration; every change goes through the commands (A68)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actors import Actor
from accounts.models import Team, User
from core import admin_words, audit_words
from core.admin_base import ConfigAdmin, ReadOnlyAdmin, unchanged
from core.admin_lists import lately
from core.web.access import actor_of
from oncall.admin_forms import PolicyForm, ScheduleForm, ServiceForm
from oncall.commands import policies, schedules, services
from oncall.commands.services import FIELDS
from oncall.kinds import subject_named
from oncall.models import Escalation, EscalationPolicy, NotificationRule, Page, Schedule, Service
from oncall.permissions import (
    PAGE_SEE,
    POLICY_EDIT,
    POLICY_SEE,
    RULE_SEE,
    SCHEDULE_EDIT,
    SCHEDULE_SEE,
    SERVICE_EDIT,
    SERVICE_SEE,
)
from oncall.queries import levels
from oncall.queries.hidden import hidden_subjects

audit_words.names(EscalationPolicy, "policy")
audit_words.names(Schedule, "schedules", "schedule")
audit_words.names(Service, "service", "needs")


@admin.register(EscalationPolicy)
class PolicyAdmin(ConfigAdmin):
    """Escalation policies with their levels."""

    sees = POLICY_SEE
    edits = creates = deletes = POLICY_EDIT
    audit_noun = "policy"
    form = PolicyForm
    list_display = ("name", "team", "repeats", "fallback")
    list_filter = ("team",)
    list_select_related = ("team", "fallback")
    search_fields = ("name",)
    fields = ("name", "team", "levels", "repeats", "fallback")

    def view_on_site(self, obj: EscalationPolicy) -> str:
        """The policy's own page, where its levels are drawn."""
        return f"/policies/{obj.pk}/"

    def command_create(self, actor: Actor, given: dict[str, Any]) -> EscalationPolicy:
        """Make a policy of a team."""
        return policies.create(actor, given.pop("team"), **given)

    def command_edit(
        self, actor: Actor, stored: EscalationPolicy, given: dict[str, Any], version: int | None
    ) -> EscalationPolicy:
        """Change it; running escalations keep their copy."""
        return policies.edit(actor, stored, version=version, keep_fallback=False, **unchanged(given, stored))

    def command_delete(self, actor: Actor, thing: EscalationPolicy) -> None:
        """Delete one that no service uses."""
        policies.delete(actor, thing)


@admin.register(Schedule)
class ScheduleAdmin(ConfigAdmin):
    """Schedules with the people who take turns."""

    sees = SCHEDULE_SEE
    edits = creates = deletes = SCHEDULE_EDIT
    audit_noun = "schedule"
    form = ScheduleForm
    list_display = ("name", "team", "time_zone", "unit", "length")
    list_filter = ("team",)
    list_select_related = ("team",)
    search_fields = ("name",)
    fields = ("name", "team", "time_zone", "anchor", "unit", "length", "members")

    def view_on_site(self, obj: Schedule) -> str:
        """The schedule's own page, where its turns are drawn."""
        return f"/schedules/{obj.pk}/"

    def command_create(self, actor: Actor, given: dict[str, Any]) -> Schedule:
        """Make a schedule of a team."""
        return schedules.create(actor, given.pop("team"), **given)

    def command_edit(self, actor: Actor, stored: Schedule, given: dict[str, Any], version: int | None) -> Schedule:
        """Change it; escalations see it at their next step."""
        return schedules.edit(actor, stored, version=version, **unchanged(given, stored))

    def command_delete(self, actor: Actor, thing: Schedule) -> None:
        """Delete one that no policy uses."""
        schedules.delete(actor, thing)


@admin.register(Service)
class ServiceAdmin(ConfigAdmin):
    """Services; they are archived, never deleted, since incidents name them."""

    sees = SERVICE_SEE
    edits = creates = SERVICE_EDIT
    audit_noun = "service"
    form = ServiceForm
    list_display = ("name", "team", "policy", "urgency", "archived_at")
    list_filter = ("team", "customer_facing", ("archived_at", admin.EmptyFieldListFilter))
    list_select_related = ("team", "policy")
    search_fields = ("name",)
    fields = (
        "name",
        "description",
        "team",
        "policy",
        *[field for field in FIELDS if field not in {"name", "description"}],
        "needs",
    )
    actions = ("archive", "restore")

    def view_on_site(self, obj: Service) -> str:
        """The service's own page."""
        return f"/services/{obj.pk}/"

    def command_create(self, actor: Actor, given: dict[str, Any]) -> Service:
        """Make a service of a team."""
        return services.create(actor, given.pop("team"), **given)

    def command_edit(self, actor: Actor, stored: Service, given: dict[str, Any], version: int | None) -> Service:
        """Change it; without a policy the last resort answers."""
        return services.edit(actor, stored, version=version, keep_policy=False, **unchanged(given, stored))

    @admin.action(description="Archive: out of use, the history stays", permissions=["change"])
    def archive(self, request: HttpRequest, chosen: QuerySet[Service]) -> None:
        """Archive the chosen services."""
        self.each(request, chosen, services.archive, "Archived.")

    @admin.action(description="Restore: back into use", permissions=["change"])
    def restore(self, request: HttpRequest, chosen: QuerySet[Service]) -> None:
        """Restore the chosen services."""
        self.each(request, chosen, services.restore, "Back in use.")


def _name(model: type[Team] | type[User], pk: int | None) -> str:
    """What a thing is called of which a row keeps the number alone."""
    if pk is None:
        return ""
    return "".join(model.objects.filter(pk=pk).values_list("name", flat=True))


class SubjectAdmin(ReadOnlyAdmin):
    """Rows about a subject, for administrators; what becomes of them is the subject's own verbs."""

    sees = PAGE_SEE
    ordering = ("-pk",)
    search_fields: ClassVar[tuple[str, ...]] = ("subject",)
    tells: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "subject": lambda row: admin_words.linked(*subject_named(row.subject)),
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Private subjects stay with their people, also here (S34)."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.exclude(hidden_subjects(actor_of(request)))

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """A subject is found by what people call it, such as INC-42, too."""
        return super().get_search_results(request, queryset, re.sub(r"\b[A-Za-z]+-(\d+)\b", r":\1", search_term))


@admin.register(Escalation)
class EscalationAdmin(SubjectAdmin):
    """Running and past escalations."""

    list_display = ("started_at", "subject", "run", "state", "urgency", "pass_number", "level", "due_at")
    list_filter = ("state",)
    fields = (
        *("subject", "run", "state", "urgency", "policy", "team_id", "levels", "repeats", "fallback_id"),
        *("pass_number", "level", "started_at", "fired_at", "due_at", "ended_at", "end_reason"),
    )
    labels: ClassVar[Mapping[str, str]] = {"due_at": "Next step", "level": "Level now", "pass_number": "Pass"}
    tells: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        **SubjectAdmin.tells,
        "due_at": lambda row: row.due_at if row.state == "running" else None,
        "team_id": lambda row: _name(Team, row.team_id),
        "fallback_id": lambda row: _name(User, row.fallback_id),
        "levels": lambda row: admin_words.as_lines(levels.told(row.levels)),
    }


@admin.register(Page)
class PageAdmin(SubjectAdmin):
    """Who was asked, and what became of it."""

    list_display = ("created_at", "subject", "user", "level", "pass_number", "state", "handed_at", "answered_at")
    list_filter = ("state", lately("created_at"))
    list_select_related = ("user",)
    search_fields = ("subject", "user__name")
    labels: ClassVar[Mapping[str, str]] = {"pass_number": "Pass", "asked": "Times asked"}


@admin.register(NotificationRule)
class RuleAdmin(ReadOnlyAdmin):
    """Everybody's rules, to look at: people alone change their own."""

    sees = RULE_SEE
    list_display = ("user", "urgency", "delay_minutes", "method_id")
    list_filter = ("urgency",)
    list_select_related = ("user",)
    search_fields = ("user__name",)
    ordering = ("-pk",)

    def audit_keys(self, thing: NotificationRule) -> list[str]:
        """The audit tells it of the person."""
        return [f"user:{thing.user_id}"]
