"""The registry of event adapters: one file each in `adapters/`, found when the room is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from incidents.kinds import Normalised


@dataclass(frozen=True, slots=True)
class Door:
    """What an adapter may know of the key and the address that an event came with; `received_at` is in UTC."""

    service_id: int
    received_at: datetime
    key_id: int = 0
    name: str = ""
    paths: Mapping[str, Any] = field(default_factory=dict)
    address: Mapping[str, str] = field(default_factory=dict)


Headers = Mapping[str, str]
Parse = Callable[[Headers, dict[str, Any], Door], list[Normalised]]


@dataclass(frozen=True, slots=True)
class EventAdapter:
    """How one kind of tool speaks.

    `parse` turns a JSON object into events and raises Invalid with the place of the fault. A `native`
    adapter has the address `/integrations/<id>/<key>`: there what is too long is cut and marked, never refused.
    """

    id: str
    label: str
    parse: Parse
    native: bool = False


_adapters: dict[str, EventAdapter] = {}


def adapter(id_: str, label: str, *, native: bool = False) -> Callable[[Parse], Parse]:
    """Register a `parse` function under the tool's id; ids are unique."""

    def register(parse: Parse) -> Parse:
        if id_ in _adapters:
            raise ValueError(f"event adapter {id_} is registered twice")
        _adapters[id_] = EventAdapter(id_, label, parse, native)
        return parse

    return register


def adapters() -> list[EventAdapter]:
    """Every adapter, by id."""
    return [_adapters[id_] for id_ in sorted(_adapters)]


def adapter_of(id_: str) -> EventAdapter | None:
    """The adapter of a kind of tool, or None."""
    return _adapters.get(id_)


def native_adapter(id_: str) -> EventAdapter | None:
    """The adapter behind `/integrations/<id>/`, or None."""
    found = _adapters.get(id_)
    return found if found is not None and found.native else None


#: What an outgoing webhook may be told of: facts of incidents, by their names, as people read them.
PING = "ping"
WEBHOOK_KINDS: Mapping[str, str] = {
    "incident.opened": "Opened",
    "incident.acknowledged": "Acknowledged",
    "incident.priority_raised": "Priority raised",
    "incident.priority_lowered": "Priority lowered",
    "incident.resolved": "Resolved",
    "incident.resolve_undone": "Resolve taken back",
    "incident.reopened": "Reopened",
    "incident.closed": "Closed",
    "incident.cancelled": "Cancelled as a false alarm",
    "incident.retriggered": "Waits for an answer again",
    "incident.moved": "Identified, mitigated or relapsed",
    "incident.snoozed": "Snoozed",
    "incident.reassigned": "Given to others",
    "incident.renamed": "Renamed",
    "incident.exhausted": "Everybody was asked in vain",
}
USUAL_KINDS = tuple(WEBHOOK_KINDS)[:9]
