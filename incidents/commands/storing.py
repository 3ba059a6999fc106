"""Files and their rows: written before the row, deleted after it, and swept where one of the two is missing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from hashlib import sha256

import structlog
from django.db import IntegrityError, transaction

from accounts.actors import Actor
from accounts.permissions import can
from core import audit, clock
from core.errors import Conflict, Invalid
from core.files import fresh_key
from core.text import one_line
from incidents import permissions
from incidents.engine.files import SUFFIXES, Made
from incidents.models import Attachment, EntryAttachment, Incident, TimelineEntry
from incidents.queries.attachments import SMALL, store

LONGEST_NAME, LONGEST_ALT = 120, 200
ORPHANED = timedelta(hours=1)  # after that a file without a row has no transaction left that could bring one
log = structlog.get_logger("portal.incidents")


class NotStored(Invalid):
    """The disk does not take a file (503)."""

    status, code = 503, "not_stored"


def file(made: Made) -> str:
    """Put the bytes on the disk, before any transaction; a key without a row is swept after an hour.

    Raises NotStored where the disk refuses them: it is full, or the folder that hosts share is away.
    """
    key = fresh_key()
    try:
        store().write(key, made.content)
        if made.small is not None:
            store().write(key + SMALL, made.small)
    except OSError as error:
        log.exception("an attachment cannot be stored")
        sentence = "The file could not be stored: the disk of the portal refused it. The text can be sent without it."
        raise NotStored(sentence, fields={"files": [sentence]}) from error
    return key


def known(incident: Incident, made: Made) -> Attachment | None:
    """The same content on the same incident, which is stored once."""
    return Attachment.objects.filter(incident=incident, sha256=digest(made), removed_at=None).first()


def row(actor: Actor, incident: Incident, made: Made, key: str, name: str) -> Attachment:
    """Called down: the row of a file; where another was quicker with the same content, its row (RES-06)."""
    found = known(incident, made)
    if found is not None:
        return found
    fresh = Attachment(
        incident=incident,
        key=key,
        name=clean_name(name, made.media_type),
        media_type=made.media_type,
        size=len(made.content),
        width=made.width,
        height=made.height,
        sha256=digest(made),
        added_by=actor.user,
        added_at=clock.now(),
    )
    try:
        with transaction.atomic():
            fresh.save(force_insert=True)
    except IntegrityError as error:
        found = known(incident, made)
        if found is None:  # it was removed in this very moment, and its bytes with it
            raise Conflict("The same file was just removed from this incident. Try again.", code="taken") from error
        return found
    return fresh


def clean_name(name: str, media_type: str) -> str:
    """A name for people: no folder, no tricks, and the ending of what the file really is (A16)."""
    bare = one_line(name.replace("\\", "/").rpartition("/")[2], LONGEST_NAME * 4).strip(" .")
    stem, dot, ending = bare.rpartition(".")
    suffix = SUFFIXES.get(media_type, f".{ending[:8]}" if dot else ".txt")
    return f"{(stem if dot else bare)[: LONGEST_NAME - len(suffix)] or 'file'}{suffix}"


def place(entry: TimelineEntry, rows: Iterable[tuple[Attachment, str]]) -> None:
    """Show files in an entry, each once, with the words that stand for them."""
    places: dict[int, EntryAttachment] = {}
    for attachment, alt in rows:
        made = EntryAttachment(entry=entry, attachment=attachment, alt=alt[:LONGEST_ALT], position=len(places))
        places.setdefault(attachment.pk, made)
    EntryAttachment.objects.bulk_create(places.values())


def copy(message: TimelineEntry, entry: TimelineEntry) -> None:
    """Show the files of a message in its copy too."""
    rows = message.files.select_related("attachment").order_by("position")
    place(entry, [(each.attachment, each.alt) for each in rows])


def remove(actor: Actor, entry: TimelineEntry) -> None:
    """Called down: a secret is in these files: their bytes and names go, their hashes stay (S18).

    What another has attached too, in an entry that the actor may not change, stays there: nobody takes away what
    others have brought by bringing the same (A94).
    """
    for attachment in Attachment.objects.filter(places__entry=entry, removed_at=None):
        if _is_anothers(actor, attachment, entry):
            EntryAttachment.objects.filter(attachment=attachment, entry=entry).update(alt="")
            continue
        attachment.name, attachment.removed_at = "removed", clock.now()
        attachment.save(update_fields=["name", "removed_at"])
        EntryAttachment.objects.filter(attachment=attachment).update(alt="")
        transaction.on_commit(partial(erase, attachment.key))
        audit.write(actor, "attachment.removed", f"attachment:{attachment.pk}", after={"sha256": attachment.sha256})


def _is_anothers(actor: Actor, attachment: Attachment, entry: TimelineEntry) -> bool:
    places = attachment.places.filter(entry__redacted=False).exclude(entry=entry)
    others = [each.entry for each in places.select_related("entry__incident__service")]
    return any(each.copied_from_id != entry.pk and not can(actor, permissions.TIMELINE_EDIT, each) for each in others)


def erase(key: str) -> None:
    """Take a file and its small picture off the disk."""
    store().delete(key)
    store().delete(key + SMALL)


def sweep() -> int:
    """Delete files without a row, and those whose row says that they were removed; gives how many keys."""
    gone = 0
    for names in store().batches((clock.now() - ORPHANED).timestamp()):
        keys = {name.removesuffix(SMALL) for name in names}
        wanted = Attachment.objects.filter(key__in=keys, removed_at=None).values_list("key", flat=True)
        for key in keys - set(wanted):
            erase(key)
            gone += 1
    return gone


def digest(made: Made) -> str:
    """What tells equal contents: the SHA-256 of the bytes that are stored."""
    return sha256(made.content).hexdigest()
