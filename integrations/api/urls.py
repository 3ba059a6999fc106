"""API routes of the room, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from integrations.api import heartbeats, keys, log, webhooks

app_name = "integrations"
WEBHOOK = "webhooks/<int:pk>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("services/<int:pk>/keys/", keys.Keys.as_view(), name="service_keys"),
    path("services/<int:pk>/test-event/", keys.TestEvent.as_view(), name="service_test_event"),
    path("services/<int:pk>/heartbeats/", heartbeats.Heartbeats.as_view(), name="service_heartbeats"),
    path("services/<int:pk>/inbound/", log.InboundLog.as_view(), name="service_inbound"),
    path("keys/<int:pk>/", keys.Key.as_view(), name="key"),
    path("keys/<int:pk>/rotate/", keys.RotateKey.as_view(), name="key_rotate"),
    path("keys/<int:pk>/revoke/", keys.RevokeKey.as_view(), name="key_revoke"),
    path("heartbeats/<int:pk>/", heartbeats.Heartbeat.as_view(), name="heartbeat"),
    path("heartbeats/<int:pk>/pause/", heartbeats.PauseHeartbeat.as_view(), name="heartbeat_pause"),
    path("heartbeats/<int:pk>/resume/", heartbeats.ResumeHeartbeat.as_view(), name="heartbeat_resume"),
    path("inbound/<int:pk>/", log.Inbound.as_view(), name="inbound"),
    path("webhooks/", webhooks.Webhooks.as_view(), name="webhooks"),
    path(WEBHOOK, webhooks.Webhook.as_view(), name="webhook"),
    path(f"{WEBHOOK}rotate/", webhooks.RotateWebhook.as_view(), name="webhook_rotate"),
    path(f"{WEBHOOK}pause/", webhooks.PauseWebhook.as_view(), name="webhook_pause"),
    path(f"{WEBHOOK}resume/", webhooks.ResumeWebhook.as_view(), name="webhook_resume"),
    path(f"{WEBHOOK}test/", webhooks.TestWebhook.as_view(), name="webhook_test"),
    path(f"{WEBHOOK}replay/", webhooks.ReplayFailed.as_view(), name="webhook_replay_failed"),
    path(f"{WEBHOOK}deliveries/", webhooks.WebhookLog.as_view(), name="webhook_deliveries"),
    path(f"{WEBHOOK}deliveries/<uuid:event>/", webhooks.WebhookEvent.as_view(), name="webhook_delivery"),
    path(f"{WEBHOOK}deliveries/<uuid:event>/replay/", webhooks.ReplayEvent.as_view(), name="webhook_replay"),
]
