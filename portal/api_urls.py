"""Mounts each room's API under /api/v1/, with its schema and the offline Swagger page."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
    path("", include("accounts.api.urls")),
    path("", include("notifications.api.urls")),
    path("", include("oncall.api.urls")),
    path("", include("incidents.api.urls")),
    path("", include("integrations.api.urls")),
]
