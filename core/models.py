"""Tables of the mechanics: nothing here knows a noun of the product."""

from __future__ import annotations

from django.db import models

from core import clock


class DueRow(models.Model):
    """Something to be done at a time; `key` names the intent and stays after it is done (stack 2)."""

    WAITING, LEASED, DONE, PARKED = "waiting", "leased", "done", "parked"
    key = models.CharField(max_length=250, unique=True)
    kind = models.CharField(max_length=60)
    ref = models.CharField(max_length=250, blank=True, default="")
    lane = models.CharField(max_length=40, blank=True, default="")
    due = models.DateTimeField(default=clock.now)
    priority = models.SmallIntegerField(default=50)
    state = models.CharField(max_length=8, default="waiting")
    lease_owner = models.CharField(max_length=80, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lost = models.PositiveSmallIntegerField(default=0)  # leases in a row that ended without the worker's word
    crashes = models.PositiveSmallIntegerField(default=0)  # those after which the worker had ended by itself (F18)
    error = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "due"], name="due_state_due"),
            models.Index(fields=["state", "priority", "due"], name="due_next"),
            models.Index(fields=["ended_at"], condition=models.Q(ended_at__isnull=False), name="due_ended_age"),
        ]

    def __str__(self) -> str:
        return self.key


class Fact(models.Model):
    """Something happened; its readers are rows of the due queue."""

    kind = models.CharField(max_length=60)
    payload = models.JSONField()
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["at"], name="fact_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class FeedTopic(models.Model):
    """The counter of one topic: its row lock orders the writers, so a topic has no gaps."""

    name = models.CharField(max_length=80, primary_key=True)
    last_seq = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class FeedEntry(models.Model):
    """One change that sockets show; `ref` names what to render."""

    topic = models.CharField(max_length=80)
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    ref = models.CharField(max_length=120, blank=True, default="")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "seq"], name="feed_seq_once")]
        indexes = [models.Index(fields=["at"], name="feed_age")]

    def __str__(self) -> str:
        return f"{self.topic} {self.seq}"


class AuditEntry(models.Model):
    """Who changed what, before and after; the database refuses to alter or delete a row (A93)."""

    at = models.DateTimeField(default=clock.now)
    actor = models.CharField(max_length=120)
    label = models.CharField(max_length=200, blank=True, default="")
    verb = models.CharField(max_length=60)
    thing = models.CharField(max_length=120)
    address = models.CharField(max_length=64, blank=True, default="")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["thing"], name="audit_thing"),
            models.Index(fields=["actor"], name="audit_actor"),
            models.Index(fields=["at"], name="audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.thing}"


class AuditHead(models.Model):
    """The end of the audit chain: its row lock orders the writers, its count shows entries cut off at the end."""

    entries = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.entries} entries"


class BulkJob(models.Model):
    """One bulk job: django-q2 carries only its id, attempts are counted here before each run (A99)."""

    WAITING, DONE, PARKED = "waiting", "done", "parked"
    name = models.CharField(max_length=60)
    ref = models.CharField(max_length=120, blank=True, default="")
    state = models.CharField(max_length=8, default="waiting")
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["state", "created_at"], name="bulk_job_state")]

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"


class IdempotencyKey(models.Model):
    """A request that was done once: its answer is given again. Also spent nonces of signed forms."""

    key = models.CharField(max_length=200, unique=True)
    actor = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, blank=True, default="")
    standing = models.CharField(max_length=64, blank=True, db_default="")  # how far the actor's rights went
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return self.key


class Beat(models.Model):
    """The last sign of life of a process or a periodic pass."""

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField(default=clock.now)
    ok = models.BooleanField(default=True)
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name


class StoredSecret(models.Model):
    """A secret made by the portal itself (VAPID keys), sealed with FIELD_KEYS."""

    name = models.CharField(max_length=60, primary_key=True)
    sealed = models.TextField()

    def __str__(self) -> str:
        return self.name


class ThrottleCount(models.Model):
    """How often something was tried in the present window; one atomic upsert counts it (A37, A85)."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["until"], name="throttle_age")]

    def __str__(self) -> str:
        return f"{self.count} until {self.until}"
