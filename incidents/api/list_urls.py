"""API routes beside the list of incidents."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from incidents.api import lists

urlpatterns: list[URLPattern | URLResolver] = [
    path("incidents/bulk/", lists.Several.as_view(), name="bulk"),
    path("incidents/export/", lists.Export.as_view(), name="export"),
    path("incident-views/", lists.Views.as_view(), name="incident_views"),
    path("incident-views/<int:pk>/", lists.OneView.as_view(), name="incident_view"),
]
