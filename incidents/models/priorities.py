"""P1 to P5 and what each demands."""

from __future__ import annotations

from django.db import models


class Priority(models.Model):
    """One axis for people; names, colours and meanings are the process owner's (TRI-02)."""

    rank = models.PositiveSmallIntegerField(unique=True)
    name = models.CharField(max_length=20, unique=True)
    definition = models.TextField(blank=True, default="")
    major = models.BooleanField(default=False)
    pages = models.BooleanField(default=True)
    urgency = models.CharField(max_length=5, choices=[("high", "High"), ("low", "Low")], default="high")
    ack_timeout_minutes = models.PositiveIntegerField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["rank"]
        verbose_name_plural = "priorities"
        constraints = [models.CheckConstraint(condition=models.Q(rank__range=(1, 5)), name="priority_rank_known")]

    def __str__(self) -> str:
        return self.name
