"""The record: append-only, with revisions (S18, S19)."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core import clock
from incidents.models.incidents import Incident


class TimelineEntry(models.Model):
    """One line of the record; `seq` is the live feed's number of its first appearance.

    `copied_from` is the chat message of which this entry is the copy in the timeline: one at most.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="entries")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=30)
    occurred_at = models.DateTimeField(default=clock.now)
    recorded_at = models.DateTimeField(default=clock.now)
    actor_kind = models.CharField(max_length=12, default="system")
    actor_user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_label = models.CharField(max_length=120, default="Watchbill")
    on_behalf_of = models.CharField(max_length=120, blank=True, default="")
    text = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict)
    pinned = models.BooleanField(default=False)
    struck_reason = models.CharField(max_length=200, blank=True, default="")
    redacted = models.BooleanField(default=False)
    visibility = models.CharField(max_length=12, default="responders")
    edited_at = models.DateTimeField(null=True, blank=True)
    hash = models.CharField(max_length=64, blank=True, default="")
    copied_from = models.OneToOneField("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="copy")

    class Meta:
        verbose_name_plural = "timeline entries"
        ordering = ["occurred_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["incident", "seq"], name="entry_seq_once")]
        indexes = [
            models.Index(fields=["incident", "occurred_at", "id"], name="entry_in_order"),
            models.Index(
                fields=["incident", "occurred_at", "id"], condition=models.Q(kind="chat"), name="entry_chat_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.seq}"

    @property
    def owning_team_id(self) -> int:
        """The team of the incident's service."""
        return self.incident.owning_team_id


class EntryRevision(models.Model):
    """What an entry said before it was edited or struck."""

    entry = models.ForeignKey(TimelineEntry, on_delete=models.CASCADE, related_name="revisions")
    text = models.TextField(blank=True, default="")
    occurred_at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    at = models.DateTimeField(default=clock.now)
    why = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return f"revision of entry {self.entry_id}"
