"""Rows of a form that buttons add, move and take away without scripts: each button sends the form as it stands."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import TypeVar

R = TypeVar("R")


def press(rows: MutableSequence[R], wanted: str, blank: R, most: int) -> None:
    """Do what a button says: `more`, `up:2`, `down:0`, `drop:1` or `move:2:0`; anything else changes nothing."""
    verb, _, numbers = wanted.partition(":")
    number, _, target = numbers.partition(":")
    if verb == "more" and len(rows) < most:
        rows.append(blank)
        return
    place, to = _place(number, len(rows)), _place(target, len(rows))
    if place >= len(rows):
        return
    if verb == "drop":
        del rows[place]
    elif verb == "up" and place > 0:
        rows[place - 1], rows[place] = rows[place], rows[place - 1]
    elif verb == "down" and place + 1 < len(rows):
        rows[place + 1], rows[place] = rows[place], rows[place + 1]
    elif verb == "move" and to < len(rows):
        rows.insert(to, rows.pop(place))


def _place(number: str, beyond: int) -> int:
    """A row's place as it was sent, else one beyond the last."""
    return int(number) if number.isascii() and number.isdigit() and len(number) < 4 else beyond
