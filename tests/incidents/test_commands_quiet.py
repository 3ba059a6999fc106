"""Its alerts have ended, and a person has moved it meanwhile: the quiet time goes on (S13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from core import clock
from incidents.commands import assignment, lifecycle, returning, undoing
from tests.incidents.conftest import Stage
from tests.world import acts

Act = Callable[[Stage], object]


def take(stage: Stage) -> object:
    """Bo acknowledges."""
    return lifecycle.acknowledge(acts(stage.world.bo), stage.incident())


def snooze(stage: Stage) -> object:
    """Bo snoozes for an hour."""
    return returning.snooze(acts(stage.world.bo), stage.incident(), until=clock.now() + timedelta(hours=1))


def give(stage: Stage) -> object:
    """Bo gives it to Cy."""
    return assignment.reassign(acts(stage.world.bo), stage.incident(), user=stage.world.cy)


def take_and_undo(stage: Stage) -> object:
    """Bo acknowledges, and takes it back."""
    take(stage)
    return undoing.undo_acknowledge(acts(stage.world.bo), stage.incident())


def resolve_and_undo(stage: Stage) -> object:
    """Bo resolves, and takes it back."""
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    return undoing.undo_resolve(acts(stage.world.bo), stage.incident())


@pytest.mark.parametrize("act", [take, snooze, give, take_and_undo, resolve_and_undo])
def test_s13_it_resolves_by_itself_whoever_has_touched_it_meanwhile(stage: Stage, act: Act) -> None:
    stage.fire()
    stage.fire(action="resolve")
    stage.at.move(seconds=20)
    act(stage)
    stage.wait(seconds=39)
    assert stage.incident().is_open
    stage.wait(seconds=2)
    incident = stage.incident()
    assert (incident.status, incident.resolution_code) == ("resolved", "self_healed")


def hold_open(stage: Stage) -> None:
    """Bo resolves it, and takes it up again two minutes later since customers still complain."""
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.wait(minutes=2)
    lifecycle.reopen(acts(stage.world.bo), stage.incident(), reason="Customers still complain")
    stage.wait(minutes=2)


def test_s13_what_bo_holds_open_stays_open_when_he_takes_a_resolve_back(stage: Stage) -> None:
    stage.fire()
    hold_open(stage)
    resolve_and_undo(stage)
    stage.wait(minutes=3)
    assert stage.incident().status == "acknowledged"


def test_s13_the_machines_own_resolve_taken_back_stays_open(stage: Stage) -> None:
    """Both alerts ended before the worker looked, so that each asked for the quiet time."""
    for key in ("web1", "web2"):
        stage.fire(key, tool_group="g")
    stage.accept(stage.event("web1", "resolve"), stage.event("web2", "resolve"))
    stage.wait(seconds=0)
    stage.wait(seconds=61)
    assert stage.incident().resolution_code == "self_healed"
    undoing.undo_resolve(acts(stage.world.bo), stage.incident())
    stage.wait(minutes=3)
    assert stage.incident().status == "triggered"


def test_s13_a_quiet_time_that_ran_out_before_the_undo_begins_anew(stage: Stage) -> None:
    """Bo resolves two seconds before it would have resolved by itself, and takes that back five seconds later."""
    stage.fire()
    stage.fire(action="resolve")
    stage.wait(seconds=58)
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.wait(seconds=5)
    undoing.undo_resolve(acts(stage.world.bo), stage.incident())
    stage.wait(seconds=59)
    assert stage.incident().status == "triggered"
    stage.wait(seconds=2)
    assert stage.incident().resolution_code == "self_healed"


def test_s13_an_undo_whose_alert_has_gone_to_another_incident_still_ends(stage: Stage) -> None:
    """No alert is left that could end INC-1: what fired again 5 s after Bo's resolve is INC-2's."""
    stage.service.reopen_window_minutes = 0
    stage.service.save()
    stage.fire()
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.wait(seconds=5)
    stage.fire()
    undoing.undo_resolve(acts(stage.world.bo), stage.incident(1))
    stage.wait(seconds=50)
    assert stage.incident(1).status == "triggered"
    stage.wait(seconds=10)
    assert (stage.incident(1).status, stage.incident(2).status) == ("resolved", "triggered")


def test_s13_what_fires_again_stays_with_whoever_has_taken_it(stage: Stage) -> None:
    stage.fire()
    stage.fire(action="resolve")
    take(stage)
    stage.wait(seconds=30)
    stage.fire()
    stage.wait(minutes=5)
    assert stage.incident().status == "acknowledged"
