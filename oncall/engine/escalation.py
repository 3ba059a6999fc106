"""The next step of an escalation as pure arithmetic: whom to page now, whom to pass over, or that all is exhausted.

The caller resolves every level to the people who could be reached at this very moment (O16); what is returned
depends on these values alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LevelNow:
    """A level as it would fire now: people who can be reached, and sentences about those who cannot."""

    timeout_minutes: int
    people: tuple[int, ...]
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """Where an escalation stands; pass and level count from 1, level 0 is "before the first"."""

    pass_number: int
    level: int


@dataclass(frozen=True, slots=True)
class Skip:
    """A level that was passed over at once, with the reasons in sentences (O17)."""

    position: Position
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Page these people now and wait for `timeout_minutes`."""

    position: Position
    people: tuple[int, ...]
    timeout_minutes: int
    skipped: tuple[Skip, ...]


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Nobody is left to be asked: the last resort's turn (O21)."""

    skipped: tuple[Skip, ...]


def next_step(
    levels: Sequence[LevelNow], position: Position, repeats: int, contacted: Collection[int]
) -> Step | Exhausted:
    """What follows `position`; `contacted` are the people already paged in its pass (O17, O21, O22).

    Levels without anybody new are passed over at once. A further pass starts with nobody contacted; when a whole
    pass has found nobody, the remaining ones would not either, and all is exhausted at once.
    """
    skipped: list[Skip] = []
    seen = set(contacted)
    pass_number, first = position.pass_number, position.level
    while pass_number <= repeats + 1:
        for index in range(first, len(levels)):
            place = Position(pass_number, index + 1)
            fresh = _fresh(levels[index].people, seen)
            if fresh:
                return Step(place, fresh, levels[index].timeout_minutes, tuple(skipped))
            skipped.append(Skip(place, _reasons(levels[index])))
        if first == 0 and not seen:
            break
        pass_number, first, seen = pass_number + 1, 0, set()
    return Exhausted(tuple(skipped))


def _fresh(people: Sequence[int], seen: Collection[int]) -> tuple[int, ...]:
    """The people not yet contacted, each once, in the level's order (O22)."""
    return tuple(person for person in dict.fromkeys(people) if person not in seen)


def _reasons(level: LevelNow) -> tuple[str, ...]:
    if level.people:
        return (*level.absent, "everybody on it has already been paged in this pass")
    return level.absent or ("nobody is on it",)
