"""Foreign programs that hear of incidents, and what each was sent."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from accounts.models import Team
from core import clock
from core.secrets import EncryptedJSONField
from incidents.models import Incident
from integrations.kinds import WEBHOOK_KINDS
from integrations.outgoing import advice_on
from oncall.models import Service

SECRETS = ("secret", "old_secret")  # opened by the sender alone, so that a lost key breaks no list


class OutboundWebhook(models.Model):
    """An address that is told of incidents by a signed POST.

    One of a team hears of that team's services, one without a team of all; `services` narrows either. `turn` names
    its row of the due queue: at most one delivery of a webhook is under way, so a slow receiver delays itself alone.
    """

    ACTIVE, PAUSED = "active", "paused"
    name = models.CharField(max_length=80)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="webhooks")
    url = models.CharField(max_length=500)
    kinds = models.JSONField(default=list)
    services = models.ManyToManyField(Service, related_name="webhooks", blank=True)
    state = models.CharField(max_length=8, default="active")
    state_since = models.DateTimeField(default=clock.now)
    paused_reason = models.CharField(max_length=200, blank=True, default="")
    paused_by_itself = models.BooleanField(default=False)
    secret = EncryptedJSONField()
    old_secret = EncryptedJSONField(null=True, blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)  # attempts in a row that were not taken
    failing_since = models.DateTimeField(null=True, blank=True)
    rests_until = models.DateTimeField(null=True, blank=True)
    turn = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="webhook_name_once"),
            models.CheckConstraint(condition=models.Q(state__in=["active", "paused"]), name="webhook_state_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_team_id(self) -> int | None:
        """The team whose managers own it; None where it is the whole organisation's."""
        return self.team_id

    @property
    def due_key(self) -> str:
        """The key of its present row of the due queue."""
        return f"webhook:{self.pk}:{self.turn}"


class WebhookDelivery(models.Model):
    """One event for one webhook: the text as it is sent, and every attempt. `event` names it to the receiver.

    `attempts` are the last ones, each with its time, status class and time bucket: no answer is kept (A75).
    """

    WAITING, SENT, FAILED, SKIPPED = "waiting", "sent", "failed", "skipped"
    webhook = models.ForeignKey(OutboundWebhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=40)
    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="+")
    body = models.TextField(blank=True, default="")
    state = models.CharField(max_length=8, default="waiting")
    detail = models.CharField(max_length=200, blank=True, default="")
    attempts = models.JSONField(default=list)
    tries = models.PositiveSmallIntegerField(default=0)  # since it was made or sent again
    next_try_at = models.DateTimeField(null=True, default=clock.now)
    give_up_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "sent", "failed", "skipped"]), name="webhook_delivery_state"
            )
        ]
        indexes = [
            models.Index(fields=["webhook", "-id"], name="webhook_delivery_recent"),
            models.Index(
                fields=["webhook", "next_try_at"], condition=models.Q(state="waiting"), name="webhook_delivery_next"
            ),
            models.Index(fields=["created_at"], name="webhook_delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event}"

    @property
    def said(self) -> str:
        """Its kind as people read it."""
        return WEBHOOK_KINDS.get(self.kind, "Test")

    @property
    def advice(self) -> str:
        """What to do about its last attempt; empty where it was taken, left out, or not tried yet."""
        tried = self.attempts and self.state in (self.WAITING, self.FAILED)
        return advice_on(self.attempts[-1]["outcome"]) if tried else ""
