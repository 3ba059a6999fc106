"""An alert that comes back worse inside the reopen window raises its incident and pages (S14, O33, O27)."""

from __future__ import annotations

from oncall.models import Page
from tests.incidents.conftest import Stage


def test_an_info_that_returns_as_critical_pages_somebody(stage: Stage) -> None:
    stage.accept(stage.event("disk", severity="info"))
    stage.drain()
    assert stage.incident().priority.rank == 5
    assert not Page.objects.exists()
    stage.accept(stage.event("disk", action="resolve"))
    stage.drain()
    stage.at.move(minutes=2)
    stage.drain()
    assert stage.incident().status == "resolved"

    stage.at.move(minutes=5)
    stage.accept(stage.event("disk", severity="critical"))
    stage.drain()
    again = stage.incident()
    assert (again.status, again.priority.rank) == ("triggered", 2)
    assert Page.objects.filter(subject=again.subject, state="sent").exists()
