"""What the command palette finds: each room registers a finder, and each finder shows only what its viewer may open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.text import clean_line

LONGEST = 200  # characters of a question
MOST = 12  # results of one kind that was asked for by its sign
AMONG, SHARE = 8, 4  # results in all, the page's own commands come on top; of one kind beside those of others
COMMANDS = ">"  # before a command of the page alone: those the browser knows


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: `icon` is a symbol of the sprite, `note` a word to tell it from others, `rank` a priority or 0."""

    title: str
    path: str
    icon: str
    note: str = ""
    rank: int = 0
    priority: str = ""


@dataclass(frozen=True, slots=True)
class Finder:
    """One kind of results under its heading; `prefix` is the sign that asks for this kind alone.

    `find` gets the viewer, a text that is not empty and how many are wanted at most; two queries at most.
    """

    label: str
    find: Callable[[Any, str, int], Sequence[Hit]]
    position: int
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The results of one kind."""

    label: str
    hits: list[Hit]


_finders: dict[str, Finder] = {}


def register_finder(finder: Finder) -> None:
    """Add or replace a kind of results."""
    _finders[finder.label] = finder


def found(actor: Any, question: str) -> list[Found]:
    """What the actor may open and asks for, in the order of the kinds; nothing for an empty question.

    Raises Invalid for more than 200 characters, line breaks and control characters (A9, A21).
    """
    text = clean_line(question, LONGEST, "q")
    finders = sorted(_finders.values(), key=lambda each: each.position)
    prefix = text[:1]
    if prefix == COMMANDS:
        return []
    asked = [each for each in finders if each.prefix == prefix and prefix]
    wanted = text[1:].strip() if asked else text
    if not wanted:
        return []
    rows = [Found(each.label, list(each.find(actor, wanted, MOST if asked else SHARE))) for each in asked or finders]
    return _cut([row for row in rows if row.hits])


def _cut(rows: list[Found]) -> list[Found]:
    """Not more than the list holds: the longest kinds give way first, so that each keeps a part."""
    while len(rows) > 1 and sum(len(row.hits) for row in rows) > AMONG:
        max(rows, key=lambda row: len(row.hits)).hits.pop()
    return rows
