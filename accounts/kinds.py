"""What higher rooms add to the pages of people and teams and to signing out: they register it, this room knows none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.actors import Actor
    from accounts.models import Team, User

#: Where a panel may stand: above the profile's form, on a person's page, on a team's page and in its right column.
SLOTS = ("profile", "person", "team", "team-side")


@dataclass(frozen=True, slots=True)
class Panel:
    """Something that a room shows in a slot: `template` is drawn with what `read` returns as `panel`, unless None.

    `read` is given the viewer and the person or team that the page is about.
    """

    slot: str
    template: str
    read: Callable[[Actor, Any], Any]
    position: int = 50


@dataclass(frozen=True, slots=True)
class TeamColumn:
    """A further column of the list of teams: `template` is drawn with a team's value as `cell`.

    `read` returns team id -> value for the teams on the page, in a fixed number of queries.
    """

    label: str
    template: str
    read: Callable[[Actor, Sequence[Team]], Mapping[int, Any]]
    position: int = 50


Reached = Callable[[set[int], "Actor"], Iterable[str]]
_reached: list[Reached] = []
Resting = Callable[["User"], Iterable[str]]
_resting: list[Resting] = []
Leaving = Callable[["HttpRequest", "Actor"], None]
_panels: dict[str, Panel] = {}
_columns: dict[str, TeamColumn] = {}
_leaving: dict[str, Leaving] = {}


def register_audited(keys: Reached) -> None:
    """Say which things' audit a person may read beside his or her own acts.

    `keys` is given the ids of the teams that the actor manages, and the actor, and returns the things' keys in the
    audit, such as `service:3`; it says whose it is by the rows of now.
    """
    if keys not in _reached:
        _reached.append(keys)


def audited_for(actor: Actor, managed: set[int]) -> set[str]:
    """The keys of every thing whose audit this person may read."""
    return {key for keys in _reached for key in keys(managed, actor)}


def register_resting(sentences: Resting) -> None:
    """Say what rests on a person and loses him or her: asked before somebody is shut out. No private thing is named."""
    if sentences not in _resting:
        _resting.append(sentences)


def resting_on(user: User) -> list[str]:
    """What rests on a person in the rooms above, in sentences."""
    return [sentence for sentences in _resting for sentence in sentences(user)]


def register_panel(panel: Panel) -> None:
    """Add or replace a panel; raises ValueError for a slot that no page has."""
    if panel.slot not in SLOTS:
        raise ValueError(f"no page has the slot {panel.slot}")
    _panels[panel.template] = panel


def panels(slot: str, actor: Actor, thing: Any) -> list[tuple[str, Any]]:
    """The templates of a slot's panels in their order, with what each is drawn with for this viewer."""
    rows = sorted((p for p in _panels.values() if p.slot == slot), key=lambda p: (p.position, p.template))
    found = [(panel.template, panel.read(actor, thing)) for panel in rows]
    return [(template, value) for template, value in found if value is not None]


def register_team_column(column: TeamColumn) -> None:
    """Add or replace a column of the list of teams."""
    _columns[column.template] = column


def team_columns() -> list[TeamColumn]:
    """The columns, in their order."""
    return sorted(_columns.values(), key=lambda column: (column.position, column.template))


def on_sign_out(act: Leaving) -> None:
    """Do this when somebody signs out, while the request is still his or hers."""
    _leaving[f"{act.__module__}.{act.__qualname__}"] = act


def sign_out(request: HttpRequest, actor: Actor) -> None:
    """All that is registered for signing out."""
    for act in _leaving.values():
        act(request, actor)
