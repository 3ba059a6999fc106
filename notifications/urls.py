"""Addresses of the room: carriers' call-backs, the pages of people's own addresses, the delivery log."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from notifications.views import app, callbacks, contact_methods, log

app_name = "notifications"
METHODS = "profile/contact-methods/"
ONE = f"{METHODS}<int:pk>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("callbacks/<slug:provider>/<str:token>/", callbacks.callback, name="callback"),
    path(METHODS, contact_methods.method_list, name="methods"),
    path(f"{METHODS}browser/", contact_methods.browser, name="method_browser"),
    path(f"{METHODS}add/<slug:provider>/", contact_methods.add, name="method_add"),
    path(ONE, contact_methods.method, name="method"),
    path(f"{ONE}code/", contact_methods.send_code, name="method_code"),
    path(f"{ONE}name/", contact_methods.rename, name="method_rename"),
    path(f"{ONE}test/", contact_methods.test, name="method_test"),
    path(f"{ONE}remove/", contact_methods.remove, name="method_remove"),
    path("sw.js", app.worker, name="worker"),
    path("manifest.webmanifest", app.manifest, name="manifest"),
    path("offline/", app.offline, name="offline"),
    path("offline/answer/", app.offline, {"answered": True}, name="offline_answer"),
    path("deliveries/", log.deliveries, name="deliveries"),
    path("deliveries/<int:pk>/", log.delivery, name="delivery"),
]
