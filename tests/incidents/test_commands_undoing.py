"""A snooze and a resolve that are taken back (domain.md: ten seconds; O20, O27)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from incidents.commands import assignment, lifecycle, opening, returning, undoing
from incidents.models import Milestone, Priority
from notifications.models import Delivery
from oncall.models import Escalation
from tests import world as make
from tests.incidents.conftest import Stage
from tests.world import acts

HOUR = timedelta(hours=1)


def snooze(stage: Stage, **by: float) -> None:
    """Bo snoozes the only incident; the clock then moves by `by`."""
    returning.snooze(acts(stage.world.bo), stage.incident(), until=clock.now() + HOUR)
    stage.at.move(**by)


def test_tri_14_what_pages_nobody_is_escalated_to_level_1(stage: Stage) -> None:
    """DET-05: the button of an informational incident wakes the first level; its undo is no dead end either."""
    Priority.objects.update(pages=False)
    stage.fire()
    bo = acts(stage.world.bo)
    lifecycle.acknowledge(acts(stage.world.ana), stage.incident())
    undoing.undo_acknowledge(acts(stage.world.ana), stage.incident())
    assert stage.pages() == []
    assignment.escalate_now(bo, stage.incident())
    stage.drain()
    assert stage.pages() == ["Bo"]
    assignment.escalate_now(bo, stage.incident())
    stage.drain()
    assert stage.pages() == ["Bo", "Cy"]


def test_o27_a_snooze_taken_back_leaves_it_with_whoever_had_taken_it(stage: Stage) -> None:
    """Cy has had it for an hour; Bo snoozes by mistake and presses Undo: nobody is paged, late or not."""
    stage.fire()
    lifecycle.acknowledge(acts(stage.world.cy), stage.incident())
    since = stage.incident().status_since
    stage.wait(hours=1)
    snooze(stage, seconds=5)
    undoing.undo_acknowledge(acts(stage.world.bo), stage.incident())
    stage.wait(minutes=30)
    incident = stage.incident()
    assert (incident.status, incident.snoozed_until, incident.status_since) == ("acknowledged", None, since)
    assert stage.assignees() == {"Cy"}
    assert stage.pages() == ["Bo"]
    assert "Late" not in "".join(str(each.message) for each in Delivery.objects.all())
    assert incident.milestones.filter(kind="acknowledged").exists()
    stage.wait(minutes=31)  # two hours after Cy had taken it, as if nothing had been (O20)
    assert stage.incident().status == "triggered"
    assert sorted(stage.pages()) == ["Bo", "Bo", "Cy"]


def test_o27_a_second_snooze_taken_back_leaves_the_first(stage: Stage) -> None:
    stage.fire()
    snooze(stage, minutes=10)
    first = stage.incident().snoozed_until
    snooze(stage, seconds=5)
    undoing.undo_acknowledge(acts(stage.world.bo), stage.incident())
    assert (stage.incident().status, stage.incident().snoozed_until) == ("acknowledged", first)
    stage.wait(minutes=51)
    assert stage.incident().status == "triggered"
    assert stage.pages() == ["Bo", "Bo"]


def test_o27_the_snooze_of_a_triggered_incident_taken_back_goes_on_where_it_stood(stage: Stage) -> None:
    """Level 2 was being asked: Cy is not passed over, Bo is not asked again, the due time is the former one."""
    stage.fire()
    stage.wait(minutes=6)
    due_at = Escalation.objects.get().due_at
    snooze(stage, seconds=9)
    undoing.undo_acknowledge(acts(stage.world.bo), stage.incident())
    stage.drain()
    running = Escalation.objects.get(state="running")
    assert (running.run, running.level, running.due_at) == (1, 2, due_at)
    assert (stage.incident().status, stage.incident().snoozed_until) == ("triggered", None)
    assert stage.assignees() == {"Cy"}
    assert stage.pages() == ["Bo", "Cy"]
    assert not stage.incident().milestones.filter(kind="acknowledged").exists()


@pytest.mark.parametrize("taken", [True, False])
def test_o27_a_snooze_taken_back_too_late_starts_at_level_one(stage: Stage, taken: bool) -> None:
    stage.fire()
    if taken:
        lifecycle.acknowledge(acts(stage.world.cy), stage.incident())
    snooze(stage, seconds=11)
    undoing.undo_acknowledge(acts(stage.world.bo), stage.incident())
    stage.drain()
    assert stage.incident().status == "triggered"
    assert stage.pages() == ["Bo", "Bo"]


def test_a_snooze_taken_back_leaves_no_milestone_while_the_clock_runs(world: make.World) -> None:
    """The step and its milestone are some microseconds apart in real life: both are taken back."""
    bo = acts(world.bo)
    incident = opening.declare(bo, title="Slow", service=world.checkout)
    returning.snooze(bo, incident, until=clock.now() + HOUR)
    undoing.undo_acknowledge(bo, incident)
    assert not Milestone.objects.filter(incident=incident, kind="acknowledged").exists()


def test_o36_a_resolve_is_taken_back_although_the_group_has_a_new_incident(stage: Stage) -> None:
    """Bo resolves; 5 s later another alert of the group opens INC-2; Bo's Undo leaves the group with that one."""
    stage.fire("web1", tool_group="g")
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.at.move(seconds=5)
    stage.fire("web2", tool_group="g")
    undoing.undo_resolve(acts(stage.world.bo), stage.incident(1))
    first, second = stage.incident(1), stage.incident(2)
    assert (first.status, first.group_key, first.group_until) == ("triggered", "", None)
    assert first.alerts.get().state == "open"
    assert (second.status, bool(second.group_key)) == ("triggered", True)
    stage.fire("web3", tool_group="g")
    assert [stage.incident(number).alert_count for number in (1, 2)] == [1, 2]
