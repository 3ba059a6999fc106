"""An alert that comes back worse inside the reopen window raises its incident and pages (S14, O33, O27)."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.commands import lifecycle, priority
from incidents.models import EventRule
from notifications.models import Delivery
from oncall.models import Escalation, Page
from tests.incidents.conftest import Stage
from tests.world import acts
from tests.world import priority as of_rank


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


def flap(stage: Stage, **words: Any) -> None:
    """The incident resolves, and two minutes later the same alert is back."""
    lifecycle.resolve(acts(stage.world.bo), stage.incident())
    stage.at.move(minutes=2)
    stage.fire("disk", **words)


def test_o33_a_flapping_error_that_returns_as_critical_pages_at_once(stage: Stage) -> None:
    """Bo was paged for its first return; the next one is critical and does not wait for the window's end."""
    stage.fire("disk")
    flap(stage)
    assert stage.pages() == ["Bo", "Bo"]
    flap(stage, severity="critical")
    again = stage.incident()
    assert (again.status, again.priority.rank, again.reopen_count) == ("triggered", 2, 2)
    assert stage.pages() == ["Bo", "Bo", "Bo"]
    last = Delivery.objects.latest("pk")
    assert last.rank == 2
    assert "P2" in str(last.message)
    flap(stage, severity="critical")  # as bad as before: the window holds it
    assert stage.pages() == ["Bo", "Bo", "Bo"]
    flap(stage, severity="error")
    assert stage.pages() == ["Bo", "Bo", "Bo"]


def test_o33_up_and_down_and_up_again_pages_once_for_the_way_up(stage: Stage) -> None:
    stage.fire("disk")
    for severity in ("error", "critical", "error", "critical", "error", "critical"):
        flap(stage, severity=severity)
    assert stage.pages() == ["Bo", "Bo", "Bo"]


def test_o33_a_small_one_that_returns_as_an_error_pages_by_the_loud_rules(stage: Stage) -> None:
    stage.fire("disk", severity="warning")
    flap(stage, severity="warning")
    before = len(stage.pages())
    flap(stage, severity="error")
    assert stage.incident().urgency == "high"
    assert stage.pages()[before:] == ["Bo"]
    assert Escalation.objects.get(state="running").due_at is not None


def test_s10_what_ana_has_lowered_stays_held_back(stage: Stage) -> None:
    """It was critical before, and Ana has said that it is a P3: its return is nothing new."""
    stage.fire("disk", severity="critical")
    priority.set_priority(acts(stage.world.ana), stage.incident(), priority=of_rank(3), reason="Not so bad")
    flap(stage, severity="critical")
    flap(stage, severity="critical")
    assert stage.incident().priority.rank == 3
    assert stage.pages() == ["Bo", "Bo"]


def test_o27_a_worse_severity_pages_at_once_even_where_a_rule_fixes_the_priority(stage: Stage) -> None:
    EventRule.objects.create(name="disks", field="key", operator="equals", value="disk", priority=of_rank(3))
    stage.fire("disk")
    flap(stage)
    flap(stage, severity="critical")
    assert stage.incident().priority.rank == 3
    assert stage.pages() == ["Bo", "Bo", "Bo"]


@pytest.mark.parametrize("way", ["the alert", "Ana"])
def test_o33_what_gets_worse_while_its_page_is_held_back_is_paged_at_once(stage: Stage, way: str) -> None:
    stage.fire("disk")
    flap(stage)
    flap(stage)
    assert stage.pages() == ["Bo", "Bo"]
    stage.at.move(minutes=1)
    if way == "Ana":
        priority.set_priority(acts(stage.world.ana), stage.incident(), priority=of_rank(2), reason="Customers call")
    else:
        stage.fire("disk", severity="critical")
    stage.drain()
    assert stage.incident().priority.rank == 2
    assert stage.pages() == ["Bo", "Bo", "Bo"]
    assert Escalation.objects.get(state="running").fired_at == stage.at.at


def test_s10_a_raise_after_the_held_page_has_gone_out_pages_nobody_anew(stage: Stage) -> None:
    stage.fire("disk")
    flap(stage)
    flap(stage, severity="critical")
    priority.set_priority(acts(stage.world.ana), stage.incident(), priority=of_rank(1), reason="Everything is down")
    assert stage.pages() == ["Bo", "Bo", "Bo"]


def test_o33_the_page_that_was_held_back_is_not_sent_beside_the_worse_one(stage: Stage) -> None:
    """It got worse while it was held back, and Bo was paged: the next return waits for a window after that page."""
    stage.fire("disk")
    flap(stage)
    flap(stage)
    stage.at.move(minutes=5)
    stage.fire("disk", severity="critical")
    assert stage.pages() == ["Bo", "Bo", "Bo"]
    flap(stage, severity="critical")
    assert stage.pages() == ["Bo", "Bo", "Bo"]
    stage.wait(minutes=27)  # more than a window after the page of the first return
    assert stage.pages() == ["Bo", "Bo", "Bo"]
    stage.wait(minutes=2)
    assert stage.pages() == ["Bo", "Bo", "Bo", "Bo"]
