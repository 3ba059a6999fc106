"""Several incidents at once: which of them a verb can be done to, and why not to the others (A61)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accounts.actors import Actor
from accounts.permissions import can
from core.errors import Invalid
from incidents import permissions
from incidents.models import Incident
from incidents.queries.access import incidents_seen_by
from incidents.states import INCIDENT

MOST = 50


@dataclass(frozen=True, slots=True)
class Chosen:
    """A chosen number: its incident, None where the actor knows of none, and the reason against it, "" for none."""

    number: int
    incident: Incident | None
    reason: str = ""

    def __str__(self) -> str:
        return f"INC-{self.number}"


def chosen(actor: Actor, verb: str, numbers: Iterable[int]) -> list[Chosen]:
    """Each number once, in order, with the reason against the verb; one query and one for the rights (A57).

    Raises Invalid for none and for more than 50.
    """
    wanted = sorted(set(numbers))
    if not 0 < len(wanted) <= MOST:
        sentence = f"Choose one incident to {MOST} incidents."
        raise Invalid(sentence, fields={"numbers": [sentence]})
    rows = incidents_seen_by(actor).filter(number__in=[n for n in wanted if 0 < n < 2**31])
    found = {each.number: each for each in rows.prefetch_related("participants")}
    return [Chosen(n, found.get(n), _reason(actor, verb, found.get(n))) for n in wanted]


def refused(choice: Sequence[Chosen]) -> list[Chosen]:
    """Those to which it cannot be done."""
    return [each for each in choice if each.reason]


def _reason(actor: Actor, verb: str, incident: Incident | None) -> str:
    if incident is None:
        return "There is no such incident."
    right = permissions.VERBS[verb]
    if not can(actor, right, incident):
        return f"You may not {right.sentence}."
    if verb not in INCIDENT.verbs(incident.status):
        return f"It is {incident.status}."
    return ""
