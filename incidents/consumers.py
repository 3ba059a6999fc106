"""The room's live topics: `incident:<number>` for the page, `now:<user>` for a person's board (RES-20)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.template.loader import render_to_string

from accounts.actors import Actor
from core.live import Frame
from core.models import FeedEntry
from core.web.presence import Shown
from incidents.models import Incident, TimelineEntry
from incidents.queries.access import audience
from incidents.queries.attachments import with_files
from incidents.queries.timeline import for_audience, lines

TEMPLATE = "incidents/_entry.html"


def skip(seq: int) -> Frame:
    """What a viewer gets for something that he or she may not see: the number alone."""
    return Frame(seq, "skip")


class IncidentTopic:
    """The page of one incident: entries, revisions of entries, and panels to be fetched anew."""

    prefix = "incident"

    def may_see(self, actor: Any, key: str) -> str | None:
        """responders or stakeholders; None for a private incident of others (S34, S36)."""
        incident = Incident.objects.filter(number=int(key)).first() if key.isdecimal() else None
        return None if incident is None else audience(actor, incident)

    def presence(self, actor: Any, key: str, audience: str) -> Shown | None:
        """Responders are shown to each other; stakeholders and tokens neither are shown nor see anybody (S36)."""
        if audience != "responders" or actor.kind != "user":
            return None
        return Shown(str(actor.user.pk), actor.user.name)

    def render(self, key: str, entries: Sequence[FeedEntry], audience: str) -> list[Frame]:
        """Entries as HTML; `panel` frames carry the panel's name, its content is fetched with the viewer's rights."""
        incident = Incident.objects.filter(number=int(key)).first()
        if incident is None:
            return [skip(each.seq) for each in entries]
        seen = for_audience(incident, audience)
        new = {e.seq: e for e in seen.filter(seq__in=[each.seq for each in entries if each.kind == "entry"])}
        refs = [int(each.ref) for each in entries if each.kind == "revision"]
        old = {str(e.pk): e for e in seen.filter(pk__in=refs)}
        with_files([*new.values(), *old.values()])
        brief = audience != "responders"
        return [self._frame(each, new.get(each.seq) or old.get(each.ref), brief) for each in entries]

    def _frame(self, each: FeedEntry, entry: TimelineEntry | None, brief: bool) -> Frame:
        if each.kind == "panel":
            return Frame(each.seq, "panel", each.ref)
        if entry is None:
            return skip(each.seq)
        return Frame(each.seq, each.kind, render_entry(entry, brief=brief))


def render_entry(entry: TimelineEntry, *, brief: bool = False) -> str:
    """One entry as the page shows it, the same for everybody of an audience; stakeholders get no texts (S36)."""
    return render_to_string(TEMPLATE, {"line": lines([entry])[0], "brief": brief})


class NowTopic:
    """A person's board: says which incident has changed, the board itself is fetched with the viewer's rights."""

    prefix = "now"

    def may_see(self, actor: Any, key: str) -> str | None:
        """Only one's own."""
        return "own" if actor.user is not None and key == str(actor.user.pk) else None

    def render(self, key: str, entries: Sequence[FeedEntry], audience: str) -> list[Frame]:
        """The number of the changed incident."""
        return [Frame(each.seq, each.kind, each.ref) for each in entries]


def incident_topic(actor: Actor, values: Mapping[str, Any]) -> str | None:
    """`ws/incidents/<number>/`."""
    return f"incident:{values['number']}"


def now_topic(actor: Actor, values: Mapping[str, Any]) -> str | None:
    """`ws/now/`: whoever is signed in."""
    return None if actor.user is None else f"now:{actor.user.pk}"
