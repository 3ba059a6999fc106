"""Pages of the room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from integrations.views import first_steps, heartbeats, intake, keys, log, webhook_log, webhooks

app_name = "integrations"
SERVICE = "services/<int:pk>/"
KEY = "keys/<int:pk>/"
HEARTBEAT = "services/<int:service_pk>/heartbeats/<int:pk>/"  # /heartbeats/ itself is the door of pings
WEBHOOK = "webhooks/<int:pk>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("first-steps/", first_steps.steps, name="first_steps"),
    path("inbound/", log.inbound, name="inbound"),
    path("inbound/<int:pk>/", log.event, name="inbound_event"),
    path(f"{SERVICE}intake/", intake.intake, name="intake"),
    path(f"{SERVICE}test-event/", intake.test_event, name="test_event"),
    path(f"{SERVICE}try/", log.try_payload, name="try"),
    path(f"{SERVICE}keys/", keys.issue, name="key_issue"),
    path(f"{KEY}shown/", keys.shown, name="key_shown"),
    path(f"{KEY}edit/", keys.edit, name="key_edit"),
    path(f"{KEY}rotate/", keys.rotate, name="key_rotate"),
    path(f"{KEY}revoke/", keys.revoke, name="key_revoke"),
    path(f"{SERVICE}heartbeats/", heartbeats.create, name="heartbeat_create"),
    path(f"{HEARTBEAT}shown/", heartbeats.shown, name="heartbeat_shown"),
    path(f"{HEARTBEAT}edit/", heartbeats.edit, name="heartbeat_edit"),
    path(f"{HEARTBEAT}delete/", heartbeats.delete, name="heartbeat_delete"),
    path(f"{HEARTBEAT}<slug:verb>/", heartbeats.switch, name="heartbeat_switch"),
    path("webhooks/", webhooks.webhook_list, name="webhooks"),
    path("webhooks/new/", webhooks.new, name="webhook_new"),
    path(WEBHOOK, webhooks.webhook, name="webhook"),
    path(f"{WEBHOOK}edit/", webhooks.edit, name="webhook_edit"),
    path(f"{WEBHOOK}shown/", webhooks.shown, name="webhook_shown"),
    path(f"{WEBHOOK}rotate/", webhooks.rotate, name="webhook_rotate"),
    path(f"{WEBHOOK}pause/", webhooks.pause, name="webhook_pause"),
    path(f"{WEBHOOK}resume/", webhooks.resume, name="webhook_resume"),
    path(f"{WEBHOOK}delete/", webhooks.delete, name="webhook_delete"),
    path(f"{WEBHOOK}test/", webhook_log.test, name="webhook_test"),
    path(f"{WEBHOOK}replay/", webhook_log.replay_failed, name="webhook_replay_failed"),
    path(f"{WEBHOOK}deliveries/<uuid:event>/", webhook_log.delivery, name="webhook_delivery"),
    path(f"{WEBHOOK}deliveries/<uuid:event>/replay/", webhook_log.replay, name="webhook_replay"),
]
