"""The room's time-outs; each looks at the incident itself, so a row that comes too late or twice does nothing."""

from __future__ import annotations

from accounts.actors import system
from core.due import Item, due
from incidents import gates
from incidents.commands import alerts, lifecycle, moving, returning, timers


@due("incident.ack_timeout", effect="database")
def time_out_acknowledgement(item: Item) -> None:
    """An acknowledgement got old (O20, S53)."""
    returning.time_out(int(item.ref))


@due("incident.snooze_end", effect="database")
def end_snooze(item: Item) -> None:
    """A snooze ends (O27)."""
    returning.end_snooze(int(item.ref))


@due("incident.quiet_resolve", effect="database")
def resolve_quiet_incident(item: Item) -> None:
    """The alerts have been quiet (S13)."""
    alerts.quiet_resolve(int(item.ref))


@due("incident.close", effect="database")
def close_minor_incident(item: Item) -> None:
    """A day after its end a minor incident is closed; where a gate objects, it is asked again each day (S37)."""
    incident = moving.held(int(item.ref))
    if incident is None or incident.status != "resolved" or incident.is_major:
        return
    if gates.may_close(incident):
        timers.put_off_closing(incident)
    else:
        lifecycle.close(system(), incident)
