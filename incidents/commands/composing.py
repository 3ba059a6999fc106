"""The one door of the composer: what is written, what is attached, and what a slash at the beginning asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import require
from core import clock
from core.errors import Invalid
from core.text import clean_text
from incidents import permissions
from incidents.commands import attachments, timeline, wording
from incidents.commands.attachments import Upload
from incidents.commands.slashes import wrong
from incidents.engine import slash
from incidents.kinds import Outcome, SlashCommand, slash_command, slash_commands
from incidents.models import Incident
from incidents.queries.composing import sent_before
from incidents.queries.timeline import CHAT

FAR = timedelta(hours=12)
AT = (
    "Write /at 16:18 and what happened then; a time later than now was yesterday. "
    "For another day: /at 2026-11-20T23:00. It must not be in the future."
)


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is about to be written."""

    text: str
    kind: str
    occurred_at: datetime | None
    uploads: Sequence[Upload]
    mark: str


def say(
    actor: Actor,
    incident: Incident,
    *,
    text: str = "",
    kind: str = "note",
    occurred_at: datetime | None = None,
    uploads: Sequence[Upload] = (),
    slashes: bool = True,
    mark: str = "",
) -> Outcome:
    """Write an entry, or do what a command of the composer says; raises Invalid with how it is written (RES-05).

    Times of day are read in the time zone that is active: the writer's (S19). What would page somebody is not done:
    the outcome names the page that asks first.
    """
    require(actor, permissions.TIMELINE_NOTE, incident)
    draft = _Draft(clean_text(text, wording.LONGEST, "text"), kind, occurred_at, uploads, mark)
    call = slash.called(draft.text) if slashes else None
    if call is None:
        return _write(actor, incident, replace(draft, text=slash.literal(draft.text)) if slashes else draft)
    if call.key == "at":
        return _earlier(actor, incident, draft, call.rest)
    command = _known(call.key)
    require(actor, command.right, incident)
    if command.run is None:
        return _write(actor, incident, _shaped(draft, command, call.rest))
    if uploads:
        raise wrong(f"Files cannot go with /{command.key}. Write them with a note.")
    if occurred_at is not None:
        raise wrong(f"/{command.key} acts now. Take the time away, or write what happened then as a note.")
    return command.run(actor, incident, call.rest)


def _write(actor: Actor, incident: Incident, draft: _Draft) -> Outcome:
    before = sent_before(actor, incident, draft.mark)
    if before is not None:
        return Outcome(entry=before)
    said: dict[str, Any] = {
        "text": draft.text,
        "kind": draft.kind,
        "occurred_at": draft.occurred_at,
        "mark": draft.mark,
    }
    if draft.uploads:
        return Outcome(entry=attachments.attach(actor, incident, uploads=draft.uploads, **said))
    return Outcome(entry=timeline.note(actor, incident, **said))


def _earlier(actor: Actor, incident: Incident, draft: _Draft, rest: str) -> Outcome:
    """Something that happened at a time of day; what follows may be a command that only writes."""
    found = slash.moment(rest, timezone.localtime(clock.now()))
    if found is None:
        raise wrong(AT)
    at, text = found
    kind = "note" if draft.kind == CHAT else draft.kind
    later = replace(draft, text=slash.literal(text), kind=kind, occurred_at=min(at, clock.now()))
    call = slash.called(text)
    if call is None:
        return _filed(_write(actor, incident, later))
    command = _known(call.key)
    if command.run is not None or not command.kind:
        raise wrong(f"/{command.key} acts now. After /at stands what happened, or /decide, /finding and the like.")
    return _filed(_write(actor, incident, _shaped(later, command, call.rest)))


def _filed(outcome: Outcome) -> Outcome:
    """With the day, where it stands so far above that nobody would see it come: a slip of the clock shows."""
    if outcome.entry is None or clock.now() - outcome.entry.occurred_at < FAR:
        return outcome
    return replace(outcome, says=f"Filed under {timezone.localtime(outcome.entry.occurred_at):%a %-d %b, %H:%M}.")


def _shaped(draft: _Draft, command: SlashCommand, rest: str) -> _Draft:
    """The draft as the command's kind has it."""
    text = command.shape(rest) if command.shape is not None and rest else rest
    if not text:
        raise wrong(f"Write {command.usage}.")
    return replace(draft, text=text, kind=command.kind)


def _known(key: str) -> SlashCommand:
    found = slash_command(key)
    if found is None:
        raise _unknown(key)
    return found


def _unknown(key: str) -> Invalid:
    keys = [each.key for each in slash_commands()]
    if not key:
        return wrong("Commands: " + ", ".join(f"/{each}" for each in keys) + ".")
    near = slash.nearest(key, keys)
    meant = f" Did you mean /{near}?" if near else ""
    return wrong(f"There is no command /{key}.{meant} To begin a text with a slash, write two: //{key}.")
