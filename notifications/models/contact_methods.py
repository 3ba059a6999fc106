"""Where a person can be reached."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core import clock
from core.secrets import EncryptedJSONField


class ContactMethod(models.Model):
    """One address of one person with one provider; unverified ones get nothing but the code (A43)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contact_methods")
    provider = models.CharField(max_length=30)
    label = models.CharField(max_length=60, blank=True, default="")
    address = models.CharField(max_length=500)
    secrets = EncryptedJSONField(default=dict)
    verified_at = models.DateTimeField(null=True, blank=True)
    broken_at = models.DateTimeField(null=True, blank=True)
    broken_reason = models.CharField(max_length=200, blank=True, default="")
    last_delivered_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["user", "provider", "address"], name="method_once")]


class Verification(models.Model):
    """A code on its way to an unverified address: hashed, 15 minutes, five tries (A43)."""

    method = models.OneToOneField(ContactMethod, on_delete=models.CASCADE, related_name="verification")
    digest = models.CharField(max_length=128)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(default=clock.now)


class ProviderConfig(models.Model):
    """An operator's settings of one provider; values are encrypted with FIELD_KEYS (A98)."""

    provider = models.CharField(max_length=30, unique=True)
    enabled = models.BooleanField(default=True)
    settings = EncryptedJSONField(default=dict)
    callback_token = models.CharField(max_length=43, unique=True)
    version = models.PositiveIntegerField(default=1)
