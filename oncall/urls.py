"""Pages of the room."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from oncall.views import answer, policies, rules, schedules, services

app_name = "oncall"
SERVICE = "services/<int:pk>/"
POLICY = "policies/<int:pk>/"
SCHEDULE = "schedules/<int:pk>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("answer/<str:token>/", answer.answer, name="answer"),
    path("services/", services.directory, name="services"),
    path("services/new/", services.new, name="service_new"),
    path(SERVICE, services.service, name="service"),
    path(f"{SERVICE}edit/", services.edit, name="service_edit"),
    path(f"{SERVICE}archive/", services.archive, name="service_archive"),
    path(f"{SERVICE}restore/", services.restore, name="service_restore"),
    path("policies/", policies.policy_list, name="policies"),
    path("policies/new/", policies.new, name="policy_new"),
    path("policies/preview/", policies.preview, name="policy_preview"),
    path(POLICY, policies.policy, name="policy"),
    path(f"{POLICY}edit/", policies.edit, name="policy_edit"),
    path(f"{POLICY}delete/", policies.delete, name="policy_delete"),
    path("schedules/", schedules.schedule_list, name="schedules"),
    path("schedules/new/", schedules.new, name="schedule_new"),
    path(SCHEDULE, schedules.schedule, name="schedule"),
    path(f"{SCHEDULE}edit/", schedules.edit, name="schedule_edit"),
    path(f"{SCHEDULE}delete/", schedules.delete, name="schedule_delete"),
    path("profile/rules/", rules.rule_list, name="rules"),
    path("profile/rules/reset/", rules.reset, name="rules_reset"),
    path("profile/rules/<int:pk>/remove/", rules.remove, name="rule_remove"),
]
