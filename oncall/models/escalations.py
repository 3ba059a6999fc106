"""A policy at work, and the pages that it sends."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core import clock
from oncall.models.policies import EscalationPolicy


class Escalation(models.Model):
    """A running copy of a policy for one subject, an opaque key such as `incident:42` (O15, O24)."""

    subject = models.CharField(max_length=80, db_index=True)
    run = models.PositiveIntegerField(default=1)
    policy = models.ForeignKey(EscalationPolicy, null=True, on_delete=models.SET_NULL, related_name="+")
    team_id = models.BigIntegerField(null=True)
    levels = models.JSONField(default=list)
    repeats = models.PositiveSmallIntegerField(default=0)
    fallback_id = models.BigIntegerField(null=True)
    urgency = models.CharField(max_length=5, default="high")
    rank = models.PositiveSmallIntegerField(default=3)
    state = models.CharField(max_length=10, default="running")
    pass_number = models.PositiveSmallIntegerField(default=1)
    level = models.PositiveSmallIntegerField(default=0)
    step = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=30, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject"], condition=models.Q(state="running"), name="escalation_one_running"
            ),
            models.UniqueConstraint(fields=["subject", "run"], name="escalation_run_once"),
        ]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(state="running"), name="escalation_due")]


class Page(models.Model):
    """One person asked by one level in one pass; `sent` until answered, timed out or withdrawn."""

    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, related_name="pages")
    subject = models.CharField(max_length=80, db_index=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="pages")
    level = models.PositiveSmallIntegerField()
    pass_number = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=20, default="level")
    state = models.CharField(max_length=13, default="sent")
    created_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_via = models.CharField(max_length=30, blank=True, default="")
    answer_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["escalation", "pass_number", "user"], name="page_once_per_pass"),
        ]
        indexes = [models.Index(fields=["user", "state"], name="page_user_state")]


class NotificationRule(models.Model):
    """When and where a person wants to be told: `delay_minutes` after the page, by `method` (O29)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_rules")
    urgency = models.CharField(max_length=5, choices=[("high", "High"), ("low", "Low")], default="high")
    delay_minutes = models.PositiveSmallIntegerField(default=0)
    method = models.ForeignKey("notifications.ContactMethod", on_delete=models.CASCADE, related_name="rules")

    class Meta:
        ordering = ["urgency", "delay_minutes", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "urgency", "delay_minutes", "method"], name="rule_once"),
            models.CheckConstraint(condition=models.Q(delay_minutes__lte=120), name="rule_delay_sane"),
        ]
