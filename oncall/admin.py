"""Services, policies, schedules and rules in the administration; every change goes through the commands (A68)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import User
from core.admin import ReadOnlyAdmin
from core.errors import PortalError
from core.web.access import actor_of
from oncall.commands import policies, schedules, services
from oncall.commands.services import FIELDS
from oncall.kinds import LevelDraft
from oncall.models import Escalation, EscalationPolicy, Level, NotificationRule, Page, Schedule, Service
from oncall.queries.hidden import hidden_subjects

HOW_LEVELS = (
    "One level per line: minutes to wait, a colon, then mail addresses of people and names of schedules with commas"
    " between them. Example: “5: ana@example.org, Primary”."
)
HOW_MEMBERS = "Mail addresses in the order of turns, one per line."
HOW_NEEDS = "Names of the services that it needs to work, one per line."


class CommandAdmin(ModelAdmin):
    """A form whose refusals by a command come back as a message on the form's own page."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form; a refused command rolls everything back and says why."""
        try:
            answer: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
            return answer
        except PortalError as refused:
            messages.error(request, refused.detail)
            return HttpResponseRedirect(request.get_full_path())

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """One by one, through the command."""
        for thing in queryset:
            self.delete_model(request, thing)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: the command has written all parts."""


def lines(text: str) -> list[str]:
    """The lines that hold something, trimmed."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def person(address: str) -> int:
    """The number of the person with this mail address; raises ValidationError."""
    found = User.objects.filter(email=address.strip().lower()).values_list("pk", flat=True).first()
    if found is None:
        raise ValidationError(f"There is nobody with the address {address}.")
    return found


class PolicyForm(forms.ModelForm[EscalationPolicy]):
    """A policy with its levels as lines of text."""

    levels = forms.CharField(widget=UnfoldAdminTextareaWidget, help_text=HOW_LEVELS, max_length=20_000)

    class Meta:
        model = EscalationPolicy
        fields = ["name", "team", "repeats", "fallback"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["levels"] = written(self.instance)

    def clean_levels(self) -> list[LevelDraft]:
        """The levels as drafts."""
        return [draft(line) for line in lines(self.cleaned_data["levels"])]


def draft(line: str) -> LevelDraft:
    """One line of the form as a level; raises ValidationError naming what is wrong."""
    minutes, colon, rest = line.partition(":")
    if not colon or not minutes.strip().isdigit() or len(minutes.strip()) > 4:
        raise ValidationError(f"“{line[:60]}” must begin with minutes and a colon.")
    targets = [part.strip() for part in rest.split(",") if part.strip()]
    users = tuple(person(target) for target in targets if "@" in target)
    return LevelDraft(int(minutes), users, tuple(_schedule(target) for target in targets if "@" not in target))


def _schedule(name: str) -> int:
    found = Schedule.objects.filter(name__iexact=name).values_list("pk", flat=True).first()
    if found is None:
        raise ValidationError(f"There is no schedule {name}.")
    return found


def written(policy: EscalationPolicy) -> str:
    """A policy's levels as lines of the form."""
    rows = policy.levels.prefetch_related("targets__user", "targets__schedule")
    return "\n".join(f"{level.timeout_minutes}: {_targets(level)}" for level in rows)


def _targets(level: Level) -> str:
    return ", ".join(target.user.email if target.user else str(target.schedule) for target in level.targets.all())


@admin.register(EscalationPolicy)
class PolicyAdmin(CommandAdmin):
    """Escalation policies with their levels."""

    form = PolicyForm
    list_display = ("name", "team", "repeats", "fallback")
    list_filter = ("team",)
    list_select_related = ("team", "fallback")
    search_fields = ("name",)
    fields = ("name", "team", "levels", "repeats", "fallback")

    def save_model(self, request: HttpRequest, obj: EscalationPolicy, form: Any, change: bool) -> None:
        """Through the commands."""
        given = dict(form.cleaned_data)
        if change:
            stored = EscalationPolicy.objects.get(pk=obj.pk)
            policies.edit(actor_of(request), stored, keep_fallback=False, **_moved(given, stored))
        else:
            obj.pk = policies.create(actor_of(request), given.pop("team"), **given).pk

    def delete_model(self, request: HttpRequest, obj: EscalationPolicy) -> None:
        """Through the command."""
        policies.delete(actor_of(request), obj)


def _moved(given: dict[str, Any], stored: Any) -> dict[str, Any]:
    """The values without a team that stays the same: only a move asks for rights in the new team."""
    if given.get("team") is not None and given["team"].pk == stored.team_id:
        given.pop("team")
    return given


class ScheduleForm(forms.ModelForm[Schedule]):
    """A schedule with its people as lines of text."""

    members = forms.CharField(widget=UnfoldAdminTextareaWidget, help_text=HOW_MEMBERS, max_length=30_000)

    class Meta:
        model = Schedule
        fields = ["name", "team", "time_zone", "anchor", "unit", "length"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            rows = self.instance.members.order_by("position").values_list("user__email", flat=True)
            self.initial["members"] = "\n".join(rows)

    def clean_members(self) -> list[int]:
        """The people by number."""
        return [person(line) for line in lines(self.cleaned_data["members"])]


@admin.register(Schedule)
class ScheduleAdmin(CommandAdmin):
    """Schedules with the people who take turns."""

    form = ScheduleForm
    list_display = ("name", "team", "time_zone", "unit", "length")
    list_filter = ("team",)
    list_select_related = ("team",)
    search_fields = ("name",)
    fields = ("name", "team", "time_zone", "anchor", "unit", "length", "members")

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        """Through the commands."""
        given = dict(form.cleaned_data)
        if change:
            stored = Schedule.objects.get(pk=obj.pk)
            schedules.edit(actor_of(request), stored, **_moved(given, stored))
        else:
            obj.pk = schedules.create(actor_of(request), given.pop("team"), **given).pk

    def delete_model(self, request: HttpRequest, obj: Schedule) -> None:
        """Through the command."""
        schedules.delete(actor_of(request), obj)


class ServiceForm(forms.ModelForm[Service]):
    """A service with what it needs as lines of text."""

    needs = forms.CharField(widget=UnfoldAdminTextareaWidget, help_text=HOW_NEEDS, max_length=30_000, required=False)

    class Meta:
        model = Service
        fields = ["team", "policy", *FIELDS]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            rows = self.instance.dependencies.order_by("needs__name").values_list("needs__name", flat=True)
            self.initial["needs"] = "\n".join(rows)

    def clean_needs(self) -> list[int]:
        """The services by number."""
        return [_service(line) for line in lines(self.cleaned_data["needs"])]


def _service(name: str) -> int:
    found = Service.objects.filter(name__iexact=name).values_list("pk", flat=True).first()
    if found is None:
        raise ValidationError(f"There is no service {name}.")
    return found


@admin.register(Service)
class ServiceAdmin(CommandAdmin):
    """Services; they are archived, never deleted, since incidents name them."""

    form = ServiceForm
    list_display = ("name", "team", "policy", "urgency", "archived_at")
    list_filter = ("team", "customer_facing")
    list_select_related = ("team", "policy")
    search_fields = ("name",)
    fields = (
        "name",
        "description",
        "team",
        "policy",
        *[field for field in FIELDS if field not in {"name", "description"}],
    )
    actions = ("archive", "restore")

    def get_fields(self, request: HttpRequest, obj: Service | None = None) -> tuple[str, ...]:
        """All fields, and what it needs."""
        return (*self.fields, "needs")

    def has_delete_permission(self, request: HttpRequest, obj: Service | None = None) -> bool:
        """Never: archive instead."""
        return False

    def save_model(self, request: HttpRequest, obj: Service, form: Any, change: bool) -> None:
        """Through the commands."""
        given = dict(form.cleaned_data)
        if change:
            stored = Service.objects.get(pk=obj.pk)
            services.edit(actor_of(request), stored, keep_policy=False, **_moved(given, stored))
        else:
            obj.pk = services.create(actor_of(request), given.pop("team"), **given).pk

    @admin.action(description="Archive: out of use, the history stays")
    @transaction.atomic
    def archive(self, request: HttpRequest, chosen: QuerySet[Service]) -> None:
        """Archive the chosen services that are in use."""
        for service in chosen.filter(archived_at__isnull=True):
            services.archive(actor_of(request), service)

    @admin.action(description="Restore: back into use")
    @transaction.atomic
    def restore(self, request: HttpRequest, chosen: QuerySet[Service]) -> None:
        """Restore the chosen services that are archived."""
        for service in chosen.filter(archived_at__isnull=False):
            services.restore(actor_of(request), service)


class LiveAdmin(ReadOnlyAdmin):
    """Live rows change through their commands alone."""

    show_full_result_count = False
    ordering = ("-pk",)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Administrators only."""
        return bool(getattr(request.user, "is_superuser", False))


class SubjectAdmin(LiveAdmin):
    """Rows about a subject."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Private subjects stay with their people, also here (S34)."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.exclude(hidden_subjects(actor_of(request)))


@admin.register(Escalation)
class EscalationAdmin(SubjectAdmin):
    """Running and past escalations."""

    list_display = ("subject", "run", "state", "urgency", "pass_number", "level", "due_at", "started_at")
    list_filter = ("state",)


@admin.register(Page)
class PageAdmin(SubjectAdmin):
    """Who was asked, and what became of it."""

    list_display = ("subject", "user", "level", "pass_number", "state", "created_at", "handed_at", "answered_at")
    list_filter = ("state",)
    list_select_related = ("user",)


@admin.register(NotificationRule)
class RuleAdmin(LiveAdmin):
    """Everybody's rules, to look at: people alone change their own."""

    list_display = ("user", "urgency", "delay_minutes", "method_id")
    list_filter = ("urgency",)
    list_select_related = ("user",)
