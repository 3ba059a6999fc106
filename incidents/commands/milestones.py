"""When something was reached, and the spans in which customers were hit (S20, RES-21)."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core import clock
from core.errors import Conflict, Invalid, Missing
from core.text import clean_text
from incidents import permissions
from incidents.commands import moving, timeline
from incidents.models import ImpactInterval, Incident, Milestone

KINDS = ("started", "detected", "acknowledged", "mobilised", "identified", "mitigated", "resolved", "closed")
ORDER = tuple(kind for kind in KINDS if kind != "mobilised")  # people may gather before or after an answer
LATEST = ("mitigated", "resolved", "closed")


def reach(incident: Incident, kind: str, at: datetime | None = None) -> Milestone:
    """Note that a milestone is reached at `at` (default now); the first time stays, for ends of work the last.

    A value that makes room for a later one, after a reopening, is kept among the edits.
    """
    now = clock.now()
    found = Milestone.objects.filter(incident=incident, kind=kind).first()
    if found is None:
        return Milestone.objects.create(incident=incident, kind=kind, at=at or now, recorded_at=now)
    if kind in LATEST:
        found.edits.append(_edit(found, "Watchbill", "reached again"))
        found.at, found.source, found.recorded_at = at or now, "auto", now
        found.save(update_fields=["at", "source", "recorded_at", "edits"])
    return found


def forget(incident: Incident, kind: str, since: datetime) -> None:
    """Take back a milestone that a step begun at `since` has set and that is being undone; the value before returns."""
    found = Milestone.objects.filter(incident=incident, kind=kind, recorded_at__gte=since).first()
    if found is None:
        return
    if not found.edits:
        found.delete()
        return
    last = found.edits.pop()
    found.at, found.source = datetime.fromisoformat(last["at"]), last["source"]
    found.save(update_fields=["at", "source", "edits"])


@transaction.atomic
def correct(
    actor: Actor, incident: Incident, *, kind: str, at: datetime, why: str = "", seen: datetime | None = None
) -> Milestone:
    """Set the time that figures use; both values are kept, entries are not rewritten, the order is checked (S20).

    `seen` is the time that the person saw: where it is another by now, Conflict `stale` (S51).
    """
    require(actor, permissions.MILESTONE_EDIT, incident)
    incident = moving.hold(incident)  # a move reaches milestones too, with the incident's row held
    found = Milestone.objects.filter(incident=incident, kind=kind).first()
    if found is None:
        raise Missing("This milestone has not been reached.")
    if seen is not None and seen != found.at:
        both = {"present": [found.at.isoformat()], "yours": [at.isoformat()]}
        raise Conflict("Somebody has corrected this milestone since you opened it.", code="stale", fields=both)
    timeline.checked_time(at, "at")
    _check_order({**dict(incident.milestones.values_list("kind", "at")), kind: at}, kind)
    reason = clean_text(why, 200, "why")
    found.edits.append(_edit(found, actor.label, reason))
    before, found.at, found.source = found.at, at, "edited"
    found.save(update_fields=["at", "source", "edits"])
    if kind == "mitigated":
        _move_end(incident, before, at)
    data = {"milestone": kind, "before": before.isoformat(), "after": at.isoformat(), "why": reason}
    timeline.append(actor, incident, "milestone_edited", f"Corrected when it was {kind}.", data=data)
    return found


def _check_order(times: dict[str, datetime], kind: str) -> None:
    order = ORDER if kind in ORDER else ("started", kind)
    known = [(name, times[name]) for name in order if name in times]
    for (earlier, first), (later, second) in pairwise(known):
        if second < first and kind in (earlier, later):
            sentence = f"“{later.capitalize()}” cannot be before “{earlier}”."
            raise Invalid(sentence, code="out_of_order", fields={"at": [sentence]})


def _edit(milestone: Milestone, by: str, why: str) -> dict[str, str]:
    return {
        "at": milestone.at.isoformat(),
        "source": milestone.source,
        "by": by,
        "when": clock.now().isoformat(),
        "why": why,
    }


def open_impact(incident: Incident, at: datetime | None = None) -> None:
    """Customers are hit from `at` on (default now), unless a span is open already."""
    if not incident.impact_intervals.filter(ended_at=None).exists():
        ImpactInterval.objects.create(incident=incident, started_at=at or clock.now())


def end_impact(incident: Incident) -> None:
    """Customers are no longer hit."""
    incident.impact_intervals.filter(ended_at=None).update(ended_at=clock.now())


def restore_impact(incident: Incident, since: datetime) -> None:
    """Open the span again that the step begun at `since`, which is being undone, has ended."""
    incident.impact_intervals.filter(ended_at__gte=since).update(ended_at=None)


def _move_end(incident: Incident, before: datetime, at: datetime) -> None:
    incident.impact_intervals.filter(ended_at=before, started_at__lte=at).update(ended_at=at)
