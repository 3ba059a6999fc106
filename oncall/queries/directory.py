"""What the pages of services and policies show: who would be paged if it triggered now, and how a service stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from accounts.actors import Actor
from accounts.models import User
from accounts.permissions import can
from core import clock
from oncall import permissions
from oncall.engine.escalation import LevelNow, Position, Step, next_step
from oncall.engine.graph import Point
from oncall.kinds import LevelDraft, ServiceTab, Standing, service_tabs, standings
from oncall.models import EscalationPolicy, Service
from oncall.queries.levels import Resolved, holes_in, levels_now, plain
from oncall.queries.reach import Way, last_resort, ways_of

WELL = Standing()
SHORT = 3  # minutes
SHORT_HINT = (
    "A second page within a minute to the same address comes in a digest at its end; give a level at least 3 minutes."
)


@dataclass(frozen=True, slots=True)
class Rung:
    """One level as it would act now: `people` are paged `after` the trigger and have `minutes` to answer.

    Where nobody is, it is passed over.
    """

    level: int
    after: timedelta
    people: list[User]
    why: tuple[str, ...]
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Ladder:
    """One pass of a policy as things look now; `warnings` are sentences about gaps and people out of reach."""

    rungs: list[Rung]
    warnings: list[str]

    @property
    def first(self) -> list[User]:
        """The people whom a page would reach at once."""
        return next((rung.people for rung in self.rungs if rung.people), [])

    @property
    def span(self) -> timedelta:
        """How long a pass takes in which nobody answers."""
        return max((rung.after + timedelta(minutes=rung.minutes) for rung in self.rungs), default=timedelta(0))


@dataclass(frozen=True, slots=True)
class Paged:
    """A rung with, for each person, the ways that a page of high urgency takes."""

    rung: Rung
    people: list[tuple[User, list[Way]]]


@dataclass(frozen=True, slots=True)
class Course:
    """What follows the first pass while nobody answers: equal passes up to the number `rounds`, then the last resort.

    The second begins `span` after the trigger, and so long after it each further one; `last` are paged after `ends`.
    """

    rounds: int
    span: timedelta
    ends: timedelta
    last: list[User]


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above every part of a service's page."""

    service: Service
    standing: Standing
    tabs: list[ServiceTab]
    may_edit: bool


def plain_levels(policy: EscalationPolicy) -> list[dict[str, Any]]:
    """The levels of a policy whose targets have been read ahead, as plain values."""
    return plain(policy.levels.all())


def drafted_levels(drafts: Sequence[LevelDraft]) -> list[dict[str, Any]]:
    """The levels of an unsaved form as plain values."""
    return [
        {
            "timeout_minutes": draft.timeout_minutes,
            "targets": [
                *({"kind": "user", "id": pk} for pk in draft.users),
                *({"kind": "schedule", "id": pk} for pk in draft.schedules),
            ],
        }
        for draft in drafts
    ]


def ladder_of(levels: Sequence[dict[str, Any]]) -> Ladder:
    """Whom these levels would page now."""
    found = levels_now(levels, clock.now())
    return _ladder(found.levels, found.people)


def ladders(policies: Iterable[EscalationPolicy]) -> dict[int, Ladder]:
    """Policy id -> its ladder now, in a fixed number of queries; their levels must have been read ahead."""
    known = {policy.pk: plain_levels(policy) for policy in policies}
    return ladders_of(known, levels_now([level for levels in known.values() for level in levels], clock.now()))


def ladders_of(known: Mapping[int, Sequence[dict[str, Any]]], found: Resolved) -> dict[int, Ladder]:
    """Policy id -> its ladder, of plain levels and of what all of them, one after the other, were resolved to."""
    result, start = {}, 0
    for pk, levels in known.items():
        result[pk] = _ladder(found.levels[start : start + len(levels)], found.people)
        start += len(levels)
    return result


def _ladder(levels: Sequence[LevelNow], people: dict[int, User]) -> Ladder:
    """Walk one pass with the engine itself, so that the page says what the escalation would do (O17, O22)."""
    rungs: list[Rung] = []
    position, seen, minutes = Position(1, 0), set[int](), 0
    while True:
        step = next_step(levels, position, 0, seen)
        rungs += [Rung(skip.position.level, timedelta(minutes=minutes), [], skip.why) for skip in step.skipped]
        if not isinstance(step, Step):
            break
        position = step.position
        now = [people[pk] for pk in step.people]
        absent = levels[position.level - 1].absent
        rungs.append(Rung(position.level, timedelta(minutes=minutes), now, absent, step.timeout_minutes))
        seen.update(step.people)
        minutes += step.timeout_minutes
    return Ladder(rungs, holes_in(levels))


def course_of(ladder: Ladder, repeats: int, last: list[User]) -> Course:
    """What follows a pass of this ladder; one that finds nobody is not repeated (O21)."""
    rounds = repeats + 1 if ladder.first else 1
    return Course(rounds, ladder.span, ladder.span * rounds, last)


def paged(ladder: Ladder) -> list[Paged]:
    """The rungs with how each person is reached, in two queries."""
    ways = ways_of([user for rung in ladder.rungs for user in rung.people], "high")
    return [Paged(rung, [(user, ways[user.pk]) for user in rung.people]) for rung in ladder.rungs]


def checks_of(ladder: Ladder, rungs: Sequence[Paged], *, mail_is_filed: bool) -> list[str]:
    """What is wrong with a policy as things look now, in sentences; reads nothing.

    `mail_is_filed` where no mail server is set: then who has only mail is reached by nothing.
    """
    found = list(ladder.warnings)
    met = {user.pk: (user, rung.rung.minutes, ways) for rung in rungs for user, ways in rung.people if ways}
    for user, minutes, ways in met.values():
        first = min(way.delay_minutes for way in ways)
        if first:
            found.append(f"{user.name}: nothing at once for high urgency.")
        if first and first >= minutes:
            found.append(f"{user.name}’s first message comes after {first} min, this level waits {minutes} min.")
    mail = [user.name for user, _, ways in met.values() if all(way.method.provider == "email" for way in ways)]
    if mail and mail_is_filed:
        found.append(f"E-mail is only written to files: set a mail server. Nothing else reaches {', '.join(mail)}.")
    if any(rung.rung.people and rung.rung.minutes < SHORT for rung in rungs):
        found.append(SHORT_HINT)
    return found


def end_of_line(policy: EscalationPolicy) -> list[User]:
    """Who is told when nobody on the policy answers (O21)."""
    return last_resort(fallback_id=policy.fallback_id, team_id=policy.team_id)


def standing_of(actor: Actor, service: Service) -> Standing:
    """How one service stands."""
    return standings(actor, [service.pk]).get(service.pk, WELL)


def point_of(service: Service, health: Mapping[int, Standing]) -> Point:
    """A service as the maps show it; its note is what is open on it, the only one or how many."""
    standing = health.get(service.pk, WELL)
    return Point(service.pk, service.name, standing.tone, standing.words, standing.note)


def head_of(actor: Actor, service: Service) -> Head:
    """What stands above every part of a service's page."""
    may_edit = can(actor, permissions.SERVICE_EDIT, service)
    return Head(service, standing_of(actor, service), service_tabs(actor, service), may_edit)
