"""The administration's view of carriers and messages: secrets are written and never shown, messages are read-only."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.actors import Actor
from core import audit_words
from core.admin_base import ConfigAdmin, ReadOnlyAdmin
from core.errors import Conflict, Invalid
from core.web.access import actor_of
from notifications.commands import providers as commands
from notifications.kinds import label_of, provider_of, providers
from notifications.models import Delivery, DeliveryAttempt, ProviderConfig
from notifications.permissions import DELIVERY_SEE, PROVIDER_EDIT
from notifications.providers.carrier import look_up

audit_words.called("provider", label_of)


class ProviderForm(forms.ModelForm[ProviderConfig]):
    """The fields that the provider names itself; an empty secret leaves the stored one."""

    looked_up: ClassVar[dict[str, list[str]]] = {}  # what the name service led to, asked before the transaction

    class Meta:
        model = ProviderConfig
        fields = ["provider", "enabled"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "provider" in self.fields:
            self.fields["provider"] = forms.ChoiceField(
                choices=[(each.id, each.label) for each in providers()], widget=UnfoldAdminSelectWidget
            )

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
class ProviderConfigAdmin(ConfigAdmin):
    """Set carriers up; made first, filled in on the next page, since each names its own fields. Never deleted."""

    sees = edits = creates = PROVIDER_EDIT
    taken = "provider"
    form = ProviderForm
    list_display = ("carrier", "enabled")

    @admin.display(description="Provider", ordering="provider")
    def carrier(self, config: ProviderConfig) -> str:
        """Its name for people."""
        return label_of(config.provider)

    def response_add(self, request: HttpRequest, obj: ProviderConfig, post_url_continue: str | None = None) -> Any:
        """On to its own fields; the sentence says whether anything goes out by it yet."""
        said = "Added, and on." if obj.enabled else "Added, and off until you turn it on."
        messages.success(request, f"{label_of(obj.provider)}: {said}")
        return HttpResponseRedirect(reverse("admin:notifications_providerconfig_change", args=[obj.pk]))

    def get_form(
        self, request: HttpRequest, obj: ProviderConfig | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Draw the provider's own fields; a secret's field starts empty."""
        if obj is None:
            return super().get_form(request, obj, change, **kwargs)
        drawn: dict[str, Any] = {}
        looked_up = getattr(request, "looked_up", {})
        for field in provider_of(obj.provider).settings_fields:
            widget = UnfoldAdminPasswordWidget if field.secret else UnfoldAdminTextInputWidget
            shown = "" if field.secret else obj.settings.get(field.name, field.default)
            hint = "Stored; type to replace it." if field.secret and obj.settings.get(field.name) else field.hint
            drawn[field.name] = forms.CharField(
                label=field.label, required=False, initial=shown, help_text=hint, widget=widget, max_length=2000
            )
        form = type("DrawnProviderForm", (ProviderForm,), {**drawn, "looked_up": looked_up, "__module__": __name__})
        return super().get_form(request, obj, change, form=form, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The form; the name service is asked before its transaction begins, which would hold every writer up (A69)."""
        address = request.POST.get("base_url", "")
        if address and self.has_change_permission(request):
            try:
                look_up(address, field="base_url")
            except Invalid as error:
                request.looked_up = error.fields  # type: ignore[attr-defined]
        return super().changeform_view(request, *args, **kwargs)

    def audit_keys(self, thing: ProviderConfig) -> list[str]:
        """The audit knows it by the carrier's id."""
        return [f"provider:{thing.provider}"]

    def get_fields(self, request: HttpRequest, obj: ProviderConfig | None = None) -> list[str]:
        """Which provider at first, its settings afterwards."""
        return ["provider", "enabled"] if obj is None else ["enabled", *_names(obj)]

    def command_create(self, actor: Actor, given: dict[str, Any]) -> ProviderConfig:
        """Keep a carrier to be filled in; one that needs no settings works at once. Raises Conflict for a kept one."""
        if ProviderConfig.objects.filter(provider=given["provider"]).exists():
            raise Conflict("This provider is here already.", code="taken", hint="Change its settings instead.")
        needs = provider_of(given["provider"]).settings_fields
        return commands.configure(actor, given["provider"], enabled=given["enabled"] and not needs, values={})

    def command_edit(
        self, actor: Actor, stored: ProviderConfig, given: dict[str, Any], version: int | None
    ) -> ProviderConfig:
        """Store what was typed; an empty secret leaves the stored one (A98)."""
        values = {name: given.get(name) or "" for name in _names(stored)}
        return commands.configure(actor, stored.provider, enabled=given["enabled"], values=values, version=version)


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
class DeliveryAdmin(ReadOnlyAdmin):
    """The delivery log, for reading."""

    sees = DELIVERY_SEE
    list_display = ("created_at", "purpose", "purpose_key", "user", "provider", "masked", "state", "attempts")
    list_filter = ("state", "provider", "purpose")
    list_select_related = ("user",)
    search_fields = ("purpose_key", "user__name")
    ordering = ("-pk",)
    fields = (
        *("purpose", "purpose_key", "user", "provider", "masked", "heading", "rank", "first", "state", "attempts"),
        *("created_at", "due_at", "held_until", "handed_at", "confirmed_at", "ended_at", "error"),
    )
    readonly_fields = fields
    inlines = (AttemptInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """What this person may see."""
        return Delivery.objects.visible_to(actor_of(request)).order_by("-pk")

    def view_on_site(self, obj: Delivery) -> str:
        """Its page in the delivery log."""
        return f"/deliveries/{obj.pk}/"
