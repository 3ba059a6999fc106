"""The commands of the composer that this room has: each runs the command that its button runs (design 6/02)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from django.utils import timezone

from accounts.actors import Actor
from accounts.models import User
from accounts.queries import active_people
from core import clock
from core.errors import Invalid
from core.text import one_line
from incidents import permissions
from incidents.commands import describing, lifecycle, priority, returning, timeline
from incidents.engine import slash
from incidents.kinds import Outcome, SlashCommand, register_slash
from incidents.models import Incident, Priority
from incidents.queries.timeline import CHAT
from oncall.queries.on_call import can_be_on_call

_priority = re.compile(r"[pP]?([1-5])(?:\s+|$)")
MOST_NAMED = 3


MISREAD = "misread"


def wrong(sentence: str) -> Invalid:
    """A refusal that stands beside the text; its code says that it may be meant as a text all the same."""
    return Invalid(sentence, code=MISREAD, fields={"text": [sentence]})


def _page(incident: Incident, verb: str, door: str, **values: str) -> Outcome:
    """The page that asks before anybody is paged, filled in as far as it was said."""
    given = urlencode({name: value for name, value in values.items() if value})
    path = f"/incidents/{incident.number}/"
    return Outcome(ask=f"{path}{verb}/" + (f"?{given}" if given else ""), door=f"/api/v1{path}{door}/")


def _done(incident: Incident, says: str, undo: str = "") -> Outcome:
    back = f"/incidents/{incident.number}/{undo}/?version={incident.version}" if undo else ""
    return Outcome(says=says, undo=back)


def _set_priority(actor: Actor, incident: Incident, rest: str) -> Outcome:
    found = _priority.match(rest)
    if found is None:
        raise wrong("Write /priority P1 to P5, and a reason if you like.")
    row, reason = Priority.objects.get(rank=int(found[1])), rest[found.end() :].strip()
    if row.rank < incident.priority.rank and incident.status == "triggered" and row.pages:
        return _page(incident, "priority", "priority", priority=str(row.pk), reason=reason)
    made = priority.set_priority(actor, incident, priority=row, reason=reason)
    return _done(made, f"The priority of {made} was set.")


def _state(actor: Actor, incident: Incident, rest: str) -> Outcome:
    word, _, more = rest.partition(" ")
    if word.lower() == "acknowledged":
        return _acknowledge(actor, incident, more)
    if word.lower() == "identified":
        made = lifecycle.identify(actor, incident, cause=more)
        return _done(made, f"{made}: the cause is known.")
    if word.lower() == "mitigated":
        made = lifecycle.mitigate(actor, incident, text=more)
        return _done(made, f"{made} is mitigated.")
    if word.lower() == "resolved":
        return _resolve(actor, incident, more)
    raise wrong("Write /state acknowledged, identified, mitigated or resolved, and a sentence if you like.")


def _resolve(actor: Actor, incident: Incident, rest: str) -> Outcome:
    if not rest.strip():
        raise wrong("Write /resolve and one sentence about how it ended.")
    made = lifecycle.resolve(actor, incident, resolution=rest)
    return _done(made, f"{made} is resolved.", "undo-resolve")


def _impact(actor: Actor, incident: Incident, rest: str) -> Outcome:
    if not rest.strip():
        raise wrong("Write /impact and one sentence about who is hit.")
    made = describing.describe(actor, incident, customer_impact=rest)
    return _done(made, f"The impact of {made} is written.")


def _title(actor: Actor, incident: Incident, rest: str) -> Outcome:
    if not rest.strip():
        raise wrong("Write /title and what is wrong, in one line.")
    made = describing.describe(actor, incident, title=rest)
    return _done(made, f"The title of {made} is changed.")


def _acknowledge(actor: Actor, incident: Incident, rest: str) -> Outcome:
    made = lifecycle.acknowledge(actor, incident)
    return _done(made, f"You have acknowledged {made}. Nobody else will be paged.", "undo-acknowledge")


def _snooze(actor: Actor, incident: Incident, rest: str) -> Outcome:
    span = slash.length(rest)
    if span is None:
        raise wrong("Write /snooze 30m, 2h or 1d: seven days at most.")
    try:
        made = returning.snooze(actor, incident, until=clock.now() + span)
    except Invalid as error:
        raise wrong("Write /snooze 30m, 2h or 1d: seven days at most.") from error
    at = timezone.localtime(made.snoozed_until)
    return _done(made, f"{made} is snoozed until {at:%H:%M %Z}.", "undo-acknowledge")


def _escalate(actor: Actor, incident: Incident, rest: str) -> Outcome:
    return _page(incident, "escalate", "escalate-now")


def _assign(actor: Actor, incident: Incident, rest: str) -> Outcome:
    if not rest.strip(" @"):
        raise wrong("Write /assign and a name: /assign @Bo.")
    person, reason = _named(rest)
    return _page(incident, "reassign", "reassign", to=f"user:{person.pk}", reason=reason)


def _named(rest: str) -> tuple[User, str]:
    """The person at the beginning of a text, and the rest; the longest beginning that fits one person counts."""
    words = rest.strip().removeprefix("@").split()
    people = [each for each in active_people() if can_be_on_call(each)]
    for length in range(min(len(words), 5), 0, -1):
        wanted = " ".join(words[:length]).casefold().rstrip(",:")
        exact = [each for each in people if wanted in (each.name.casefold(), each.email.partition("@")[0].casefold())]
        found = exact or [each for each in people if f"{each.name} ".casefold().startswith(f"{wanted} ")]
        if len(found) == 1:
            return found[0], " ".join(words[length:])
        if found:
            raise wrong(f"More than one person is called that: {_told_apart(found[:MOST_NAMED])}.")
    raise wrong(f"Nobody who can be on call is called “{one_line(' '.join(words), 40)}”.")


def _told_apart(people: Sequence[User]) -> str:
    """Their names, and how to write them: whoever shares the whole name is written as in the address of mail."""
    names = ", ".join(each.name for each in people)
    if len({each.name.casefold() for each in people}) == len(people):
        return f"{names}. Write the whole name"
    return "; ".join(f"{each.name}, @{each.email.partition('@')[0]}" for each in people) + ". Write the short one"


def _pin(actor: Actor, incident: Incident, rest: str) -> Outcome:
    rows = incident.entries.filter(struck_reason="", pinned=False).exclude(kind=CHAT).order_by("-seq")
    mine = rows.filter(actor_user=actor.user) if actor.user is not None else rows.none()
    entry = mine.first() or rows.first()
    if entry is None:
        raise wrong("There is nothing to pin.")
    return Outcome(entry=timeline.pin(actor, entry), says="Pinned.")


_work, _note = permissions.INCIDENT_WORK, permissions.TIMELINE_NOTE
for _command in (
    SlashCommand("ack", "/ack", "Take it: escalation stops", permissions.INCIDENT_ACKNOWLEDGE, _acknowledge,
                 verbs=["acknowledge"]),
    SlashCommand("snooze", "/snooze 30m", "Acknowledge for a time", _work, _snooze,
                 verbs=["snooze"]),
    SlashCommand("priority", "/priority P2 reason", "Raise or lower the priority", permissions.PRIORITY_RAISE,
                 _set_priority),
    SlashCommand("state", "/state mitigated", "Identified, mitigated or resolved", _work, _state,
                 verbs=["acknowledge", "identify", "mitigate", "resolve"]),
    SlashCommand("impact", "/impact sentence", "Who is hit, in the header", permissions.INCIDENT_DESCRIBE, _impact),
    SlashCommand("title", "/title text", "Another title", permissions.INCIDENT_DESCRIBE, _title),
    SlashCommand("resolve", "/resolve sentence", "End it, with how it ended", permissions.INCIDENT_RESOLVE, _resolve,
                 verbs=["resolve"]),
    SlashCommand("escalate", "/escalate", "Page the next level, asks first", permissions.INCIDENT_ASSIGN, _escalate,
                 verbs=["escalate_now"]),
    SlashCommand("assign", "/assign @name", "Give it to somebody, asks first", permissions.INCIDENT_ASSIGN, _assign,
                 verbs=["reassign"]),
    SlashCommand("at", "/at 16:18 text", "Write what happened earlier", _note),
    SlashCommand("note", "/note text", "A plain note", _note, kind="note"),
    SlashCommand("action", "/action text", "What was done", _note, kind="action"),
    SlashCommand("decide", "/decide text", "A decision", _note, kind="decision"),
    SlashCommand("finding", "/finding text", "What was found", _note, kind="finding"),
    SlashCommand("hypothesis", "/hypothesis text", "What could be the cause", _note, kind="hypothesis"),
    SlashCommand("todo", "/todo text", "Something to do afterwards", _note, kind="todo"),
    SlashCommand("can", "/can condition | actions | needs", "A report for the commander", _note, kind="can_report",
                 shape=slash.report),
    SlashCommand("pin", "/pin", "Pin your last entry, or the newest", _note, _pin),
):  # fmt: skip
    register_slash(_command)
