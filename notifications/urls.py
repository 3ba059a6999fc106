"""Addresses of the room: carriers' call-backs, and the pages of people's own addresses."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from notifications.views import callbacks

app_name = "notifications"
urlpatterns: list[URLPattern | URLResolver] = [
    path("callbacks/<slug:provider>/<str:token>/", callbacks.callback, name="callback"),
]
