"""Who is paged, in which order, how long each level has."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from accounts.models import Team
from oncall.models.schedules import Schedule


class EscalationPolicy(models.Model):
    """An ordered list of levels; `repeats` further passes follow the first (O21)."""

    name = models.CharField(max_length=120)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="policies")
    repeats = models.PositiveSmallIntegerField(default=2)
    fallback = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "escalation policies"
        constraints = [
            models.UniqueConstraint(Lower("name"), name="policy_name_once"),
            models.CheckConstraint(condition=models.Q(repeats__lte=9), name="policy_repeats_few"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_team_id(self) -> int:
        """The team whose managers may change it."""
        return self.team_id


class Level(models.Model):
    """One step of a policy; after `timeout_minutes` without an answer the next one is paged."""

    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="levels")
    position = models.PositiveSmallIntegerField()
    timeout_minutes = models.PositiveSmallIntegerField(default=5)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "position"], name="level_position_once"),
            models.CheckConstraint(condition=models.Q(timeout_minutes__gte=1), name="level_timeout_positive"),
        ]

    def __str__(self) -> str:
        return f"level {self.position}"


class Target(models.Model):
    """Whom a level pages: a person, or whoever a schedule names when the level fires (O16)."""

    level = models.ForeignKey(Level, on_delete=models.CASCADE, related_name="targets")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    schedule = models.ForeignKey(Schedule, null=True, blank=True, on_delete=models.PROTECT, related_name="targets")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=True) ^ models.Q(schedule__isnull=True), name="target_exactly_one"
            )
        ]

    def __str__(self) -> str:
        return str(self.user or self.schedule)
