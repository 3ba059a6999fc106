"""The shape of the sidebar; `portal` fills it, so that the shell knows no room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import Resolver404, resolve


@dataclass(frozen=True, slots=True)
class Item:
    """One link: `icon` is a symbol of the sprite, `visible` asks whether this actor may see it."""

    label: str
    path: str
    icon: str
    visible: Callable[[Any], bool]
    in_bar: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A group of links; the first group has no title."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A link as a template draws it."""

    label: str
    path: str
    icon: str
    current: bool
    in_bar: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A group as a template draws it; empty groups are left out."""

    title: str
    links: list[Link]


_sections: list[Section] = []
_mounted: dict[str, bool] = {}


def fill(sections: Sequence[Section]) -> None:
    """Set the sidebar; called once by `portal`."""
    _sections[:] = sections
    _mounted.clear()


def groups(actor: Any, here: str) -> list[Group]:
    """The sidebar for one actor on the page `here`; a link whose page is not mounted is not shown."""
    found = []
    for section in _sections:
        shown = [item for item in section.items if _is_mounted(item.path) and item.visible(actor)]
        links = [Link(i.label, i.path, i.icon, here.startswith(i.path), i.in_bar) for i in shown]
        if links:
            found.append(Group(section.title, links))
    return found


def _is_mounted(path: str) -> bool:
    """Whether a view answers at the path; asked once per path, since routes do not change at run time."""
    if path not in _mounted:
        try:
            resolve(path)
        except Resolver404:
            _mounted[path] = False
        else:
            _mounted[path] = True
    return _mounted[path]
