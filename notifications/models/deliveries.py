"""Messages on their way, with every attempt."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.actors import Actor
from accounts.models import Membership
from accounts.permissions import can
from core import clock
from core.secrets import EncryptedJSONField
from notifications.kinds import FILED_REF, Message, label_of, purposes
from notifications.models.contact_methods import ContactMethod, mask_address
from notifications.permissions import DELIVERY_SEE
from notifications.states import STATES


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Messages, narrowed by who asks."""

    def visible_to(self, actor: Actor) -> DeliveryQuerySet:
        """One's own; a manager sees the team's, an administrator all, except what is about private things (S34)."""
        user = actor.user
        if actor.kind == "system":
            return self.all()
        if user is None or not user.is_active or actor.kind == "link":
            return self.none()
        if actor.scopes is not None and "read" not in actor.scopes:
            return self.none()
        own = models.Q(user=user)
        if user.is_superuser and can(actor, DELIVERY_SEE):
            return self.filter(own | _known_to(actor))
        managed = [team for team, role in user.team_roles().items() if role == "manager"]
        if not managed or user.role == "stakeholder":
            return self.filter(own)
        members = Membership.objects.filter(team_id__in=managed).values("user_id")
        return self.filter(own | (models.Q(user__in=members) & _known_to(actor)))


def _known_to(actor: Actor) -> models.Q:
    """The messages whose matter the actor may know of."""
    found = models.Q()
    for each in purposes():
        found &= ~models.Q(purpose=each.id, purpose_key__in=each.hidden(actor))
    return found


class Delivery(models.Model):
    """One message to one address. `key` names the intent and is unique: never twice for free.

    `message` stands encrypted, since it holds the links and codes that answer. `held_until` is set while the
    minute of the address is taken by another page. `carrier` is the delivery that sends this one's words just now
    (itself, or the digest that takes it along), until `rides_until`. `pressing` ones have nobody behind them any more:
    they pass the minute of the address, once a minute.
    """

    key = models.CharField(max_length=200, unique=True)
    purpose = models.CharField(max_length=30)
    purpose_key = models.CharField(max_length=120)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    method = models.ForeignKey(ContactMethod, null=True, on_delete=models.SET_NULL, related_name="deliveries")
    provider = models.CharField(max_length=30)
    address = models.CharField(max_length=500)
    message = EncryptedJSONField(default=dict)
    rank = models.PositiveSmallIntegerField(default=3)
    first = models.BooleanField(default=False)
    pressing = models.BooleanField(default=False)
    state = models.CharField(max_length=12, default="queued")
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(default=clock.now)
    handed_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    held_until = models.DateTimeField(null=True, blank=True)
    carrier = models.BigIntegerField(null=True, blank=True)
    rides_until = models.DateTimeField(null=True, blank=True)
    provider_ref = models.CharField(max_length=200, blank=True, default="", db_index=True)
    code = models.CharField(max_length=12, blank=True, default="")
    error = models.CharField(max_length=300, blank=True, default="")
    bundled_into = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="bundled")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=STATES), name="delivery_state_known"),
        ]
        indexes = [
            models.Index(fields=["purpose", "purpose_key"], name="delivery_purpose"),
            models.Index(fields=["user", "-created_at"], name="delivery_user_recent"),
            models.Index(fields=["method", "handed_at"], name="delivery_handed"),
            models.Index(fields=["method"], condition=models.Q(state="queued"), name="delivery_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.purpose_key} by {self.provider}"

    @property
    def row_key(self) -> str:
        """The key of its row in the due queue."""
        return f"delivery:{self.pk}"

    @property
    def provider_label(self) -> str:
        """The provider's name for people."""
        return label_of(self.provider)

    @property
    def masked(self) -> str:
        """The address without most of its middle (A95)."""
        return mask_address(self.address)

    @property
    def filed(self) -> bool:
        """Whether it was written into a file because no mail server was set: it reached nobody."""
        return self.provider_ref.startswith(FILED_REF)

    @property
    def heading(self) -> str:
        """Number and title of what was sent; empty where it cannot be read any more.

        The title of a verification is its code: that is for the one who holds the address alone (A43).
        """
        if self.purpose == "verify":
            return "Verification code"
        try:
            return Message.from_json(self.message).heading
        except ValueError:
            return ""


class DeliveryAttempt(models.Model):
    """One try at a provider."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"try {self.number}: {self.outcome}"
