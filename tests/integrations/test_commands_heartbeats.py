"""Dead-man's switches: silence opens an incident of its own, a late ping resolves it (DET-13, O41)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from core import worker
from core.clock import FrozenClock
from core.errors import Conflict, Forbidden, Invalid
from core.models import AuditEntry, DueRow
from incidents.models import Alert, Incident
from integrations.commands import heartbeats
from integrations.commands.heartbeats import Ping, note_listening, ping_batch
from integrations.models import Heartbeat, InboundEvent
from integrations.queries.health import KIND, unwatched_heartbeats
from tests.integrations.conftest import OWNER, Sender
from tests.world import World, acts

MINUTE = timedelta(minutes=1)


@pytest.fixture
def backup(world: World, at: FrozenClock) -> Heartbeat:
    """A heartbeat that is awaited every 5 minutes with 1 minute of grace."""
    note_listening()
    return heartbeats.create(OWNER, world.checkout, name="Backup", interval_seconds=300, grace_seconds=60)[0]


def ping(row: Heartbeat, at: FrozenClock) -> str:
    with transaction.atomic():
        return ping_batch([Ping(row.pk, at.at)])[0]


def pass_time(at: FrozenClock, minutes: int) -> None:
    """Minutes go by with the portal up: the watch and the due queue run in each."""
    for _ in range(minutes):
        at.move(minutes=1)
        note_listening()
        worker.drain()


def state(row: Heartbeat) -> str:
    row.refresh_from_db()
    return row.state


def test_a_new_one_is_silent_until_its_first_ping_o41(backup: Heartbeat, at: FrozenClock) -> None:
    pass_time(at, 30)
    assert state(backup) == "new"
    assert not Alert.objects.exists()


def test_silence_opens_an_incident_of_its_own_det_13(backup: Heartbeat, at: FrozenClock) -> None:
    assert ping(backup, at) == "up"
    pass_time(at, 5)
    assert state(backup) == "up"
    pass_time(at, 1)
    assert state(backup) == "down"
    incident = Incident.objects.get()
    assert "Backup" in incident.title
    assert incident.service_id == backup.service_id
    assert InboundEvent.objects.get().tool == "heartbeat"


def test_pings_in_time_keep_it_quiet_and_cost_no_row_each_o41(backup: Heartbeat, at: FrozenClock) -> None:
    for _ in range(60):
        ping(backup, at)
        pass_time(at, 1)
    assert state(backup) == "up"
    assert not Alert.objects.exists()
    assert DueRow.objects.filter(kind=KIND).count() < 15


def test_a_late_ping_resolves_o41(backup: Heartbeat, at: FrozenClock) -> None:
    ping(backup, at)
    pass_time(at, 8)
    assert Alert.objects.get().state == "open"
    assert ping(backup, at) == "up"
    assert Alert.objects.get().state == "resolved"
    pass_time(at, 8)
    assert Alert.objects.filter(state="open").count() == 1  # and it is awaited again


def test_a_restart_of_our_own_fires_nothing_but_silence_after_it_does_o41(backup: Heartbeat, at: FrozenClock) -> None:
    ping(backup, at)
    at.move(hours=2)  # nobody of ours was there to hear
    worker.drain()
    assert state(backup) == "up"
    assert not Alert.objects.exists()
    pass_time(at, 5)
    assert state(backup) == "up"
    pass_time(at, 3)
    assert state(backup) == "down"


def test_a_short_break_of_ours_is_none(backup: Heartbeat, at: FrozenClock) -> None:
    ping(backup, at)
    pass_time(at, 5)
    at.move(seconds=59)
    worker.drain()
    note_listening()
    at.move(seconds=1)
    worker.drain()
    assert state(backup) == "down"


def test_the_auditor_finds_one_that_nobody_watches_g14(backup: Heartbeat, at: FrozenClock) -> None:
    ping(backup, at)
    assert list(unwatched_heartbeats()) == []
    DueRow.objects.filter(kind=KIND).delete()
    pass_time(at, 17)
    [finding] = unwatched_heartbeats()
    assert "Backup" in finding.sentence


def test_a_paused_one_is_not_awaited(backup: Heartbeat, at: FrozenClock) -> None:
    ping(backup, at)
    pass_time(at, 8)
    heartbeats.pause(OWNER, backup)
    assert Alert.objects.get().state == "resolved"
    assert ping(backup, at) == "paused"
    pass_time(at, 30)
    assert state(backup) == "paused"
    heartbeats.resume(OWNER, backup)
    pass_time(at, 30)
    assert state(backup) == "new"
    assert ping(backup, at) == "up"
    pass_time(at, 6)
    assert state(backup) == "down"
    with pytest.raises(Conflict):
        heartbeats.resume(OWNER, backup)


def test_shorter_times_are_heeded_at_once(backup: Heartbeat, at: FrozenClock) -> None:
    ping(backup, at)
    heartbeats.edit(OWNER, backup, interval_seconds=60, grace_seconds=0)
    pass_time(at, 1)
    assert state(backup) == "down"


def test_times_that_were_changed_there_and_back_are_heeded_too(backup: Heartbeat, at: FrozenClock) -> None:
    """A moment that was looked at in vain once is looked at again."""
    ping(backup, at)
    heartbeats.edit(OWNER, backup, interval_seconds=60, grace_seconds=0)
    at.move(seconds=30)
    ping(backup, at)
    for seconds in (30, 10, 20, 10):  # what was awaited first, the way back, what was awaited next, there again
        at.move(seconds=seconds)
        note_listening()
        worker.drain()
        if seconds == 10:
            shorter = backup.interval_seconds == 60
            heartbeats.edit(OWNER, backup, interval_seconds=300 if shorter else 60, grace_seconds=0)
        backup.refresh_from_db()
        assert backup.state == "up"
    worker.drain()
    assert state(backup) == "down"


def test_a_removed_one_resolves_its_alert(backup: Heartbeat, at: FrozenClock) -> None:
    ping(backup, at)
    pass_time(at, 8)
    heartbeats.delete(OWNER, backup)
    assert Alert.objects.get().state == "resolved"
    assert not Heartbeat.objects.exists()
    worker.drain()


def test_who_may_change_heartbeats(world: World, backup: Heartbeat) -> None:
    for user in (world.eve, world.sam, world.bo):
        with pytest.raises(Forbidden):
            heartbeats.create(acts(user), world.checkout, name="X")
        for verb in (heartbeats.edit, heartbeats.pause, heartbeats.delete):
            with pytest.raises(Forbidden):
                verb(acts(user), backup)
    made, raw = heartbeats.create(acts(world.ana), world.checkout, name="X")
    assert len(raw) == 32
    assert raw not in str(made.__dict__)
    assert AuditEntry.objects.filter(thing=f"heartbeat:{made.pk}", verb="create").exists()


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": " "}, {"interval_seconds": 1}, {"grace_seconds": -1}, {"interval_seconds": 10**9}]
)
def test_wrong_values_are_refused(world: World, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid) as caught:
        heartbeats.create(OWNER, world.checkout, **{"name": "X", **wrong})  # type: ignore[arg-type]
    assert set(wrong) == set(caught.value.fields)


def test_names_are_used_once_and_stale_forms_are_refused(world: World, backup: Heartbeat) -> None:
    with pytest.raises(Conflict):
        heartbeats.create(OWNER, world.checkout, name="Backup")
    heartbeats.edit(OWNER, backup, name="Nightly", version=1)
    with pytest.raises(Conflict):
        heartbeats.edit(OWNER, backup, name="Daily", version=1)


def test_pings_over_http(sender: Sender, busy_world: World) -> None:
    """GET or POST, any body, with and without a slash; a wrong key hears what all wrong keys hear."""
    row, raw = heartbeats.create(OWNER, busy_world.checkout, name="Backup")
    for path, method in ((f"/heartbeats/{raw}", "GET"), (f"/heartbeats/{raw}/", "POST")):
        answer = sender.post(path, method=method)
        assert (answer.status, answer.body) == (200, {"status": "ok"})
    assert state(row) == "up"
    assert sender.post("/heartbeats/" + "f" * 32).status == 403
    heartbeats.delete(OWNER, row)
    assert sender.post(f"/heartbeats/{raw}").status == 403
