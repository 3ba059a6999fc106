"""The API's own addresses; the wiring mounts `urlpatterns` first and `unknown` last."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from core.api.docs import Docs, Schema
from core.api.errors import unknown_path

urlpatterns: list[URLPattern] = [
    path("schema/", Schema.as_view(), name="schema"),
    path("docs/", Docs.as_view(), name="docs"),
]
unknown: list[URLPattern] = [re_path(r"", unknown_path)]
