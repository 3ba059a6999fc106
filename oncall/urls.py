"""Pages of the room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from oncall.views import answer

app_name = "oncall"
urlpatterns: list[URLPattern | URLResolver] = [
    path("answer/<str:token>/", answer.answer, name="answer"),
]
