"""Keys, heartbeats and the inbound log in the administration; a key's text is nowhere to be seen (A45, A95)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from core.admin import ReadOnlyAdmin
from core.errors import PortalError
from core.web.access import actor_of
from incidents.models import Alert
from integrations.commands import heartbeats, keys
from integrations.models import Heartbeat, InboundEvent, IntegrationKey


@admin.register(IntegrationKey)
class IntegrationKeyAdmin(ReadOnlyAdmin):
    """Which keys there are and when they were used; they are issued on the service's page, revoked here too."""

    list_display = ("name", "kind", "service", "prefix", "created_at", "last_used_at", "valid_until", "revoked_at")
    list_filter = ("kind",)
    search_fields = ("name", "prefix", "service__name")
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description="Revoke the selected keys", permissions=["view"])
    @transaction.atomic
    def revoke(self, request: HttpRequest, chosen: QuerySet[IntegrationKey]) -> None:
        """Refuse them from now on."""
        for key in chosen:
            keys.revoke(actor_of(request), key)
        messages.success(request, "The keys are revoked.")


@admin.register(Heartbeat)
class HeartbeatAdmin(ModelAdmin):
    """Names and times of heartbeats; they are made on the service's page, where their key is shown once."""

    list_display = ("name", "service", "state", "interval_seconds", "grace_seconds", "last_ping_at", "due_at")
    list_filter = ("state",)
    search_fields = ("name", "service__name")
    fields = ("service", "name", "interval_seconds", "grace_seconds", "state", "last_ping_at", "due_at", "prefix")
    readonly_fields = ("service", "state", "last_ping_at", "due_at", "prefix")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never here."""
        return False

    def save_model(self, request: HttpRequest, obj: Heartbeat, form: Any, change: bool) -> None:
        """Through the command, which asks for the right."""
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        try:
            heartbeats.edit(actor_of(request), obj, **changes)
        except PortalError as error:
            messages.error(request, error.detail)

    def delete_model(self, request: HttpRequest, obj: Heartbeat) -> None:
        """Through the command, which resolves an open alert."""
        heartbeats.delete(actor_of(request), obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Heartbeat]) -> None:
        """One by one, as above."""
        for row in queryset:
            heartbeats.delete(actor_of(request), row)


@admin.register(InboundEvent)
class InboundEventAdmin(ReadOnlyAdmin):
    """What came in, without bodies: those are for the service's own people."""

    list_display = ("received_at", "service", "tool", "action", "dedup_key", "outcome", "detail")
    list_filter = ("outcome", "tool")
    exclude = ("body",)
    show_full_result_count = False
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundEvent]:
        """What belongs to private incidents stays with their people (S34)."""
        private = Alert.objects.filter(incident__visibility="private").values("pk")
        return InboundEvent.objects.exclude(alert_id__in=private)
