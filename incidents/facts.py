"""What has happened to an incident; every fact carries its number and plain values only."""

from __future__ import annotations

from dataclasses import dataclass

from core.facts import fact


@fact("incident.opened")
@dataclass(frozen=True, slots=True)
class IncidentOpened:
    """A new incident stands; `via` is event or the door of the person who declared it."""

    number: int
    via: str


@fact("incident.acknowledged")
@dataclass(frozen=True, slots=True)
class IncidentAcknowledged:
    """Somebody has taken it; of `actor`, its key, no webhook is told."""

    number: int
    actor: str


@fact("incident.retriggered")
@dataclass(frozen=True, slots=True)
class IncidentRetriggered:
    """An acknowledged incident waits for an answer again: time_out, snooze_end, undo, reassign or worse."""

    number: int
    reason: str


@fact("incident.moved")
@dataclass(frozen=True, slots=True)
class IncidentMoved:
    """Work went on between acknowledged, identified and mitigated."""

    number: int
    before: str
    after: str


@fact("incident.resolved")
@dataclass(frozen=True, slots=True)
class IncidentResolved:
    """Nothing more to do now; `by_machine` when its alerts ended by themselves (S13)."""

    number: int
    by_machine: bool


@fact("incident.resolve_undone")
@dataclass(frozen=True, slots=True)
class IncidentResolveUndone:
    """A resolve was taken back within ten seconds: not a reopening."""

    number: int


@fact("incident.reopened")
@dataclass(frozen=True, slots=True)
class IncidentReopened:
    """It is back; `by_alert` when the same alert returned inside the window (S14)."""

    number: int
    by_alert: bool


@fact("incident.cancelled")
@dataclass(frozen=True, slots=True)
class IncidentCancelled:
    """A false alarm."""

    number: int


@fact("incident.closed")
@dataclass(frozen=True, slots=True)
class IncidentClosed:
    """The review gate has passed."""

    number: int


@fact("incident.snoozed")
@dataclass(frozen=True, slots=True)
class IncidentSnoozed:
    """Acknowledged until a time (O27)."""

    number: int


@fact("incident.reassigned")
@dataclass(frozen=True, slots=True)
class IncidentReassigned:
    """Other people answer for it now (O28)."""

    number: int


@fact("incident.renamed")
@dataclass(frozen=True, slots=True)
class IncidentRenamed:
    """It has another title; lists and boards show that."""

    number: int


@fact("incident.exhausted")
@dataclass(frozen=True, slots=True)
class IncidentExhausted:
    """Every level of the policy was asked in vain (O21)."""

    number: int


@fact("incident.priority_raised")
@dataclass(frozen=True, slots=True)
class PriorityRaised:
    """The priority went up, from rank `before` to rank `after` (S10)."""

    number: int
    before: int
    after: int


@fact("incident.priority_lowered")
@dataclass(frozen=True, slots=True)
class PriorityLowered:
    """The priority went down, from rank `before` to rank `after`."""

    number: int
    before: int
    after: int


#: Whatever changes an incident; each names it by its number.
OF_INCIDENTS = (
    IncidentOpened,
    IncidentAcknowledged,
    IncidentRetriggered,
    IncidentMoved,
    IncidentResolved,
    IncidentResolveUndone,
    IncidentReopened,
    IncidentCancelled,
    IncidentClosed,
    IncidentSnoozed,
    IncidentReassigned,
    IncidentRenamed,
    IncidentExhausted,
    PriorityRaised,
    PriorityLowered,
)
