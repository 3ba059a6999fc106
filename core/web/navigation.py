"""The shape of the sidebar; `portal` fills it, so that the shell knows no room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.urls import Resolver404, get_urlconf, resolve


@dataclass(frozen=True, slots=True)
class Count:
    """A figure beside a link: what is counted in words for readers; `hot` where it waits for the viewer himself."""

    text: str
    words: str
    hot: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One link: `icon` is a symbol of the sprite, `visible` asks whether this actor may see it.

    `in_bar` puts it on the phone's bar as well (`short` is its name there), `in_side=False` on the bar alone.
    """

    label: str
    path: str
    icon: str
    visible: Callable[[Any], bool]
    in_bar: bool = False
    in_side: bool = True
    short: str = ""
    count: Callable[[Any], Count | None] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A group of links; the first group has no title, the one at the foot stands under the card of duty."""

    title: str
    items: tuple[Item, ...]
    at_foot: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A link as a template draws it."""

    label: str
    path: str
    icon: str
    short: str
    count: Count | None
    current: bool
    in_bar: bool
    in_side: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A group as a template draws it; empty groups are left out."""

    title: str
    at_foot: bool
    links: list[Link]

    @property
    def side(self) -> list[Link]:
        """Its links in the sidebar."""
        return [link for link in self.links if link.in_side]


@dataclass(frozen=True, slots=True)
class Duty:
    """When the viewer answers for others: the fact, what for, and the moment (UTC) at which that changes."""

    fact: str
    what: str = ""
    until: datetime | None = None
    begins: datetime | None = None


class Shell:
    """Sidebar and bottom bar for one actor on one page; each part is worked out when a template asks for it."""

    def __init__(self, actor: Any, here: str) -> None:
        self._actor, self._here = actor, here

    @cached_property
    def groups(self) -> list[Group]:
        """Every group; a link whose page is not mounted, or not for this actor, is not shown."""
        shown = [(s, [i for i in s.items if _is_mounted(i.path) and i.visible(self._actor)]) for s in _sections]
        paths = [item.path for _, items in shown for item in items if self._here.startswith(item.path)]
        current = max(paths, key=len, default="")
        return [
            Group(section.title, section.at_foot, [_link(item, self._actor, current) for item in items])
            for section, items in shown
            if items
        ]

    @property
    def side(self) -> list[Group]:
        """The groups of the sidebar, from its top."""
        return [group for group in self.groups if group.side and not group.at_foot]

    @property
    def foot(self) -> list[Group]:
        """What stands at the sidebar's foot."""
        return [group for group in self.groups if group.side and group.at_foot]

    @property
    def bar(self) -> list[Link]:
        """The phone's bar."""
        return [link for group in self.groups for link in group.links if link.in_bar]

    @property
    def more(self) -> list[Link]:
        """What the phone keeps behind More."""
        return [link for group in self.groups for link in group.links if not link.in_bar]

    @cached_property
    def duty(self) -> Duty | None:
        """The card at the sidebar's foot; None for people who are never on call."""
        return _duty[0](self._actor) if _duty else None


_sections: list[Section] = []
_duty: list[Callable[[Any], Duty | None]] = []
_mounted: dict[tuple[str, str], bool] = {}


def fill(sections: Sequence[Section], duty: Callable[[Any], Duty | None] | None = None) -> None:
    """Set the sidebar and what says when an actor is on call; called once by `portal`."""
    _sections[:] = sections
    _duty[:] = [duty] if duty else []
    _mounted.clear()


def reachable(actor: Any) -> list[Item]:
    """Every page of the sidebar and the bar that this actor may open, without the figures beside them."""
    return [item for each in _sections for item in each.items if _is_mounted(item.path) and item.visible(actor)]


def _link(item: Item, actor: Any, current: str) -> Link:
    return Link(
        label=item.label,
        path=item.path,
        icon=item.icon,
        short=item.short or item.label,
        count=item.count(actor) if item.count else None,
        current=item.path == current,
        in_bar=item.in_bar,
        in_side=item.in_side,
    )


def _is_mounted(path: str) -> bool:
    """Whether a view answers at the path; asked once per path, since routes do not change at run time."""
    key = (get_urlconf() or settings.ROOT_URLCONF, path)
    if key not in _mounted:
        try:
            resolve(path)
        except Resolver404:
            _mounted[key] = False
        else:
            _mounted[key] = True
    return _mounted[key]
