"""Alertmanager after a gap: it fires again with the beginning that it always had (O33, O35, F16)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from core import clock, worker
from incidents.commands.acceptance import accept_batch
from incidents.models import Alert, Incident
from integrations.adapters import alertmanager, grafana
from integrations.kinds import Door
from tests.world import World

ADAPTERS = pytest.mark.parametrize("adapter", [alertmanager, grafana], ids=["alertmanager", "grafana"])


class Sender:
    """An Alertmanager or a Grafana that tells Checkout of one alert, begun half an hour ago."""

    def __init__(self, world: World, adapter: Any) -> None:
        self.world, self.adapter = world, adapter
        self.began = clock.now() - timedelta(minutes=30)

    def says(self, status: str, ends: datetime | None = None, *, starts: datetime | None = None) -> str:
        """What becomes of one message, the worker's part included."""
        alert = {
            "status": status,
            "labels": {"alertname": "DiskFull", "instance": "web1", "severity": "error"},
            "startsAt": (starts or self.began).isoformat(),
            "endsAt": ends.isoformat() if ends else "0001-01-01T00:00:00Z",
            "fingerprint": "38537c553f3b86be",
        }
        door = Door(self.world.checkout.pk, clock.now(), 1, "Checks")
        events = self.adapter.parse({}, {"status": status, "groupKey": "g", "alerts": [alert]}, door)
        with transaction.atomic():
            [outcome] = [each.outcome for each in accept_batch(events)]
        worker.drain()
        return outcome


@ADAPTERS
def test_o35_it_fires_again_after_a_gap_and_is_never_late(world: World, at: clock.FrozenClock, adapter: Any) -> None:
    """Prometheus was cut off, the alert ran out, and contact is back 20 s later: Bo is asked again."""
    sender = Sender(world, adapter)
    assert sender.says("firing") == "new"
    assert Incident.objects.get().milestones.get(kind="started").at == sender.began
    at.move(minutes=4)
    assert sender.says("resolved", clock.now()) == "resolved"
    at.move(seconds=20)
    assert sender.says("firing") == "new"
    assert Alert.objects.get(state="open").incident == Incident.objects.get(status="triggered")


@ADAPTERS
def test_o35_an_end_that_is_told_twice_does_not_end_what_fires_again(
    world: World, at: clock.FrozenClock, adapter: Any
) -> None:
    """The second of two Alertmanagers comes late with the same end; the real end comes later and counts."""
    sender = Sender(world, adapter)
    sender.says("firing")
    at.move(minutes=4)
    end = clock.now()
    sender.says("resolved", end)
    at.move(seconds=20)
    sender.says("firing")
    assert sender.says("resolved", end) == "stale"
    assert Alert.objects.filter(state="open").count() == 1
    at.move(seconds=20)
    assert sender.says("resolved", clock.now()) == "resolved"


@ADAPTERS
def test_an_end_without_a_time_ends_what_fires_again(world: World, at: clock.FrozenClock, adapter: Any) -> None:
    """Its clock is an hour ahead, so the time of its end is of no use; the end itself is."""
    sender = Sender(world, adapter)
    sender.says("firing")
    at.move(minutes=4)
    sender.says("resolved", clock.now())
    sender.says("firing")
    assert sender.says("resolved", clock.now() + timedelta(hours=1)) == "resolved"


@ADAPTERS
def test_o35_an_end_before_the_present_beginning_is_stale(world: World, at: clock.FrozenClock, adapter: Any) -> None:
    """It ended and began anew, and the message of the end comes last."""
    sender = Sender(world, adapter)
    end = clock.now()
    at.move(minutes=1)
    assert sender.says("firing", starts=clock.now() - timedelta(seconds=30)) == "new"
    assert sender.says("resolved", end) == "stale"


@ADAPTERS
def test_f16_after_an_end_of_an_unknown_key_it_may_fire(world: World, at: clock.FrozenClock, adapter: Any) -> None:
    """The beginning says nothing about which message was sent first: an alarm too many beats a lost one."""
    sender = Sender(world, adapter)
    assert sender.says("resolved", clock.now()) == "unknown_key"
    at.move(seconds=20)
    assert sender.says("firing") == "new"
