"""Whose turn it is: a rotation by anchor, length and time zone (Part 3, rules 1 and 2)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from accounts.models import Team


class Schedule(models.Model):
    """People who take turns. `anchor` is a naive local time in `time_zone`: the first hand-off (O1)."""

    name = models.CharField(max_length=120)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="schedules")
    time_zone = models.CharField(max_length=64, default="UTC")
    anchor = models.CharField(max_length=16, help_text="Local time of the first hand-off, such as 2026-01-05T09:00.")
    unit = models.CharField(
        max_length=8,
        choices=[("hour", "Hours"), ("day", "Days"), ("week", "Weeks"), ("month", "Months")],
        default="week",
    )
    length = models.PositiveSmallIntegerField(default=1)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="schedule_name_once"),
            models.CheckConstraint(condition=models.Q(length__gte=1), name="schedule_length_positive"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_team_id(self) -> int:
        """The team whose managers may change it."""
        return self.team_id


class ScheduleMember(models.Model):
    """A place in the order of turns."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="turns")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["schedule", "position"], name="turn_position_once")]

    def __str__(self) -> str:
        return f"{self.position}: {self.user}"
