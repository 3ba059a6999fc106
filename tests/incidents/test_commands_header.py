"""The header that says when all alerts have ended is drawn anew on open pages (S13, G6)."""

from __future__ import annotations

from core.models import FeedEntry
from incidents.commands import lifecycle
from incidents.models import Incident
from tests.incidents.conftest import Stage
from tests.world import acts


def drawn(stage: Stage) -> int:
    """How often the header of INC-1 has been drawn anew."""
    return FeedEntry.objects.filter(topic="incident:1", kind="panel", ref="header").count()


def test_the_header_of_a_waiting_incident_follows_the_end_of_its_alerts(stage: Stage) -> None:
    for key in ("web1", "web2"):
        stage.fire(key, tool_group="g")
    before = drawn(stage)
    stage.fire("web1", "resolve")
    assert drawn(stage) == before  # web2 is still open
    stage.fire("web2", "resolve")
    assert drawn(stage) == before + 1
    stage.fire("web3", tool_group="g")
    assert drawn(stage) == before + 2
    stage.fire("web4", tool_group="g")
    assert drawn(stage) == before + 2


def test_in_a_storm_too_the_header_hears_of_it(stage: Stage) -> None:
    """Beyond twenty alerts no entry is written."""
    stage.fire("web1", tool_group="g")
    Incident.objects.update(alert_count=30)
    before = drawn(stage)
    stage.fire("web1", "resolve")
    assert drawn(stage) == before + 1
    stage.fire("web2", tool_group="g")
    assert drawn(stage) == before + 2


def test_alerts_that_join_together_say_so_once(stage: Stage) -> None:
    stage.fire("web1", tool_group="g")
    stage.fire("web1", "resolve")
    before = drawn(stage)
    stage.accept(*(stage.event(f"web{number}", tool_group="g") for number in (2, 3, 4)))
    stage.drain()
    assert drawn(stage) == before + 1


def test_whoever_has_it_is_not_told(stage: Stage) -> None:
    """The sentence is for those who are still asked."""
    stage.fire()
    lifecycle.acknowledge(acts(stage.world.bo), stage.incident())
    before = drawn(stage)
    stage.fire(action="resolve")
    assert drawn(stage) == before
