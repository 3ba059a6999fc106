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


def test_s13_what_fires_again_stays_with_whoever_has_taken_it(stage: Stage) -> None:
    stage.fire()
    stage.fire(action="resolve")
    take(stage)
    stage.wait(seconds=30)
    stage.fire()
    stage.wait(minutes=5)
    assert stage.incident().status == "acknowledged"
