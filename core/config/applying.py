"""Bringing a file in: one transaction, the same commands as the pages, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from core import db
from core.config import nouns
from core.config.nouns import Noun
from core.config.plan import Change, Plan, compare, located
from core.config.reading import Read, Refused
from core.errors import PortalError

SHOWN = 50


@dataclass(slots=True)
class Applied:
    """What was done; `keys` are the labels and texts of the keys that were made."""

    plan: Plan
    keys: list[tuple[str, str]] = field(default_factory=list)


class _Rehearsed(Exception):
    """Ends the transaction of a rehearsal."""


def rehearse(actor: Any, read: Read, *, prune: bool = False) -> Plan:
    """The plan, tried out to its end and taken back; raises Refused with what applying would refuse."""
    found = compare(read, prune=prune)
    if found.changes:
        try:
            with transaction.atomic():
                found = _apply(actor, read, prune=prune).plan
                raise _Rehearsed
        except _Rehearsed:
            pass
    return found


@transaction.atomic
def apply(actor: Any, read: Read, *, prune: bool = False) -> Applied:
    """Make the portal what the file says; the comparison is made again here, so that two at once do nothing twice."""
    return _apply(actor, read, prune=prune)


def _apply(actor: Any, read: Read, *, prune: bool) -> Applied:
    db.one_at_a_time("config")
    done = Applied(compare(read, prune=prune))
    faults: list[str] = []
    for noun in nouns.nouns():
        changes = [each for each in done.plan.changes if each.noun is noun and each.sign != "-"]
        _bring(actor, noun, changes, done, faults, read.lines)
    for change in reversed(done.plan.changes):
        if change.sign == "-" and change.before is not None:
            _try(lambda one=change: one.noun.remove(actor, one.before), change, faults, read.lines)  # type: ignore[misc]
    if faults:
        raise Refused(*faults[:SHOWN])
    return done


def _bring(
    actor: Any, noun: Noun, changes: list[Change], done: Applied, faults: list[str], lines: Mapping[str, int]
) -> None:
    """Make and change the things of one section, then say what they have to do with each other."""
    for change in changes:
        _try(lambda one=change: _bring_one(actor, noun, one, done), change, faults, lines)  # type: ignore[misc]
    made = [change.wanted for change in changes if change.before is None]
    if faults or not changes:
        return
    nouns.follow_up(noun.name, made)
    links = noun.links()
    for join in (noun.disconnect, noun.connect):
        for change in changes:
            _try(lambda one=change, do=join: do(actor, one.before, one.wanted, links), change, faults, lines)  # type: ignore[misc]


def _bring_one(actor: Any, noun: Noun, change: Change, done: Applied) -> None:
    if change.before is not None:
        noun.change(actor, change.before, change.wanted, set(change.names))
        return
    text = noun.create(actor, change.wanted)
    if text is not None:
        done.keys.append((f"{noun.name}: {change.label}", text))


def _try(act: Callable[[], None], change: Change, faults: list[str], lines: Mapping[str, int]) -> None:
    """Do one thing; a refusal is kept with its place, so that one look at the file finds all of them."""
    try:
        with transaction.atomic():
            act()
    except PortalError as error:
        named = [(name, sentence) for name, said in error.fields.items() for sentence in said]
        for name, sentence in named or [("", error.detail)]:
            inside = f"{change.path}.{name}" if name and change.sign != "-" else change.path
            faults.append(located(inside, sentence if change.sign != "-" else f"{change.label}: {sentence}", lines))
