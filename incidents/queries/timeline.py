"""Reads of the record: in order, from a number on, with what its audience may see (S18, S19, S36)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from json import dumps

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.actors import Actor
from accounts.permissions import can
from core import clock
from core.errors import Invalid, Missing
from core.text import to_html
from incidents import permissions
from incidents.kinds import EntryKind, entry_kind, entry_kinds
from incidents.models import EntryAttachment, EntryRevision, Incident, TimelineEntry
from incidents.queries.access import audience
from incidents.queries.attachments import files_of, with_files

LAG = timedelta(seconds=60)
CHAT = "chat"
#: The filters of the page; the chat is no part of the timeline, but a tab beside it (RES-07, RES-17).
SHOWS = ("all", "key", "note", "action", "chat")
#: What people write of the incident itself, by its field, as the page and the entries call it.
KNOWN = {
    "title": "Title",
    "customer_impact": "Impact",
    "suspected_cause": "Cause",
    "description": "Description",
}
#: Kinds whose text is ours and begins with the person; what people write themselves may begin so by chance.
NAMES_WHO = ("page_declined",)


@dataclass(frozen=True, slots=True)
class FromChat:
    """Whose message an entry is the copy of."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is shown: its kind, the lag of a late entry, and whether its text is hidden (S18, S19)."""

    entry: TimelineEntry
    kind: EntryKind

    @property
    def lag(self) -> timedelta | None:
        """How much later than it happened it was written, where that is a minute or more."""
        late = self.entry.recorded_at - self.entry.occurred_at
        return late if late >= LAG else None

    @property
    def wrote_style(self) -> str:
        """How the moment of writing is shown: the clock alone where it was the same day, else with the day."""
        return "clock" if timezone.localtime(self.entry.recorded_at).date() == self.day else "long"

    @property
    def heading(self) -> str:
        """What happened in a word or two: the new state of a move, what was written anew, else the kind's own label."""
        if self.kind.key == "described":
            return KNOWN.get(self.entry.data.get("fact", ""), self.kind.label)
        return str(self.entry.data.get("to", "")).capitalize() if self.kind.key == "status_changed" else self.kind.label

    @property
    def says_itself(self) -> bool:
        """Whether the text alone says what happened: it begins with that, or with the person who did it."""
        if self.entry.actor_kind == "system":
            return self.entry.text.startswith(self.heading)
        if self.kind.key not in NAMES_WHO or self.entry.on_behalf_of:
            return False
        return self.entry.text.startswith(f"{self.entry.actor_label} ")

    @property
    def moment(self) -> str:
        """The filters of the page that show it, as words: those of its kind, and key for what matters later."""
        is_key = self.kind.key != CHAT and (self.entry.visibility == "stakeholders" or self.entry.pinned)
        return " ".join([*self.kind.shows, "key"] if is_key else self.kind.shows)

    @property
    def is_note(self) -> bool:
        """Whether its kind goes without saying: plain notes, and messages in their room."""
        return self.kind.key in ("note", CHAT)

    @property
    def from_chat(self) -> FromChat | None:
        """Who said it in the room and when, of the copy of a message (RES-17)."""
        found = self.entry.data.get("from_chat")
        return FromChat(found["by"], datetime.fromisoformat(found["at"])) if found else None

    @property
    def files(self) -> list[EntryAttachment]:
        """The pictures and texts that are shown with it."""
        return files_of(self.entry)

    @property
    def day(self) -> date:
        """The day in the viewer's zone on which it happened (S19)."""
        return timezone.localtime(self.entry.occurred_at).date()

    @property
    def is_today(self) -> bool:
        """Whether that is the viewer's present day."""
        return self.day == timezone.localtime(clock.now()).date()

    @property
    def html(self) -> SafeString | str:
        """What a person wrote, as clean HTML; addresses are links, and who is named is bold.

        A text that the parser will not take is shown as it was written: it must not take the page with it (A87).
        """
        try:
            return to_html(self.entry.text, talk=True)
        except Invalid:
            return self.entry.text

    @property
    def is_struck(self) -> bool:
        """Struck entries show the reason instead of the text."""
        return bool(self.entry.struck_reason)


def entries_seen_by(actor: Actor, incident: Incident) -> QuerySet[TimelineEntry]:
    """The incident's entries for this actor, by occurred_at and id; Missing for nobody's audience."""
    who = audience(actor, incident)
    if who is None:
        raise Missing("There is no such incident.")
    return for_audience(incident, who).order_by("occurred_at", "pk")


def for_audience(incident: Incident, who: str) -> QuerySet[TimelineEntry]:
    """What responders or stakeholders may read (S36)."""
    rows = incident.entries.all()
    return rows if who == "responders" else rows.filter(visibility="stakeholders")


def timeline_since(actor: Actor, incident: Incident, seq: int, limit: int = 200) -> list[TimelineEntry]:
    """The entries after a number of the feed, in the order of their numbers."""
    return list(entries_seen_by(actor, incident).filter(seq__gt=seq).order_by("seq")[:limit])


def lines(entries: Iterable[TimelineEntry]) -> list[Line]:
    """The same entries ready to be shown; their files cost one query where there are any."""
    found = list(entries)
    with_files(found)
    return [Line(entry, entry_kind(entry.kind)) for entry in found]


def shown(show: str) -> Q:
    """The entries that a filter of the page shows, as `Line.moment` tells it of one; `all` is the timeline."""
    if show == "key":
        return (Q(visibility="stakeholders") | Q(pinned=True)) & ~Q(kind=CHAT)
    if show in ("note", "action", CHAT):
        return Q(kind__in=[kind.key for kind in entry_kinds() if show in kind.shows])
    return ~Q(kind=CHAT)


def entry_seen_by(actor: Actor, incident: Incident, pk: int) -> TimelineEntry:
    """One entry, addressed through its incident; Missing where it is another's (A58)."""
    found = entries_seen_by(actor, incident).select_related("incident__service").filter(pk=pk).first()
    if found is None:
        raise Missing("There is no such entry.")
    return found


def revisions_of(actor: Actor, entry: TimelineEntry) -> Sequence[EntryRevision]:
    """What the entry said before; the text of a struck one only for those who may edit it (S18)."""
    if entry.struck_reason and not can(actor, permissions.TIMELINE_EDIT, entry):
        return []
    return list(entry.revisions.order_by("pk"))


def version_of(entry: TimelineEntry) -> int:
    """How often the entry was written: 1 at first, one more with each edit."""
    return 1 + entry.revisions.count()


def counted(rows: QuerySet[TimelineEntry]) -> QuerySet[TimelineEntry]:
    """The same entries with the number of their revisions and with their files: what a list of them shows."""
    revisions = EntryRevision.objects.filter(entry=OuterRef("pk")).order_by().values("entry")
    count = Coalesce(Subquery(revisions.annotate(n=Count("pk")).values("n")), 0)
    files = EntryAttachment.objects.select_related("attachment").order_by("position")
    return rows.annotate(revision_count=count).prefetch_related(Prefetch("files", files))


def chained(before: str, entry: TimelineEntry) -> str:
    """The hash of an entry as it was first written, over the hash of the one before it."""
    content = [
        before,
        entry.seq,
        entry.kind,
        entry.occurred_at.isoformat(),
        entry.recorded_at.isoformat(),
        entry.actor_label,
        entry.text,
        entry.data,
    ]
    return sha256(dumps(content, sort_keys=True).encode()).hexdigest()


def broken_links(incident: Incident) -> list[int]:
    """Numbers of the entries that do not fit the chain: altered past the commands, or after one that was cut out.

    Redacted texts are gone on purpose: their hash is taken as it stands.
    """
    broken, before = [], ""
    for entry in incident.entries.order_by("seq").prefetch_related("revisions"):
        first = next(iter(sorted(entry.revisions.all(), key=lambda r: r.pk)), None)
        if first is not None:
            entry.text, entry.occurred_at = first.text, first.occurred_at
        if not entry.redacted and entry.hash != chained(before, entry):
            broken.append(entry.seq)
        before = entry.hash
    return broken
