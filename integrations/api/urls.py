"""API routes of the room, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from integrations.api import heartbeats, keys, log

app_name = "integrations"
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
]
