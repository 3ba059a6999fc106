"""The record: append-only, chained, two clocks (S18, S19, A94)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock, live
from core.errors import Conflict, Forbidden, Invalid
from incidents.commands import lifecycle, timeline
from incidents.models import TimelineEntry
from incidents.queries.timeline import broken_links, lines, revisions_of, timeline_since
from tests.incidents.conftest import Stage
from tests.world import acts


@pytest.fixture
def noted(stage: Stage) -> TimelineEntry:
    stage.fire()
    lifecycle.acknowledge(acts(stage.world.bo), stage.incident())
    return timeline.note(acts(stage.world.bo), stage.incident(), text="The disk is full")


def test_an_entry_takes_the_feeds_number(stage: Stage, noted: TimelineEntry) -> None:
    feed = live.since(stage.incident().subject, 0)
    assert [each.seq for each in feed] == list(range(1, len(feed) + 1))
    assert {each.seq for each in feed if each.kind == "entry"} == set(
        TimelineEntry.objects.values_list("seq", flat=True)
    )
    assert noted.seq == feed[-1].seq


def test_s19_occurred_at_may_lie_in_the_past_but_not_in_the_future(stage: Stage, noted: TimelineEntry) -> None:
    bo, incident = acts(stage.world.bo), stage.incident()
    earlier = clock.now() - timedelta(hours=1)
    late = timeline.note(bo, incident, text="It began here", occurred_at=earlier)
    assert (late.occurred_at, late.recorded_at) == (earlier, clock.now())
    assert lines([late])[0].lag == timedelta(hours=1)
    assert incident.entries.all()[0] == late  # sorted by occurred_at
    timeline.note(bo, incident, text="Clocks differ", occurred_at=clock.now() + timedelta(seconds=59))
    with pytest.raises(Invalid):
        timeline.note(bo, incident, text="Tomorrow", occurred_at=clock.now() + timedelta(seconds=61))


def test_s18_an_edit_keeps_what_was_said_and_takes_a_number(stage: Stage, noted: TimelineEntry) -> None:
    before = live.last_seq(stage.incident().subject)
    timeline.edit(acts(stage.world.bo), noted, text="The other disk is full", why="Typo")
    noted.refresh_from_db()
    assert noted.text == "The other disk is full"
    assert [r.text for r in revisions_of(acts(stage.world.bo), noted)] == ["The disk is full"]
    assert live.since(stage.incident().subject, before)[0].kind == "revision"
    assert broken_links(stage.incident()) == []


def test_a94_others_entries_and_system_entries_cannot_be_rewritten(stage: Stage, noted: TimelineEntry) -> None:
    for other in (stage.world.cy, stage.world.ana, stage.world.eve, stage.world.sam):
        with pytest.raises(Forbidden):
            timeline.edit(acts(other), noted, text="Nothing happened")
    timeline.edit(acts(stage.world.pat), noted, text="Corrected by the process owner")
    opened = TimelineEntry.objects.get(kind="acknowledged")
    with pytest.raises(Conflict, match="system"):
        timeline.edit(acts(stage.world.pat), opened, text="x")
    with pytest.raises(Conflict, match="system"):
        timeline.strike(acts(stage.world.pat), opened, reason="x")


def test_s18_striking_hides_the_text_and_keeps_it_for_editors(stage: Stage, noted: TimelineEntry) -> None:
    with pytest.raises(Invalid):
        timeline.strike(acts(stage.world.bo), noted, reason=" ")
    timeline.strike(acts(stage.world.bo), noted, reason="Wrong incident")
    noted.refresh_from_db()
    assert lines([noted])[0].is_struck
    assert revisions_of(acts(stage.world.cy), noted) == []
    assert [r.text for r in revisions_of(acts(stage.world.pat), noted)] == ["The disk is full"]
    with pytest.raises(Conflict):
        timeline.edit(acts(stage.world.bo), noted, text="again")
    assert broken_links(stage.incident()) == []


def test_s18_redacting_removes_a_secret_and_keeps_the_hash(stage: Stage, noted: TimelineEntry) -> None:
    digest = noted.hash
    timeline.edit(acts(stage.world.bo), noted, text="password is hunter2")
    timeline.strike(acts(stage.world.bo), noted, reason="A secret", redact=True)
    noted.refresh_from_db()
    assert (noted.text, noted.redacted, noted.hash) == ("", True, digest)
    assert not noted.revisions.exclude(text="").exists()
    assert broken_links(stage.incident()) == []


def test_s18_a_secret_is_removed_from_what_was_only_struck(stage: Stage, noted: TimelineEntry) -> None:
    """Whoever strikes in a hurry and then sees what stood there is not too late; twice is."""
    bo = acts(stage.world.bo)
    timeline.edit(bo, noted, text="password is hunter2")
    timeline.strike(bo, noted, reason="Wrong incident")
    with pytest.raises(Conflict):
        timeline.strike(bo, noted, reason="Wrong incident")
    timeline.strike(bo, noted, reason="A password", redact=True)
    noted.refresh_from_db()
    assert (noted.text, noted.redacted, noted.struck_reason) == ("", True, "A password")
    assert not noted.revisions.exclude(text="").exists()
    with pytest.raises(Conflict):
        timeline.strike(bo, noted, reason="Again", redact=True)
    assert broken_links(stage.incident()) == []


def test_res_05_a_note_that_becomes_a_task_keeps_its_words(stage: Stage, noted: TimelineEntry) -> None:
    """Its kind is chained and stays: what stands before the colon is not lost with it."""
    edited = timeline.edit(acts(stage.world.bo), noted, text="TODO: empty the disk")
    assert (edited.kind, edited.text) == ("note", "TODO: empty the disk")


def test_a94_tampering_shows_in_the_chain(stage: Stage, noted: TimelineEntry) -> None:
    timeline.note(acts(stage.world.bo), stage.incident(), text="Later")
    assert broken_links(stage.incident()) == []
    TimelineEntry.objects.filter(pk=noted.pk).update(text="All was well")
    assert broken_links(stage.incident()) == [noted.seq]
    TimelineEntry.objects.filter(pk=noted.pk).delete()
    assert broken_links(stage.incident())


@pytest.mark.parametrize("text", ["", "  ", "a\0b", "\udc00", "x" * 10_001])
def test_hostile_notes_are_refused(stage: Stage, noted: TimelineEntry, text: str) -> None:
    with pytest.raises(Invalid):
        timeline.note(acts(stage.world.bo), stage.incident(), text=text)


def test_people_write_human_kinds_only(stage: Stage, noted: TimelineEntry) -> None:
    timeline.note(acts(stage.world.bo), stage.incident(), text="x", kind="hypothesis")
    with pytest.raises(Invalid):
        timeline.note(acts(stage.world.bo), stage.incident(), text="x", kind="acknowledged")
    with pytest.raises(Forbidden):
        timeline.note(acts(stage.world.eve), stage.incident(), text="x")


def test_pin(stage: Stage, noted: TimelineEntry) -> None:
    timeline.pin(acts(stage.world.cy), noted)
    assert TimelineEntry.objects.get(pk=noted.pk).pinned


def test_s36_stakeholders_read_the_summary_only(stage: Stage, noted: TimelineEntry) -> None:
    seen = {entry.kind for entry in timeline_since(acts(stage.world.sam), stage.incident(), 0)}
    assert seen == {"opened", "acknowledged"}
    assert "note" in {entry.kind for entry in timeline_since(acts(stage.world.eve), stage.incident(), 0)}
