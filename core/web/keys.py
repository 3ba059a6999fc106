"""The keys of the pages and what they do (design 7): the overlay and the page of keys are made from this table.

The overlay leaves out what does not work on the page at hand: the script asks each row's `needs` of the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """One row: `caps` are pressed one after the other, or together where `together` says so.

    `name` is what the script knows it by; `needs` is a CSS selector of what has to be on the page for it to work,
    where that is more than an element that names the key in `data-key`; `path` is the page that it leads to.
    """

    name: str
    caps: tuple[str, ...]
    does: str
    needs: str = ""
    together: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class KeySection:
    """Rows under one heading."""

    title: str
    keys: tuple[Key, ...]


ANY = "main"
FIELD = 'main [data-key="/"], main [type=search]'
ROWS = "a.t-title, .tl-e[tabindex]"
BOXES = "input[type=checkbox][name=number]"


def _go(letter: str, title: str, path: str) -> Key:
    return Key(f"g{letter}", ("G", letter.upper()), title, f'.side nav a[href="{path}"]', path=path)


def sections_for(paths: Iterable[str]) -> list[KeySection]:
    """The table without the ways to pages that are not among these paths."""
    known = set(paths)
    rows = [(section.title, tuple(k for k in section.keys if not k.path or k.path in known)) for section in SECTIONS]
    return [KeySection(title, keys) for title, keys in rows if keys]


SECTIONS = (
    KeySection(
        "Anywhere",
        (
            Key("palette", ("Ctrl", "K"), "Search or jump to; Cmd K on a Mac", ANY, together=True),
            Key("/", ("/",), "Search on this page, else search or jump to", f"{FIELD}, main"),
            Key("?", ("?",), "This list", ANY),
            Key("n", ("N",), "New incident"),
            Key("escape", ("Esc",), "Close, clear the selection", ANY),
            Key("send", ("Ctrl", "Enter"), "Send the form that you are in", "main form[method=post]", together=True),
        ),
    ),
    KeySection(
        "Go to",
        (
            _go("n", "Now", "/now/"),
            _go("i", "Incidents", "/incidents/"),
            _go("s", "Schedules", "/schedules/"),
            _go("p", "Postmortems", "/postmortems/"),
            _go("a", "Analytics", "/analytics/"),
        ),
    ),
    KeySection(
        "In lists and timelines",
        (
            Key("j", ("J",), "Next row or entry", ROWS),
            Key("k", ("K",), "Previous row or entry", ROWS),
            Key("enter", ("Enter",), "Open the row", ROWS),
            Key("x", ("X",), "Select the row", BOXES),
            Key("x", ("Shift", "X"), "Select up to this row", BOXES, together=True),
            Key("f", ("F",), "Filter", f"main [data-key=f], {FIELD}"),
            Key("l", ("L",), "Go to the newest entry", "#log .tl-e"),
            Key("p", ("P",), "Pin the entry that you are on", ".tl-e:focus-within button[name=pinned]"),
        ),
    ),
    KeySection(
        "A page or an incident",
        (
            Key("a", ("A",), "Accept or acknowledge; goes to the first where several wait"),
            Key("d", ("D",), "Decline; asks before anybody else is paged"),
        ),
    ),
)
#: Key -> selector, for the script.
NEEDS = json.dumps({key.name: key.needs for section in SECTIONS for key in section.keys if key.needs})
