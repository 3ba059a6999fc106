"""API routes of the room, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from oncall.api import pages, policies, schedules, services

app_name = "oncall"
urlpatterns: list[URLPattern | URLResolver] = [
    path("services/", services.Services.as_view(), name="services"),
    path("services/<int:pk>/", services.Service.as_view(), name="service"),
    path("services/<int:pk>/archive/", services.ArchiveService.as_view(), name="service_archive"),
    path("services/<int:pk>/restore/", services.RestoreService.as_view(), name="service_restore"),
    path("coverage/", services.Coverage.as_view(), name="coverage"),
    path("policies/", policies.Policies.as_view(), name="policies"),
    path("policies/<int:pk>/", policies.Policy.as_view(), name="policy"),
    path("schedules/", schedules.Schedules.as_view(), name="schedules"),
    path("schedules/<int:pk>/", schedules.Schedule.as_view(), name="schedule"),
    path("schedules/<int:pk>/shifts/", schedules.Shifts.as_view(), name="schedule_shifts"),
    path("on-calls/", schedules.OnCall.as_view(), name="on_calls"),
    path("pages/", pages.Pages.as_view(), name="pages"),
    path("pages/<int:pk>/", pages.Page.as_view(), name="page"),
    path("pages/<int:pk>/accept/", pages.AcceptPage.as_view(), name="page_accept"),
    path("pages/<int:pk>/decline/", pages.DeclinePage.as_view(), name="page_decline"),
    path("pages/<int:pk>/reason/", pages.ExplainPage.as_view(), name="page_reason"),
    path("pages/<int:pk>/escalate/", pages.EscalatePage.as_view(), name="page_escalate"),
    path("notification-rules/", pages.Rules.as_view(), name="notification_rules"),
    path("notification-rules/<int:pk>/", pages.Rule.as_view(), name="notification_rule"),
]
