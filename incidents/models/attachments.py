"""Files that people attach to what they write (RES-06): rows here, bytes in the attachments directory."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core import clock
from incidents.models.incidents import Incident
from incidents.models.timeline import TimelineEntry

SHOWN = (320, 220)  # as .pic of the style sheet has it


class Attachment(models.Model):
    """One file of an incident, made anew by us; `key` is its random name on the disk and in its address.

    `sha256` is of the bytes that we store, and stays when they are removed with a secret (S18).
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="attachments")
    key = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=20)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    sha256 = models.CharField(max_length=64)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    added_at = models.DateTimeField(default=clock.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "sha256"], condition=models.Q(removed_at=None), name="attachment_stored_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        """Whether it is shown in its place; everything else is a text to be downloaded."""
        return self.media_type.startswith("image/")

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height in pixels at which a timeline shows the picture: its room is kept before it comes."""
        width, height = self.width or 1, self.height or 1
        scale = min(1, SHOWN[0] / width, SHOWN[1] / height)
        return max(1, round(width * scale)), max(1, round(height * scale))


class EntryAttachment(models.Model):
    """A file's place in an entry; the same file may stand in several entries of its incident."""

    entry = models.ForeignKey(TimelineEntry, on_delete=models.CASCADE, related_name="files")
    attachment = models.ForeignKey(Attachment, on_delete=models.CASCADE, related_name="places")
    alt = models.CharField(max_length=200, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["entry_id", "position"]
        constraints = [models.UniqueConstraint(fields=["entry", "attachment"], name="attachment_once_per_entry")]

    def __str__(self) -> str:
        return f"file {self.attachment_id} of entry {self.entry_id}"
