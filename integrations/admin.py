"""Keys, heartbeats and the inbound log in the administration; a key's text is nowhere to be seen (A45, A95)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actors import Actor
from core import audit_words
from core.admin_base import ConfigAdmin, ReadOnlyAdmin, may
from core.admin_lists import lately
from core.web.access import actor_of
from incidents.models import Alert, Incident
from integrations.commands import heartbeats, keys, webhooks
from integrations.kinds import adapter_of
from integrations.models import Heartbeat, InboundEvent, IntegrationKey, OutboundWebhook, WebhookDelivery
from integrations.models.webhooks import SECRETS
from integrations.permissions import (
    HEARTBEAT_EDIT,
    HEARTBEAT_SEE,
    INBOUND_SEE,
    KEY_EDIT,
    KEY_SEE,
    WEBHOOK_EDIT,
    WEBHOOK_SEE,
)

audit_words.names(IntegrationKey, "key")
audit_words.names(Heartbeat, "heartbeat")
audit_words.names(OutboundWebhook, "webhook")


def tool_of(kind: str) -> str:
    """A kind of tool by its name; one that is not there any more, or none of ours, as it stands."""
    found = adapter_of(kind)
    return found.label if found else kind


@admin.register(IntegrationKey)
class IntegrationKeyAdmin(ConfigAdmin):
    """Which keys there are and when they were used; they are issued and rotated on the service's page, shown once."""

    sees, edits = KEY_SEE, KEY_EDIT
    audit_noun = "key"
    list_display = ("name", "kind", "service", "prefix", "created_at", "last_used_at", "valid_until", "revoked_at")
    list_display_links = ("name", "prefix")
    list_filter = ("kind", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("service",)
    search_fields = ("name", "prefix", "service__name")
    ordering = ("-pk",)
    fields = ("service", "kind", "name", "prefix", "created_at", "last_used_at", "valid_until", "revoked_at")
    tells: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"kind": lambda key: tool_of(key.kind)}
    readonly_fields = ("service", "kind", "prefix", "created_at", "last_used_at", "valid_until", "revoked_at")
    actions = ("revoke",)

    def view_on_site(self, obj: IntegrationKey) -> str:
        """The service's page of keys, where they are rotated."""
        return f"/services/{obj.service_id}/intake/"

    def command_edit(
        self, actor: Actor, stored: IntegrationKey, given: dict[str, Any], version: int | None
    ) -> IntegrationKey:
        """Rename it."""
        return keys.edit(actor, stored, name=given["name"], version=version)

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[IntegrationKey]) -> None:
        """Refuse them from now on."""
        self.each(request, chosen, keys.revoke, "Revoked.")


@admin.register(Heartbeat)
class HeartbeatAdmin(ConfigAdmin):
    """Names and times of heartbeats; they are made on the service's page, where their key is shown once."""

    sees = HEARTBEAT_SEE
    edits = deletes = HEARTBEAT_EDIT
    audit_noun = "heartbeat"
    list_display = ("name", "service", "state", "interval_seconds", "grace_seconds", "last_ping_at", "due_at")
    list_filter = ("state",)
    list_select_related = ("service",)
    search_fields = ("name", "service__name")
    fields = ("service", "name", "interval_seconds", "grace_seconds", "state", "last_ping_at", "due_at", "prefix")
    readonly_fields = ("service", "state", "last_ping_at", "due_at", "prefix")
    actions = ("pause", "resume")

    def view_on_site(self, obj: Heartbeat) -> str:
        """The service's page of heartbeats."""
        return f"/services/{obj.service_id}/intake/"

    def command_edit(self, actor: Actor, stored: Heartbeat, given: dict[str, Any], version: int | None) -> Heartbeat:
        """Change name or times."""
        return heartbeats.edit(actor, stored, version=version, **given)

    def command_delete(self, actor: Actor, thing: Heartbeat) -> None:
        """Remove it; an open alert of it is resolved."""
        heartbeats.delete(actor, thing)

    @admin.action(description="Pause: expect nothing", permissions=["change"])
    def pause(self, request: HttpRequest, chosen: QuerySet[Heartbeat]) -> None:
        """Expect nothing of the chosen ones."""
        self.each(request, chosen, heartbeats.pause, "Paused.")

    @admin.action(description="Resume: expect signs of life again", permissions=["change"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Heartbeat]) -> None:
        """Expect signs of life of the chosen ones again."""
        self.each(request, chosen, heartbeats.resume, "Resumed.")


@admin.register(InboundEvent)
class InboundEventAdmin(ReadOnlyAdmin):
    """What came in, without bodies: those are for the service's own people."""

    sees = INBOUND_SEE
    list_display = ("received_at", "service", "tool", "action", "dedup_key", "outcome", "detail")
    list_filter = ("outcome", "tool", lately("received_at"))
    list_select_related = ("service",)
    search_fields = ("dedup_key",)
    tells: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"tool": lambda event: tool_of(event.tool)}
    exclude = ("body",)
    ordering = ("-id",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By the service."""
        return may(request, INBOUND_SEE, obj.service if obj else None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundEvent]:
        """What belongs to private incidents stays with their people (S34)."""
        seen = Incident.objects.visible_to(actor_of(request)).order_by().values("pk")
        private = Alert.objects.filter(incident__visibility="private").exclude(incident__in=seen).values("pk")
        return InboundEvent.objects.exclude(alert_id__in=private)


@admin.register(OutboundWebhook)
class OutboundWebhookAdmin(ConfigAdmin):
    """Which programs hear of incidents, and how each fares; their page has the rest, and the log."""

    sees = WEBHOOK_SEE
    edits = deletes = WEBHOOK_EDIT
    audit_noun = "webhook"
    list_display = ("name", "team", "state", "state_since", "paused_reason", "failing_since")
    list_filter = ("state",)
    list_select_related = ("team",)
    search_fields = ("name", "team__name")
    fields = ("name", "team", "url", "state", "state_since", "paused_reason", "failing_since", "created_at")
    readonly_fields = ("team", "url", "state", "state_since", "paused_reason", "failing_since", "created_at")
    actions = ("pause", "resume")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboundWebhook]:
        """Without the secrets, which nobody can read here."""
        return OutboundWebhook.objects.defer(*SECRETS)

    def view_on_site(self, obj: OutboundWebhook) -> str:
        """Its page, with its log."""
        return f"/webhooks/{obj.pk}/"

    def command_edit(
        self, actor: Actor, stored: OutboundWebhook, given: dict[str, Any], version: int | None
    ) -> OutboundWebhook:
        """Rename it."""
        return webhooks.edit(actor, stored, name=given["name"], version=version)

    def command_delete(self, actor: Actor, thing: OutboundWebhook) -> None:
        """Remove it with its log."""
        webhooks.delete(actor, thing)

    @admin.action(description="Pause: send nothing", permissions=["change"])
    def pause(self, request: HttpRequest, chosen: QuerySet[OutboundWebhook]) -> None:
        """Send nothing to the chosen ones; events wait in their logs."""
        self.each(request, chosen, webhooks.pause, "Paused.")

    @admin.action(description="Resume: send what has waited", permissions=["change"])
    def resume(self, request: HttpRequest, chosen: QuerySet[OutboundWebhook]) -> None:
        """Send the chosen ones what has waited, and what comes."""
        self.each(request, chosen, webhooks.resume, "Resumed.")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """What webhooks were told, without the texts: those are on the webhook's own page."""

    sees = WEBHOOK_SEE
    list_display = ("created_at", "webhook", "kind", "state", "tries", "detail", "sent_at")
    list_filter = ("state", "kind", lately("created_at"))
    list_select_related = ("webhook",)
    exclude = ("body", "incident")
    ordering = ("-id",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By the webhook."""
        return may(request, WEBHOOK_SEE, obj.webhook if obj else None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        """What belongs to private incidents stays with their people (S34)."""
        hidden = Incident.objects.filter(visibility="private")
        hidden = hidden.exclude(pk__in=Incident.objects.visible_to(actor_of(request)).order_by().values("pk"))
        return WebhookDelivery.objects.defer("body").exclude(incident__in=hidden.order_by().values("pk"))
