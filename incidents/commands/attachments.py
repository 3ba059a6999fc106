"""Writing an entry that brings pictures and texts (RES-06, A6, A7, A86)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core import throttle
from core.errors import Conflict, Invalid
from core.text import clean_text, one_line
from incidents import permissions
from incidents.commands import storing, timeline, wording
from incidents.engine.files import Made, made_anew
from incidents.models import Attachment, Incident, TimelineEntry

MOST, MOST_OF_INCIDENT = 5, 500
PER_HOUR = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent: what its sender calls it, its bytes, and words for those who cannot see it."""

    name: str
    content: bytes
    alt: str = ""


@dataclass(frozen=True, slots=True)
class _Ready:
    upload: Upload
    made: Made
    key: str


def attach(
    actor: Actor,
    incident: Incident,
    *,
    uploads: Sequence[Upload],
    text: str = "",
    kind: str = "note",
    occurred_at: datetime | None = None,
    mark: str = "",
) -> TimelineEntry:
    """Write an entry with one to five files; its text may be empty, the same content is stored once (RES-06).

    Pictures are drawn again outside the transaction: nobody waits for that with a lock. Raises Invalid, also with 413
    for what is too big and 415 for what is neither picture nor text; TooMany above 200 files of a person in an hour.
    """
    require(actor, permissions.TIMELINE_NOTE, incident)
    kind, clean = wording.worded(kind, text, occurred_at)
    timeline.checked_time(occurred_at)
    ready = _ready(actor, incident, uploads)
    data = {"files": sorted({storing.digest(each.made) for each in ready}), **wording.marked(mark)}
    with transaction.atomic():
        before = timeline.repeated(actor, incident, mark)
        if before is not None:
            return before
        entry = timeline.append(actor, incident, kind, clean, data=data, occurred_at=occurred_at)
        rows = [storing.row(actor, incident, each.made, each.key, each.upload.name) for each in ready]
        storing.place(entry, [(row, each.upload.alt) for row, each in zip(rows, ready, strict=True)])
    return entry


def _ready(actor: Actor, incident: Incident, uploads: Sequence[Upload]) -> list[_Ready]:
    """The files made anew and on the disk, all of them or none."""
    if not 1 <= len(uploads) <= MOST:
        sentence = f"Attach one to {MOST} files at a time."
        raise Invalid(sentence, fields={"files": [sentence]})
    if Attachment.objects.filter(incident=incident).count() + len(uploads) > MOST_OF_INCIDENT:
        raise Conflict(f"An incident takes {MOST_OF_INCIDENT} files. Link to the others instead.", code="full")
    for _ in uploads:
        throttle.hit("attachment", actor.key, PER_HOUR, 3600)
    named = [Upload(_shown(each.name), each.content, _words(each.alt)) for each in uploads]
    made = [(each, made_anew(each.name, each.content)) for each in named]
    return [_Ready(each, anew, _key(incident, anew)) for each, anew in made]


def _key(incident: Incident, made: Made) -> str:
    """Where the bytes are: those that the incident has already are not written twice."""
    known = storing.known(incident, made)
    return known.key if known is not None else storing.file(made)


def _shown(name: str) -> str:
    """The name as a sentence can say it: a long one loses its middle and keeps its ending."""
    stem, dot, ending = one_line(clean_text(name, 1_000, "files"), 1_000).rpartition(".")
    return f"{stem[: storing.LONGEST_NAME]}.{ending[:12]}" if dot else ending[: storing.LONGEST_NAME]


def _words(alt: str) -> str:
    return one_line(clean_text(alt, storing.LONGEST_ALT, "alt"), storing.LONGEST_ALT)
