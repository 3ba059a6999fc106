"""What an incident does when nobody does anything, while the settings change under it (S13, S37, G14)."""

from __future__ import annotations

import pytest

from core import due
from core.models import DueRow
from incidents import gates
from incidents.commands import alerts, lifecycle
from incidents.models import Incident
from oncall.models import Escalation
from tests.incidents.conftest import Stage
from tests.world import acts


def quiet_time(stage: Stage, seconds: int) -> None:
    """Ana sets how long the service's alerts must have been quiet."""
    stage.service.quiet_resolve_seconds = seconds
    stage.service.save()


def waiting(kind: str) -> int:
    """How many rows of this kind still stand in the due queue."""
    return DueRow.objects.filter(kind=kind, state=DueRow.WAITING).count()


def test_s13_a_quiet_time_made_longer_while_it_runs_is_waited_for(stage: Stage) -> None:
    """Ana makes one minute into five: the incident ends after five, and Cy is not paged for what has ended."""
    stage.fire()
    stage.fire(action="resolve")
    stage.wait(seconds=30)
    quiet_time(stage, 300 - 30)
    stage.wait(seconds=31)
    assert stage.incident().status == "triggered"
    assert waiting("incident.quiet_resolve") == 1
    stage.wait(seconds=208)
    assert stage.incident().status == "triggered"
    stage.wait(seconds=2)
    assert (stage.incident().status, stage.incident().resolution_code) == ("resolved", "self_healed")
    assert not Escalation.objects.filter(state="running").exists()
    assert stage.pages() == ["Bo"]


def test_s13_a_quiet_time_made_longer_twice_and_shorter_between(stage: Stage) -> None:
    stage.fire()
    stage.fire(action="resolve")
    quiet_time(stage, 120)
    stage.wait(seconds=61)
    quiet_time(stage, 60)
    quiet_time(stage, 180)
    stage.wait(seconds=60)
    assert stage.incident().status == "triggered"
    stage.wait(seconds=60)
    assert stage.incident().status == "resolved"


def test_s13_a_row_that_comes_too_soon_by_a_hair_asks_again(stage: Stage) -> None:
    """The host's clock was ahead: the same moment is asked for again, although its key is taken."""
    stage.fire()
    stage.fire(action="resolve")
    stage.wait(seconds=59)
    row = DueRow.objects.get(kind="incident.quiet_resolve", state=DueRow.WAITING)
    assert not alerts.quiet_resolve(1)
    due.withdraw([row.key])
    stage.wait(seconds=2)
    assert stage.incident().status == "resolved"


def test_s13_a_return_ends_the_longer_quiet_time_too(stage: Stage) -> None:
    stage.fire()
    stage.fire(action="resolve")
    quiet_time(stage, 240)
    stage.wait(seconds=61)
    stage.fire()
    assert waiting("incident.quiet_resolve") == 0
    stage.wait(minutes=4)
    assert stage.incident().status == "triggered"


def test_s37_an_objection_puts_the_closing_off_by_a_day(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The review of a small incident is not done: nothing is parked, no alarm, and later it closes by itself."""
    objections = ["Its review is not done."]

    def objects(_incident: Incident) -> list[str]:
        return list(objections)

    monkeypatch.setattr(gates, "_closers", [objects])
    stage.fire()
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    for _ in range(10):
        stage.wait(days=1, seconds=1)
        assert stage.incident().status == "resolved"
        assert not due.parked().exists()
        assert waiting("incident.close") == 1
    objections.clear()
    stage.wait(days=1, seconds=1)
    assert stage.incident().status == "closed"
    assert waiting("incident.close") == 0


def test_s37_a_reopened_incident_is_not_closed_by_a_closing_that_was_put_off(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "_closers", [lambda _incident: ["Not yet."]])
    stage.fire()
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.wait(days=1, seconds=1)
    lifecycle.reopen(acts(stage.world.bo), stage.incident(), reason="It is back")
    assert waiting("incident.close") == 0
