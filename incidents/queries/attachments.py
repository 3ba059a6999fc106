"""Reads of files: whoever may read the incident's timeline may read what is attached to it (A36)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from accounts.actors import Actor
from accounts.permissions import can
from core.errors import Missing
from core.files import Store
from incidents import permissions
from incidents.models import Attachment, EntryAttachment, Incident, TimelineEntry

SMALL = ".small"
NOTHING = "There is nothing here, or nothing that you may see."


def store() -> Store:
    """Where the files are."""
    return Store(Path(settings.ATTACHMENTS_DIR))


def attachments_seen_by(actor: Actor, incident: Incident) -> QuerySet[Attachment]:
    """The incident's files; none for stakeholders (S36), and none that is attached to struck entries alone (S18)."""
    rows = Attachment.objects.filter(incident=incident, removed_at=None)
    if not can(actor, permissions.INCIDENT_SEE_ALL, incident):
        return rows.none()
    return rows.filter(pk__in=EntryAttachment.objects.filter(entry__struck_reason="").values("attachment"))


def attachment_seen_by(actor: Actor, incident: Incident, key: str) -> Attachment:
    """One file by its random name; Missing where it is another incident's, removed or hidden."""
    found = attachments_seen_by(actor, incident).filter(key=key).first()
    if found is None:
        raise Missing(NOTHING)
    return found


def bytes_of(attachment: Attachment, *, small: bool = False) -> tuple[BinaryIO, str]:
    """The file and its media type from our own list (A7), or the small picture where there is one.

    Raises Missing when the disk has lost it.
    """
    thumb = store().open(attachment.key + SMALL) if small else None
    if thumb is not None:
        return thumb, "image/webp"
    found = store().open(attachment.key)
    if found is None:
        raise Missing("This file is not on the disk any more.")
    return found, attachment.media_type if attachment.is_image else f"{attachment.media_type}; charset=utf-8"


#: Whatever a file should hold in spite of all, its page has no scripts, no origin and nothing to load (A6); it is kept
#: by browsers but asked for again each time, since rights may have ended.
HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
}


def with_files(entries: Sequence[TimelineEntry]) -> None:
    """Read the files of all entries that have some, in one query at most."""
    some = [entry for entry in entries if entry.data.get("files")]
    if some:
        rows = EntryAttachment.objects.select_related("attachment").order_by("position")
        prefetch_related_objects(some, Prefetch("files", rows))


def files_of(entry: TimelineEntry) -> list[EntryAttachment]:
    """What is shown with an entry: nothing where it is struck, and nothing that was removed with a secret (S18)."""
    if entry.struck_reason or not entry.data.get("files"):
        return []
    return [place for place in entry.files.all() if place.attachment.removed_at is None]
