"""The record: append-only, chained, with revisions (S18, S19, A94)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core import clock, live
from core.db import locked
from core.errors import Conflict, Invalid
from core.text import clean_text
from incidents import permissions
from incidents.kinds import entry_kind, entry_kinds
from incidents.models import EntryRevision, Incident, TimelineEntry
from incidents.queries.timeline import chained

FUTURE = timedelta(minutes=1)
LONGEST = 10_000


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


def checked_time(at: datetime | None) -> datetime | None:
    """A time that a person gave; raises Invalid when it is naive or more than a minute in the future (S19)."""
    if at is None:
        return None
    if at.tzinfo is None or at > clock.now() + FUTURE:
        sentence = "Must not be in the future."
        raise Invalid(sentence, fields={"occurred_at": [sentence]})
    return at


def panel_changed(incident: Incident, panel: str = "header") -> int:
    """Tell the sockets that a panel of the page must be drawn anew; takes the next number."""
    return live.append(incident.subject, "panel", panel)


@transaction.atomic
def note(
    actor: Actor, incident: Incident, *, text: str, kind: str = "note", occurred_at: datetime | None = None
) -> TimelineEntry:
    """Write what a person saw, thinks or did, at its own time (S19)."""
    require(actor, permissions.TIMELINE_NOTE, incident)
    if kind not in _human_kinds():
        raise Invalid("People cannot write this kind of entry.", fields={"kind": ["Unknown kind."]})
    return append(actor, incident, kind, _checked_text(text), occurred_at=occurred_at)


def _human_kinds() -> set[str]:
    return {kind.key for kind in entry_kinds() if kind.human}


def _checked_text(text: str) -> str:
    clean = clean_text(text, LONGEST, "text").strip()
    if not clean:
        raise Invalid("Write something first.", fields={"text": ["Must not be empty."]})
    return clean


@transaction.atomic
def edit(
    actor: Actor, entry: TimelineEntry, *, text: str, occurred_at: datetime | None = None, why: str = ""
) -> TimelineEntry:
    """Change a human entry; what it said before stays as a revision, system entries are immutable (S18)."""
    require(actor, permissions.TIMELINE_EDIT, entry)
    entry = _editable(entry)
    clean, at = _checked_text(text), checked_time(occurred_at)
    _keep_revision(actor, entry, clean_text(why, 200, "why"))
    entry.text, entry.edited_at = clean, clock.now()
    entry.occurred_at = at or entry.occurred_at
    entry.save(update_fields=["text", "occurred_at", "edited_at"])
    live.append(entry.incident.subject, "revision", str(entry.pk))
    return entry


@transaction.atomic
def strike(actor: Actor, entry: TimelineEntry, *, reason: str, redact: bool = False) -> TimelineEntry:
    """Hide a human entry with a reason; `redact` also removes a secret's text and keeps the fact and its hash (S18)."""
    require(actor, permissions.TIMELINE_EDIT, entry)
    entry = _editable(entry)
    because = clean_text(reason, 200, "reason").strip()
    if not because:
        raise Invalid("Say why.", fields={"reason": ["Must not be empty."]})
    if redact:
        entry.text, entry.redacted = "", True
        entry.revisions.update(text="")
    else:
        _keep_revision(actor, entry, because)
    entry.struck_reason, entry.edited_at = because, clock.now()
    entry.save(update_fields=["text", "redacted", "struck_reason", "edited_at"])
    live.append(entry.incident.subject, "revision", str(entry.pk))
    return entry


@transaction.atomic
def pin(actor: Actor, entry: TimelineEntry, *, pinned: bool = True) -> TimelineEntry:
    """Mark an entry of any kind as one that matters later, or take the mark off."""
    require(actor, permissions.TIMELINE_NOTE, entry.incident)
    entry.pinned = pinned
    entry.save(update_fields=["pinned"])
    live.append(entry.incident.subject, "revision", str(entry.pk))
    return entry


def _editable(entry: TimelineEntry) -> TimelineEntry:
    if not entry_kind(entry.kind).human:
        raise Conflict("Entries of the system cannot be changed; write a note beside it.", code="immutable")
    fresh = locked(TimelineEntry.objects.select_related("incident__service")).get(pk=entry.pk)
    if fresh.struck_reason:
        raise Conflict("This entry has been struck.", code="struck")
    return fresh


def _keep_revision(actor: Actor, entry: TimelineEntry, why: str) -> None:
    EntryRevision.objects.create(
        entry=entry, text=entry.text, occurred_at=entry.occurred_at, actor=actor.label[:120], at=clock.now(), why=why
    )
