"""Questions that higher rooms may answer inside a command's transaction; they write nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from incidents.models import Incident

PageHold = Callable[["Incident"], "datetime | None"]
MayClose = Callable[["Incident"], "list[str]"]

_holds: list[PageHold] = []
_closers: list[MayClose] = []


def register_page_hold(gate: PageHold) -> PageHold:
    """Let a room delay the first page of a new incident until a time."""
    _holds.append(gate)
    return gate


def register_may_close(gate: MayClose) -> MayClose:
    """Let a room name reasons why an incident may not be closed yet."""
    _closers.append(gate)
    return gate


def page_hold(incident: Incident) -> datetime | None:
    """The latest time (UTC) until which a room holds the first page, or None."""
    times = [until for gate in _holds if (until := gate(incident)) is not None]
    return max(times, default=None)


def may_close(incident: Incident) -> list[str]:
    """Every reason against closing, as sentences; empty when nothing stands in the way (S37)."""
    return [reason for gate in _closers for reason in gate(incident)]
