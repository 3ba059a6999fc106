"""Who is who at the identity provider."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core import clock


class Identity(models.Model):
    """A person's account at the identity provider, by the provider's own unchanging name for it.

    A changed address there opens nobody else's account here (A51): the address counts once, when the two are bound.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    bound_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once"),
            models.UniqueConstraint(fields=["user", "issuer"], name="identity_of_one_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.issuer}"
