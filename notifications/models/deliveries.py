"""Messages on their way, with every attempt."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core import clock
from notifications.models.contact_methods import ContactMethod


class Delivery(models.Model):
    """One message to one address. `key` names the intent and is unique: never twice for free."""

    key = models.CharField(max_length=200, unique=True)
    purpose = models.CharField(max_length=30)
    purpose_key = models.CharField(max_length=120)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    method = models.ForeignKey(ContactMethod, null=True, on_delete=models.SET_NULL, related_name="deliveries")
    provider = models.CharField(max_length=30)
    address = models.CharField(max_length=500)
    message = models.JSONField()
    rank = models.PositiveSmallIntegerField(default=3)
    first = models.BooleanField(default=False)
    state = models.CharField(max_length=12, default="queued")
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(default=clock.now)
    handed_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    provider_ref = models.CharField(max_length=200, blank=True, default="", db_index=True)
    code = models.CharField(max_length=12, blank=True, default="")
    error = models.CharField(max_length=300, blank=True, default="")
    bundled_into = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="bundled")

    class Meta:
        indexes = [
            models.Index(fields=["purpose", "purpose_key"], name="delivery_purpose"),
            models.Index(fields=["user", "-created_at"], name="delivery_user_recent"),
        ]


class DeliveryAttempt(models.Model):
    """One try at a provider."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
