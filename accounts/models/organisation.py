"""Whose portal this is: one row, made with the first name that an administrator gives."""

from __future__ import annotations

from django.db import models


class Organisation(models.Model):
    """The organisation that runs the portal; `time_zone` is that of pages which nobody has signed in to.

    `staff_factor`: whoever may enter the administration needs a second factor.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=80, blank=True, default="")
    time_zone = models.CharField(max_length=64, default="UTC")
    staff_factor = models.BooleanField(default=True, db_default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="organisation_once")]

    def __str__(self) -> str:
        return self.name or "Watchbill"
