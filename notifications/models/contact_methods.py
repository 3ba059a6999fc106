"""Where a person can be reached."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models

from accounts.actors import Actor
from core import clock
from core.secrets import EncryptedJSONField
from notifications.kinds import label_of

BROKEN_FOR = timedelta(hours=24)  # an address that was refused is tried again once a day (F67)


class ContactMethodQuerySet(models.QuerySet["ContactMethod"]):
    """Addresses, narrowed by who asks."""

    def visible_to(self, actor: Actor) -> ContactMethodQuerySet:
        """One's own addresses: another person's row does not exist (A43)."""
        if actor.kind == "system":
            return self.all()
        if actor.user is None or not actor.user.is_active or actor.kind == "link":
            return self.none()
        if actor.scopes is not None and "read" not in actor.scopes:
            return self.none()
        return self.filter(user=actor.user)

    def usable(self) -> ContactMethodQuerySet:
        """Those that a page may go to: verified, and not refused within the last day (F67)."""
        rested = models.Q(broken_at__isnull=True) | models.Q(broken_at__lte=clock.now() - BROKEN_FOR)
        return self.filter(rested, verified_at__isnull=False)


class ContactMethod(models.Model):
    """One address of one person with one provider; unverified ones get nothing but the code (A43).

    `slot_at` and `slot_delivery` say which page took the minute of this address: later ones wait and are bundled.
    """

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
    slot_at = models.DateTimeField(null=True, blank=True)
    slot_delivery = models.BigIntegerField(null=True, blank=True)

    objects = ContactMethodQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["user", "provider", "address"], name="method_once")]

    def __str__(self) -> str:
        return self.label or f"{self.provider} of {self.user}"

    @property
    def rests(self) -> bool:
        """Whether it was refused within the last day: a page goes elsewhere, unless it is all there is (F67)."""
        return self.broken_at is not None and clock.now() - self.broken_at < BROKEN_FOR

    @property
    def doubt(self) -> int:
        """How little to count on it for what goes by one way alone: 1 was refused once, 2 within the last day (F67)."""
        return 2 if self.rests else int(self.broken_at is not None)

    @property
    def carrier(self) -> str:
        """The provider's name for people; its id where it was taken away."""
        return label_of(self.provider)

    @property
    def place(self) -> str:
        """Where its messages go, for the person's own eyes: a browser by its name, since its address says nothing."""
        return self.label or self.carrier if self.provider == "webpush" else self.address

    @property
    def masked(self) -> str:
        """The address without most of its middle, for logs and other people's eyes (A95)."""
        return mask_address(self.address)


class Verification(models.Model):
    """A code on its way to an unverified address: hashed, 15 minutes, five tries (A43)."""

    method = models.OneToOneField(ContactMethod, on_delete=models.CASCADE, related_name="verification")
    digest = models.CharField(max_length=128)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"code for {self.method}"


class ProviderConfig(models.Model):
    """An operator's settings of one provider; values are encrypted with FIELD_KEYS (A98)."""

    provider = models.CharField(max_length=30, unique=True)
    enabled = models.BooleanField(default=True)
    settings = EncryptedJSONField(default=dict)
    # Part of an address that is shown again and looked for; what comes to it is signed with the sealed settings.
    callback_token = models.CharField(max_length=43, unique=True)  # nosemgrep: secret-in-clear
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = "provider's settings"
        verbose_name_plural = "providers' settings"

    def __str__(self) -> str:
        return label_of(self.provider)


def mask_address(address: str) -> str:
    """The first two and the last two characters of an address, and its host where it is a mailbox (A95)."""
    name, at, host = address.partition("@")
    if at and "/" not in address:
        return f"{name[:2]}…@{host}"
    return f"{address[:3]}…{address[-2:]}" if len(address) > 6 else "…"
