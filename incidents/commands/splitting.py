"""Moving alerts out of an incident into one of their own (DET-07, S17)."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import F

from accounts.actors import Actor
from accounts.permissions import require
from core.db import locked
from core.errors import Invalid
from core.text import clean_line, one_line
from incidents import permissions
from incidents.commands import lifecycle, moving, opening, people, timeline, timers
from incidents.models import Alert, Incident


@transaction.atomic
def split(
    actor: Actor, incident: Incident, *, alerts: Collection[int], title: str = "", version: int | None = None
) -> Incident:
    """Open a new incident with these alerts, acknowledged by whoever splits; entries stay where they were written.

    Both incidents say where the other is. Raises Invalid unless the alerts are the incident's and one remains.
    """
    require(actor, permissions.INCIDENT_SPLIT, incident)
    opening.lock_numbers()
    incident = moving.hold(incident)
    moving.check_version(incident, version)
    moving.check(incident, "resolve", None)  # only an open incident can be split
    moved = _chosen(incident, alerts)
    held_open = _is_held_open(incident)
    name = clean_line(title, 255, "title") or one_line(moved[0].summary, 255)
    fresh = opening.open_beside(actor, incident, name)
    if actor.user is not None:
        people.join(fresh, [actor.user.pk])  # a guest of the source has no other right on what comes out of it
    Alert.objects.filter(pk__in=[alert.pk for alert in moved]).update(incident=fresh)
    Incident.objects.filter(pk=fresh.pk).update(alert_count=len(moved))
    Incident.objects.filter(pk=incident.pk).update(alert_count=F("alert_count") - len(moved))
    what = f"{len(moved)} alert{'s' if len(moved) > 1 else ''}"
    data = {"alerts": [alert.pk for alert in moved], "from": incident.number, "to": fresh.number}
    timeline.append(actor, incident, "split", f"Moved {what} to {fresh}.", data=data)
    timeline.append(actor, fresh, "split", f"Took {what} out of {incident}.", data=data)
    moving.save(incident)
    people.ensure_assignee(fresh)
    fresh = lifecycle.acknowledge(actor, fresh)
    for each in () if held_open else (incident, fresh):
        moving.await_quiet(each)
    return fresh


def _is_held_open(incident: Incident) -> bool:
    """Whether all has ended and no quiet time runs: a person keeps it open, and so both parts of it (S13)."""
    return not incident.alerts.filter(state="open").exists() and not timers.quiet_time_runs(incident)


def _chosen(incident: Incident, ids: Collection[int]) -> list[Alert]:
    rows = locked(Alert.objects.filter(incident=incident).order_by("pk"))
    everything = list(rows)
    chosen = [alert for alert in everything if alert.pk in set(ids)]
    if not chosen or len(chosen) != len(set(ids)):
        raise Invalid("These are not alerts of this incident.", fields={"alerts": ["Not alerts of this incident."]})
    if len(chosen) == len(everything):
        raise Invalid("One alert must stay.", fields={"alerts": ["Leave at least one."]})
    return chosen
