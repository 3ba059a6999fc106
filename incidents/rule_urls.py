"""Pages of event rules and grouping."""

from __future__ import annotations

from django.urls import path

from incidents.views import rules

SERVICE = "services/<int:pk>/"
urlpatterns = [
    path("rules/", rules.rule_list, name="rules"),
    path("rules/new/", rules.new_general, name="rule_new"),
    path("rules/<int:pk>/", rules.edit, name="rule"),
    path("rules/<int:pk>/delete/", rules.delete, name="rule_delete"),
    path(f"{SERVICE}rules/", rules.service_rules, name="service_rules"),
    path(f"{SERVICE}rules/new/", rules.new_own, name="service_rule_new"),
    path(f"{SERVICE}grouping/", rules.set_grouping, name="grouping"),
]
