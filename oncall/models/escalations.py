"""A policy at work, and the pages that it sends."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.actors import Actor
from core import clock
from oncall.kinds import subject_named
from oncall.models.policies import EscalationPolicy
from oncall.states import ESCALATION, LIVE_ESCALATIONS, OPEN_PAGES, PAGE


class Escalation(models.Model):
    """A running copy of a policy for one subject, an opaque key such as `incident:42` (O15, O24).

    `step` counts the changes of `due_at`: the due row that carries the present number is the only one that may act.
    `due_at` is None where nothing follows by itself: low urgency after its level (O25), or exhausted (O21).
    """

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
    fired_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=30, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject"], condition=models.Q(state="running"), name="escalation_one_running"
            ),
            models.UniqueConstraint(fields=["subject", "run"], name="escalation_run_once"),
            models.CheckConstraint(condition=models.Q(state__in=ESCALATION.states()), name="escalation_state_known"),
        ]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(state="running"), name="escalation_due")]

    def __str__(self) -> str:
        return f"{subject_named(self.subject)[0]}, run {self.run}"

    @property
    def step_key(self) -> str:
        """The key of the due row that may take the next step."""
        return f"escalation:{self.pk}:{self.step}"


class PageQuerySet(models.QuerySet["Page"]):
    """Reads of pages."""

    def visible_to(self, actor: Actor) -> PageQuerySet:
        """One's own pages; the portal itself sees all."""
        if actor.kind == "system":
            return self
        if actor.user is None or not actor.user.is_active or (actor.scopes is not None and "read" not in actor.scopes):
            return self.none()
        return self.filter(user=actor.user)

    def open(self) -> PageQuerySet:
        """Neither answered nor withdrawn; of an escalation that has not been stopped."""
        return self.filter(state__in=OPEN_PAGES)


class Page(models.Model):
    """One person asked by one level in one pass; `sent` until answered, timed out or withdrawn.

    `asked` counts how often it was sent out anew (the undo of an acknowledgement). `handed_at` is when the first
    provider took a message of it, `failed_at` when every way to the person had failed; `ended_at` when it left the
    open states, by an answer or otherwise.
    """

    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, related_name="pages")
    subject = models.CharField(max_length=80, db_index=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="pages")
    level = models.PositiveSmallIntegerField()
    pass_number = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=20, default="level")
    state = models.CharField(max_length=13, default="sent")
    asked = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)
    handed_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_via = models.CharField(max_length=30, blank=True, default="")
    answer_reason = models.CharField(max_length=200, blank=True, default="")

    objects = PageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["escalation", "pass_number", "user"], name="page_once_per_pass"),
            models.CheckConstraint(condition=models.Q(state__in=PAGE.states()), name="page_state_known"),
        ]
        indexes = [models.Index(fields=["user", "state"], name="page_user_state")]

    def __str__(self) -> str:
        return f"{subject_named(self.subject)[0]} to {self.user}"

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer and its messages may go out: a level that timed out too (O18, O23)."""
        return self.state in OPEN_PAGES and self.escalation.state in LIVE_ESCALATIONS

    @property
    def rule_prefix(self) -> str:
        """What the keys of this page's delayed rules begin with."""
        return f"rule:{self.escalation_id}:{self.pk}:"


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

    def __str__(self) -> str:
        return f"{self.urgency}, after {self.delay_minutes} min"
