"""Mounts each room's API under /api/v1/, with its schema and the offline Swagger page."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from core.api import urls as own

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    *own.urlpatterns,
    path("", include("accounts.api.urls")),
    path("", include("notifications.api.urls")),
    path("", include("oncall.api.urls")),
    path("", include("incidents.api.urls")),
    path("", include("integrations.api.urls")),
    *own.unknown,
]
