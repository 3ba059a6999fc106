"""Entries are kept as they were drawn, and drawn anew as soon as anything of them has changed (P7, S18)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from incidents.commands import timeline
from incidents.models import TimelineEntry
from incidents.templatetags import record
from tests import world as make
from tests.incidents.conftest import Stage
from tests.pages import text_of

Browser = Callable[..., Client]


@pytest.fixture
def thought(stage: Stage) -> TimelineEntry:
    stage.fire()
    return timeline.note(make.acts(stage.world.bo), stage.incident(), text="first thought")


def test_a_long_record_is_drawn_once(stage: Stage, thought: TimelineEntry, browser: Browser) -> None:
    record._drawn.clear()
    bo = browser(stage.world.bo)
    bo.get("/incidents/1/")
    drawn = dict(record._drawn)
    bo.get("/incidents/1/")
    browser(stage.world.cy).get("/incidents/1/")
    assert drawn
    assert record._drawn == drawn


def test_what_changes_is_seen_at_once(stage: Stage, thought: TimelineEntry, browser: Browser) -> None:
    bo, acts = browser(stage.world.bo), make.acts(stage.world.bo)
    assert "first thought" in text_of(bo.get("/incidents/1/"))
    timeline.pin(acts, thought)
    assert "Pinned" in text_of(bo.get("/incidents/1/"))
    thought.refresh_from_db()
    timeline.edit(acts, thought, text="second thought")
    assert "second thought" in text_of(bo.get("/incidents/1/"))
    thought.refresh_from_db()
    timeline.strike(acts, thought, reason="Held a key", redact=True)
    page = text_of(bo.get("/incidents/1/"))
    assert "second thought" not in page
    assert "Struck: <bdi>Held a key</bdi>" in page


def test_each_zone_has_its_own_clock(stage: Stage, thought: TimelineEntry, browser: Browser) -> None:
    """One of two people reads UTC, the other Tokyo's time."""
    stage.world.cy.time_zone = "Asia/Tokyo"
    stage.world.cy.save()
    own = f'datetime="{thought.occurred_at.isoformat()}"'
    found = {text_of(browser(who).get("/incidents/1/")).split(own)[1][:7] for who in (stage.world.bo, stage.world.cy)}
    assert len(found) == 2


def test_a_process_keeps_a_bounded_number(
    stage: Stage, thought: TimelineEntry, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "MOST", 3)
    record._drawn.clear()
    browser(stage.world.bo).get("/incidents/1/")
    assert len(record._drawn) <= 3
