"""Mounts each room's pages, the API, the admin and sign-in; rooms never know where they hang."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from core.web import doors, health
from portal.views import palette, shell

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url="/now/"), name="root"),
    path("healthz", health.alive, name="healthz"),
    path("healthz/engine", health.engine, name="healthz_engine"),
    path("metrics", health.metrics, name="metrics"),
    path("find/", palette.find, name="find"),
    path("keys/", palette.keys, name="keys"),
    path("send-again/", doors.send_again, name="send_again"),
    path("help/", shell.help_page, name="help"),
    path("styleguide/", shell.styleguide, name="styleguide"),
    path("styleguide/late/", shell.late, name="styleguide_late"),
    path("admin/", admin.site.urls),
    path("api/v1/", include(("portal.api_urls", "api"))),
    path("", include("accounts.urls")),
    path("", include("notifications.urls")),
    path("", include("oncall.urls")),
    path("", include("incidents.urls")),
    path("", include("integrations.urls")),
]

handler400 = "core.web.errors.bad_request"
handler403 = "core.web.errors.permission_denied"
handler404 = "core.web.errors.page_not_found"
handler500 = "core.web.errors.server_error"
