"""What is known of an incident, as people write it: its title, what was said, whom it hits, the suspected cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core.errors import Conflict, Invalid, Stale
from core.facts import record
from core.text import clean_line, clean_text
from incidents import facts, permissions
from incidents.commands import moving, timeline
from incidents.commands.wording import LONGEST
from incidents.models import Incident

FINAL = ("merged", "cancelled")
LONGEST_TITLE, LONGEST_IMPACT = 255, 500  # both stand in the header and in what is sent out


@transaction.atomic
def describe(
    actor: Actor,
    incident: Incident,
    *,
    title: str | None = None,
    description: str | None = None,
    customer_impact: str | None = None,
    suspected_cause: str | None = None,
    version: int | None = None,
) -> Incident:
    """Write what is known; None leaves a text as it is, "" takes it away, and each change is an entry (S18, TRI-01).

    What has ended may still be corrected, except where it was merged or cancelled. Raises Conflict `stale` with the
    stored and the sent text of whatever differs (S51), Invalid for an empty title and for what cannot be stored.
    """
    require(actor, permissions.INCIDENT_DESCRIBE, incident)
    given = {
        "title": title,
        "customer_impact": customer_impact,
        "suspected_cause": suspected_cause,
        "description": description,
    }
    wanted = {name: CLEAN[name](text, name) for name, text in given.items() if text is not None}
    incident = moving.hold(incident)
    if incident.status in FINAL:
        raise Conflict(f"This incident is {incident.status}: what is known of it stays.", code="illegal_move")
    new = {name: text for name, text in wanted.items() if text != getattr(incident, name)}
    _check_version(incident, new, version)
    if new:
        _write(actor, incident, new)
    return incident


def _check_version(incident: Incident, new: Mapping[str, str], version: int | None) -> None:
    """Refuse a form that was opened on an older version, with both texts of whatever it would replace."""
    try:
        moving.check_version(incident, version)
    except Stale as stale:
        both = {name: [getattr(incident, name), text] for name, text in new.items()}
        fields = {"version": [str(incident.version)], **both}
        raise Stale(stale.detail, version=stale.version, hint=stale.hint, fields=fields) from stale


def _write(actor: Actor, incident: Incident, new: Mapping[str, str]) -> None:
    """Set the texts, with one entry for each: it keeps what stood there before, since nothing is lost (S18)."""
    before = {name: getattr(incident, name) for name in new}
    for name, text in new.items():
        setattr(incident, name, text)
    moving.save(incident, *new)
    for name, text in new.items():
        data = {"fact": name, "was": before[name]}
        timeline.append(actor, incident, "described", text or "Taken away.", data=data)
    if "title" in new:
        record(facts.IncidentRenamed(number=incident.number))


def _title(text: str, name: str) -> str:
    found = clean_line(text, LONGEST_TITLE, name)
    if not found:
        raise Invalid("An incident needs a title.", fields={name: ["Must not be empty."]})
    return found


def _text(longest: int) -> Callable[[str, str], str]:
    """Browsers send every line break as two characters; kept is one, so that what nobody touched is no change."""
    return lambda text, name: clean_text(text.replace("\r\n", "\n"), longest, name).strip()


CLEAN: Mapping[str, Callable[[str, str], str]] = {
    "title": _title,
    "description": _text(LONGEST),
    "customer_impact": _text(LONGEST_IMPACT),
    "suspected_cause": _text(LONGEST),
}
