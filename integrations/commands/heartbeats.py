"""Dead-man's switches: silence opens an incident, the next sign of life resolves it (O41, DET-13)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core import audit, clock, db, due
from core.errors import Conflict, Invalid
from core.models import Beat
from core.text import clean_line
from incidents.kinds import Normalised
from integrations import permissions
from integrations.commands.inbound import Arrival, write_batch
from integrations.models import Heartbeat
from integrations.queries import keyring
from integrations.queries.health import KIND
from integrations.states import HEARTBEAT
from oncall.models import Service

LISTENING = "heartbeats.listening"
DEAF = timedelta(seconds=60)  # a longer gap between two watches means that we were down ourselves
INTERVALS = (5, 30 * 24 * 3600)
GRACES = (0, 7 * 24 * 3600)


@dataclass(frozen=True, slots=True)
class Ping:
    """A sign of life for a heartbeat, whose key the door has checked; `at` is when it came, in UTC."""

    heartbeat_id: int
    at: datetime


@transaction.atomic
def create(
    actor: Actor, service: Service, *, name: str, interval_seconds: int = 300, grace_seconds: int = 60
) -> tuple[Heartbeat, str]:
    """Make a heartbeat, silent until its first ping; returns it with the text of its key, shown once."""
    require(actor, permissions.HEARTBEAT_EDIT, service)
    _check(service, name, interval_seconds, grace_seconds)
    raw = secrets.token_hex(16)
    made = Heartbeat.objects.create(
        service=service,
        name=clean_line(name, 120, "name"),
        prefix=raw[:4],
        digest=keyring.digest_of(raw),
        interval_seconds=interval_seconds,
        grace_seconds=grace_seconds,
    )
    transaction.on_commit(keyring.changed)
    audit.write(actor, "create", f"heartbeat:{made.pk}", after=_said(made))
    return made, raw


@transaction.atomic
def edit(
    actor: Actor,
    heartbeat: Heartbeat,
    *,
    name: str | None = None,
    interval_seconds: int | None = None,
    grace_seconds: int | None = None,
    version: int | None = None,
) -> Heartbeat:
    """Change name or times; what is awaited follows at once. Raises Conflict on a stale `version`."""
    require(actor, permissions.HEARTBEAT_EDIT, heartbeat)
    row = _locked(heartbeat.pk)
    db.check_version(row, version)
    before = _said(row)
    row.name = row.name if name is None else clean_line(name, 120, "name")
    row.interval_seconds = row.interval_seconds if interval_seconds is None else interval_seconds
    row.grace_seconds = row.grace_seconds if grace_seconds is None else grace_seconds
    _check(row.service, row.name, row.interval_seconds, row.grace_seconds, own=row.pk)
    if row.state == "up" and row.last_ping_at is not None:
        row.due_at = row.last_ping_at + _patience(row)
        _await(row, row.due_at)
    db.bump(row)
    row.save()
    old, new = audit.changed(before, _said(row))
    audit.write(actor, "edit", f"heartbeat:{row.pk}", before=old, after=new)
    return row


@transaction.atomic
def pause(actor: Actor, heartbeat: Heartbeat) -> Heartbeat:
    """Expect nothing until it is resumed; an alert of it is resolved."""
    require(actor, permissions.HEARTBEAT_EDIT, heartbeat)
    return _move(actor, _locked(heartbeat.pk), "pause")


@transaction.atomic
def resume(actor: Actor, heartbeat: Heartbeat) -> Heartbeat:
    """Expect signs of life again, from the next ping on."""
    require(actor, permissions.HEARTBEAT_EDIT, heartbeat)
    return _move(actor, _locked(heartbeat.pk), "resume")


@transaction.atomic
def delete(actor: Actor, heartbeat: Heartbeat) -> None:
    """Remove a heartbeat; an alert of it is resolved, its address answers no more."""
    require(actor, permissions.HEARTBEAT_EDIT, heartbeat)
    row = _locked(heartbeat.pk)
    if row.state == "down":
        _report(row, "resolve", "The heartbeat was removed")
    audit.write(actor, "delete", f"heartbeat:{row.pk}", before=_said(row))
    row.delete()
    transaction.on_commit(keyring.changed)


def ping_batch(pings: Sequence[Ping]) -> list[str]:
    """Store signs of life and say each one's new state ("gone" for a removed one); in the caller's transaction.

    Called down from intake, whose keys stand for the right to ping. A late ping resolves in the same transaction.
    """
    ids = sorted({ping.heartbeat_id for ping in pings})
    rows = {row.pk: row for row in db.locked(Heartbeat.objects.filter(pk__in=ids).order_by("pk"))}
    for ping in pings:
        row = rows.get(ping.heartbeat_id)
        if row is not None:
            _ping(row, ping.at)
    for row in rows.values():
        row.save(update_fields=["state", "last_ping_at", "due_at"])
    return [rows[ping.heartbeat_id].state if ping.heartbeat_id in rows else "gone" for ping in pings]


def _ping(row: Heartbeat, at: datetime) -> None:
    before = row.state
    row.last_ping_at = at if row.last_ping_at is None else max(at, row.last_ping_at)
    if before == "paused":
        return
    row.state = HEARTBEAT.next("ping", before)
    row.due_at = row.last_ping_at + _patience(row)
    if before != "up":
        _await(row, row.due_at)
    if before == "down":
        _report(row, "resolve", "Signs of life are back")


def expire(heartbeat_id: int) -> bool:
    """Open the alert of a heartbeat that is overdue, or wait on; in the caller's transaction. Says whether it opened.

    The due row does not move with every ping: when it comes up early, it is put again for the present due time.
    """
    row = db.locked(Heartbeat.objects.filter(pk=heartbeat_id, state="up")).select_related("service").first()
    if row is None or row.due_at is None:
        return False
    if row.service.archived_at is not None:  # watched again from its first ping after a restore
        row.state, row.due_at = HEARTBEAT.next("rest", row.state), None
        row.save(update_fields=["state", "due_at"])
        return False
    awaited = max(row.due_at, listening_since() + _patience(row))
    if clock.now() < awaited:
        _await(row, awaited)
        return False
    row.state = HEARTBEAT.next("expire", row.state)
    row.save(update_fields=["state"])
    _report(row, "trigger", f"No sign of life from {row.name} since {row.last_ping_at:%Y-%m-%d %H:%M:%S} UTC")
    return True


@transaction.atomic
def note_listening() -> None:
    """Keep in mind since when we can hear pings: after a gap of our own every heartbeat gets its full time anew."""
    now = clock.now()
    since = listening_since()
    Beat.objects.update_or_create(
        name=LISTENING, defaults={"at": now, "ok": True, "detail": {"since": since.isoformat()}}
    )


def listening_since() -> datetime:
    """Since when the portal has been up without a gap of its own; now, if it has just come back (O41)."""
    now = clock.now()
    beat = Beat.objects.filter(name=LISTENING).first()
    if beat is None or not timedelta(0) <= now - beat.at <= DEAF:
        return now
    return datetime.fromisoformat(beat.detail["since"])


def _patience(row: Heartbeat) -> timedelta:
    return timedelta(seconds=row.interval_seconds + row.grace_seconds)


def _await(row: Heartbeat, at: datetime) -> None:
    """Look again at `at` (UTC); a time that has passed may have its finished row already, so it becomes now."""
    at = max(at, clock.now())
    due.put(f"heartbeat:{row.pk}:{at.isoformat()}", KIND, str(row.pk), due=at, priority=due.Priority.STEP)


def _report(row: Heartbeat, action: str, summary: str) -> None:
    event = Normalised(
        service_id=row.service_id,
        action=action,
        key=f"heartbeat:{row.pk}",
        summary=summary,
        severity="error",
        source=row.name,
        kind="heartbeat",
        tool="heartbeat",
        details={"interval_seconds": row.interval_seconds, "grace_seconds": row.grace_seconds},
    )
    write_batch([Arrival(row.service_id, "heartbeat", [event], clock.now(), body=summary)])


def _locked(pk: int) -> Heartbeat:
    return db.locked(Heartbeat.objects.select_related("service").filter(pk=pk)).get()


def _move(actor: Actor, row: Heartbeat, verb: str) -> Heartbeat:
    before, row.state = row.state, HEARTBEAT.next(verb, row.state)
    row.due_at = None
    db.bump(row)
    row.save(update_fields=["state", "due_at", "version"])
    if before == "down":
        _report(row, "resolve", "The heartbeat was paused")
    audit.write(actor, verb, f"heartbeat:{row.pk}", before={"state": before}, after={"state": row.state})
    return row


def _said(row: Heartbeat) -> dict[str, object]:
    return {"name": row.name, "interval_seconds": row.interval_seconds, "grace_seconds": row.grace_seconds}


def _check(service: Service, name: str, interval: int, grace: int, own: int = 0) -> None:
    faults: dict[str, list[str]] = {}
    if not name.strip():
        faults["name"] = ["Must not be blank."]
    for field, value, (low, high) in (("interval_seconds", interval, INTERVALS), ("grace_seconds", grace, GRACES)):
        if not low <= value <= high:
            faults[field] = [f"Must be between {low} and {high} seconds."]
    if faults:
        raise Invalid("These values cannot be used.", fields=faults)
    if service.archived_at is not None:
        raise Conflict("This service is archived.", code="archived")
    if Heartbeat.objects.filter(service=service, name=name.strip()).exclude(pk=own).exists():
        raise Conflict("A heartbeat of this service has this name already.", code="taken")
