"""The service that the portal itself is."""

from __future__ import annotations

from django.db import models

from oncall.models import Service


class OwnService(models.Model):
    """Which service takes the portal's own alarms: one row, so that it may be renamed and still be found (G14)."""

    service = models.OneToOneField(Service, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="own_service_once")]

    def __str__(self) -> str:
        return str(self.service)
