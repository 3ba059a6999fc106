"""The record: append-only, chained, with revisions (S18, S19, A94)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.actors import Actor
from accounts.permissions import can, require
from core import clock, jobs, kept, live
from core.db import locked
from core.errors import Conflict, Invalid, Stale
from core.text import clean_text
from incidents import permissions
from incidents.commands import storing
from incidents.commands.wording import LONGEST, marked, reworded, worded
from incidents.kinds import entry_kind
from incidents.models import EntryRevision, Incident, TimelineEntry
from incidents.queries.composing import sent_before
from incidents.queries.timeline import CHAT, chained, version_of

FUTURE = timedelta(minutes=1)
PLAINLY = timedelta(minutes=10)


def append(
    actor: Actor,
    incident: Incident,
    kind: str,
    text: str = "",
    *,
    data: Mapping[str, Any] | None = None,
    occurred_at: datetime | None = None,
) -> TimelineEntry:
    """Add one entry under the next number of the incident's feed; `occurred_at` as in S19, `recorded_at` is ours.

    Writing the incident first locks its row before the feed's, in the order of every move: whoever only writes an
    entry and whoever moves the incident wait for each other instead of each holding what the other needs.
    """
    require(actor, permissions.TIMELINE_RECORD, incident)
    now = clock.now()
    known = entry_kind(kind)
    entry = TimelineEntry(
        incident=incident,
        kind=kind,
        occurred_at=checked_time(occurred_at) or now,
        recorded_at=now,
        actor_kind=actor.kind,
        actor_user=actor.user,
        actor_label=actor.label[:120],
        on_behalf_of=actor.on_behalf_of[:120],
        text=text,
        data=dict(data or {}),
        visibility=known.visibility,
    )
    incident.last_entry_at = now
    Incident.objects.filter(pk=incident.pk).update(last_entry_at=now)
    entry.seq = live.append(incident.subject, "entry")
    before = incident.entries.order_by("-seq").values_list("hash", flat=True).first()
    entry.hash = chained(before or "", entry)
    entry.save(force_insert=True)
    return entry


def checked_time(at: datetime | None, field: str = "occurred_at") -> datetime | None:
    """A time that a person gave in a field; raises Invalid when it is naive or over a minute in the future (S19)."""
    if at is None:
        return None
    if at.tzinfo is None or at > clock.now() + FUTURE:
        sentence = "Must not be in the future."
        raise Invalid(sentence, fields={field: [sentence]})
    return at.astimezone(UTC)  # as the database gives it back, so that the hash of what was read is the same


def panel_changed(incident: Incident, panel: str = "header") -> int:
    """Tell the sockets that a panel of the page must be drawn anew; takes the next number."""
    return live.append(incident.subject, "panel", panel)


@transaction.atomic
def note(
    actor: Actor,
    incident: Incident,
    *,
    text: str,
    kind: str = "note",
    occurred_at: datetime | None = None,
    mark: str = "",
) -> TimelineEntry:
    """Write what a person saw, thinks or did, at its own time (S19); a note that begins with TODO: is one (RES-05).

    `mark` is the sender's own, by which a page knows its entry again: what was sent under it before is given back.
    """
    require(actor, permissions.TIMELINE_NOTE, incident)
    kind, clean = worded(kind, text, occurred_at)
    if not clean:
        raise Invalid("Write something first.", fields={"text": ["Must not be empty."]})
    before = repeated(actor, incident, mark)
    return before or append(actor, incident, kind, clean, data=marked(mark), occurred_at=occurred_at)


def repeated(actor: Actor, incident: Incident, mark: str) -> TimelineEntry | None:
    """Called down: what was sent under the same mark before, also by a request that is not yet through: it is waited
    for, with the incident's row held."""
    if not mark:
        return None
    _hold(incident.pk)
    return sent_before(actor, incident, mark)


def _hold(pk: int) -> None:
    """Take the incident's row, before any entry's and before the feed's, as `append` does."""
    locked(Incident.objects.filter(pk=pk)).get()


@transaction.atomic
def edit(
    actor: Actor,
    entry: TimelineEntry,
    *,
    text: str,
    occurred_at: datetime | None = None,
    why: str = "",
    version: int | None = None,
) -> TimelineEntry:
    """Change a human entry; what it said before stays as a revision, system entries are immutable (S18).

    What its author changes within ten minutes is not shown as edited. Raises Conflict `stale` for a form that was
    opened on an older version, with what it says now (S51).
    """
    require(actor, permissions.TIMELINE_EDIT, entry)
    entry = _editable(entry)
    if entry.copied_from_id is not None:
        raise Conflict("This is the copy of a message: it says what was said. Write a note beside it.", code="copy")
    _check_version(entry, version, text)
    at = None if occurred_at == entry.occurred_at.replace(microsecond=0) else occurred_at
    clean = reworded(entry.kind, text, at) or _empty(entry)
    at = checked_time(at)
    _keep_revision(actor, entry, clean_text(why, 200, "why"))
    entry.text, entry.occurred_at = clean, at or entry.occurred_at
    mine = actor.user is not None and actor.user.pk == entry.actor_user_id
    if entry.edited_at or not mine or clock.now() - entry.recorded_at > PLAINLY:
        entry.edited_at = clock.now()
    entry.save(update_fields=["text", "occurred_at", "edited_at"])
    live.append(entry.incident.subject, "revision", str(entry.pk))
    return entry


def _check_version(entry: TimelineEntry, version: int | None, text: str) -> None:
    now = version_of(entry)
    if version is not None and version != now:
        both = {"version": [str(now)], "present": [entry.text], "yours": [text[:LONGEST]]}
        raise Stale("Somebody has changed this entry since you opened it.", version=now, fields=both)


def _empty(entry: TimelineEntry) -> str:
    """Nothing, which only an entry with files may say."""
    if not entry.data.get("files"):
        raise Invalid("Write something first.", fields={"text": ["Must not be empty."]})
    return ""


@transaction.atomic
def strike(actor: Actor, entry: TimelineEntry, *, reason: str, redact: bool = False) -> TimelineEntry:
    """Hide a human entry with a reason; `redact` also removes a secret's text and files and keeps the fact and its
    hash, in the message that it was copied from and in its copy too (S18), also where it was only struck before."""
    require(actor, permissions.TIMELINE_EDIT, entry)
    because = clean_text(reason, 200, "reason").strip()
    if not because:
        raise Invalid("Say why.", fields={"reason": ["Must not be empty."]})
    same = _twins(entry) if redact else []
    entry = _editable(entry, struck=redact)
    if not redact:
        _keep_revision(actor, entry, because)
        return _struck(entry, because)
    for each in same:
        if each.copied_from_id == entry.pk or can(actor, permissions.TIMELINE_EDIT, each):
            _redact(actor, each, each.struck_reason or because)
    return _redact(actor, entry, because)


def _twins(entry: TimelineEntry) -> list[TimelineEntry]:
    """The message of a copy, or the copy of a message, held with the entry: after the incident, the older one first."""
    _hold(entry.incident_id)
    both = TimelineEntry.objects.filter(Q(pk__in=[entry.pk, entry.copied_from_id or 0]) | Q(copied_from=entry))
    rows = locked(both.select_related("incident__service").order_by("pk"))
    return [each for each in rows if each.pk != entry.pk]


def _redact(actor: Actor, entry: TimelineEntry, because: str) -> TimelineEntry:
    kept.forget(entry.pk, [entry.text, *entry.revisions.values_list("text", flat=True)])
    entry.text, entry.redacted = "", True
    entry.revisions.update(text="")
    storing.remove(actor, entry)
    jobs.enqueue("incidents.tidy_search")
    return _struck(entry, because)


def _struck(entry: TimelineEntry, because: str) -> TimelineEntry:
    entry.struck_reason, entry.edited_at = because, clock.now()
    entry.save(update_fields=["text", "redacted", "struck_reason", "edited_at"])
    live.append(entry.incident.subject, "revision", str(entry.pk))
    return entry


@transaction.atomic
def pin(actor: Actor, entry: TimelineEntry, *, pinned: bool = True) -> TimelineEntry:
    """Mark an entry of any kind as one that matters later, or take the mark off.

    A message that is pinned is copied into the timeline, once; taking its pin off leaves the copy where it is.
    """
    require(actor, permissions.TIMELINE_NOTE, entry.incident)
    if entry.kind == CHAT and pinned:
        _hold(entry.incident_id)
        _copy(actor, _editable(entry))
    entry.pinned = pinned
    entry.save(update_fields=["pinned"])
    live.append(entry.incident.subject, "revision", str(entry.pk))
    return entry


def _copy(actor: Actor, message: TimelineEntry) -> None:
    """The message as a note at its own time, unless there is one already."""
    if TimelineEntry.objects.filter(copied_from=message).exists():
        return
    data = {"from_chat": {"by": message.actor_label, "at": message.occurred_at.isoformat()}}
    data |= {"files": message.data["files"]} if message.data.get("files") else {}
    made = append(actor, message.incident, "note", message.text, data=data, occurred_at=message.occurred_at)
    made.copied_from, made.pinned = message, True
    made.save(update_fields=["copied_from", "pinned"])
    storing.copy(message, made)


def _editable(entry: TimelineEntry, *, struck: bool = False) -> TimelineEntry:
    """The entry as it is now, its row held; one that was struck only where a secret is still to be removed from it."""
    if not entry_kind(entry.kind).human:
        raise Conflict("Entries of the system cannot be changed; write a note beside it.", code="immutable")
    fresh: TimelineEntry = locked(TimelineEntry.objects.select_related("incident__service")).get(pk=entry.pk)
    if fresh.redacted or (fresh.struck_reason and not struck):
        raise Conflict("This entry has been struck.", code="struck")
    return fresh


def _keep_revision(actor: Actor, entry: TimelineEntry, why: str) -> None:
    EntryRevision.objects.create(
        entry=entry, text=entry.text, occurred_at=entry.occurred_at, actor=actor.label[:120], at=clock.now(), why=why
    )
