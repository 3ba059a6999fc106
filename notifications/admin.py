"""The administration's view of carriers and messages: secrets are written and never shown, messages are read-only."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from accounts.permissions import can
from core.errors import Invalid
from core.web.access import actor_of
from notifications.commands import providers as commands
from notifications.kinds import provider_of, providers
from notifications.models import Delivery, DeliveryAttempt, ProviderConfig
from notifications.permissions import PROVIDER_EDIT
from notifications.providers.carrier import look_up


class ProviderForm(forms.ModelForm[ProviderConfig]):
    """The fields that the provider names itself; an empty secret leaves the stored one."""

    looked_up: ClassVar[dict[str, list[str]]] = {}  # what the name service led to, asked before the transaction

    class Meta:
        model = ProviderConfig
        fields = ["provider", "enabled"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "provider" in self.fields:
            self.fields["provider"] = forms.ChoiceField(choices=[(each.id, each.label) for each in providers()])

    def clean(self) -> dict[str, Any]:
        """Let the provider look at what was typed, so that a refusal stands beside its field."""
        values = super().clean() or {}
        if self.instance.pk and values.get("enabled"):
            carrier = provider_of(self.instance.provider)
            typed = {key: values[key] for key in _names(self.instance) if values.get(key)}
            try:
                carrier.clean_settings({**self.instance.settings, **typed})
            except Invalid as error:
                for name, sentences in error.fields.items():
                    self.add_error(name if name in self.fields else None, sentences)
        for name, sentences in self.looked_up.items():
            if name in self.fields and name not in self.errors:
                self.add_error(name, sentences)
        return values


def _names(config: ProviderConfig) -> list[str]:
    return [field.name for field in provider_of(config.provider).settings_fields]


@admin.register(ProviderConfig)
class ProviderConfigAdmin(ModelAdmin):
    """Set carriers up; made first, filled in on the next page, since each names its own fields."""

    form = ProviderForm
    list_display = ("provider", "enabled")

    def get_form(self, request: HttpRequest, obj: ProviderConfig | None = None, **kwargs: Any) -> Any:
        """Draw the provider's own fields; a secret's field starts empty."""
        if obj is None:
            return super().get_form(request, obj, **kwargs)
        drawn: dict[str, Any] = {}
        looked_up = getattr(request, "looked_up", {})
        for field in provider_of(obj.provider).settings_fields:
            widget = forms.PasswordInput if field.secret else forms.TextInput
            shown = "" if field.secret else obj.settings.get(field.name, field.default)
            hint = "Stored; type to replace it." if field.secret and obj.settings.get(field.name) else field.hint
            drawn[field.name] = forms.CharField(
                label=field.label, required=False, initial=shown, help_text=hint, widget=widget, max_length=2000
            )
        form = type("DrawnProviderForm", (ProviderForm,), {**drawn, "looked_up": looked_up, "__module__": __name__})
        return super().get_form(request, obj, form=form, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The form; the name service is asked before its transaction begins, which would hold every writer up (A69)."""
        address = request.POST.get("base_url", "")
        if address and self.has_change_permission(request):
            try:
                look_up(address, field="base_url")
            except Invalid as error:
                request.looked_up = error.fields  # type: ignore[attr-defined]
        return super().changeform_view(request, *args, **kwargs)

    def get_fields(self, request: HttpRequest, obj: ProviderConfig | None = None) -> list[str]:
        """Which provider at first, its settings afterwards."""
        return ["provider", "enabled"] if obj is None else ["enabled", *_names(obj)]

    def save_model(self, request: HttpRequest, obj: ProviderConfig, form: Any, change: bool) -> None:
        """Through the command, which asks for the right and writes the audit (A98)."""
        given = form.cleaned_data
        stored = ProviderConfig.objects.get(pk=obj.pk) if change else commands.blank(given["provider"])
        values = {name: given.get(name) or "" for name in _names(stored)} if change else {}
        needs = provider_of(stored.provider).settings_fields
        enabled = given["enabled"] and (change or not needs)
        obj.pk = commands.configure(actor_of(request), stored.provider, enabled=enabled, values=values).pk

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators."""
        return can(actor_of(request), PROVIDER_EDIT)

    has_add_permission = has_change_permission = has_module_permission = has_view_permission

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: switch it off instead."""
        return False


class AttemptInline(TabularInline):
    """Every try."""

    model = DeliveryAttempt
    extra = 0
    can_delete = False
    fields = readonly_fields = ("number", "started_at", "ended_at", "outcome", "detail")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never by hand."""
        return False


@admin.register(Delivery)
class DeliveryAdmin(ModelAdmin):
    """The delivery log, for reading."""

    list_display = ("created_at", "purpose", "purpose_key", "user", "provider", "masked", "state", "attempts")
    list_filter = ("state", "provider", "purpose")
    fields = (
        *("purpose", "purpose_key", "user", "provider", "masked", "heading", "rank", "first", "state", "attempts"),
        *("created_at", "due_at", "held_until", "handed_at", "confirmed_at", "ended_at", "error"),
    )
    readonly_fields = fields
    inlines = [AttemptInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """What this person may see."""
        return Delivery.objects.visible_to(actor_of(request)).select_related("user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a live noun changes by commands."""
        return False

    has_delete_permission = has_change_permission
