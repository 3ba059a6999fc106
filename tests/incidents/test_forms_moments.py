"""Times of people's own clocks in the night when summer time ends (S19): 02:30 comes twice in Berlin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from core import clock
from incidents.commands import timeline
from incidents.forms.timeline import NoteForm
from incidents.models import Incident, TimelineEntry
from tests import world as make
from tests.incidents.conftest import Stage

Browser = Callable[..., Client]
FIRST, SECOND = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.fixture
def opened(stage: Stage) -> Incident:
    """Bo, whose clock is Berlin's, is on it."""
    stage.world.bo.time_zone = "Europe/Berlin"
    stage.world.bo.save()
    stage.fire()
    return stage.incident()


def test_s19_an_edit_of_the_words_leaves_the_first_of_two_equal_times(
    stage: Stage, opened: Incident, browser: Browser
) -> None:
    bo = browser(stage.world.bo)
    entry = timeline.note(make.acts(stage.world.bo), opened, text="the pool is full", occurred_at=FIRST)
    path = f"/incidents/1/entries/{entry.pk}/"
    assert 'value="2026-10-25T02:30:00"' in bo.get(path).content.decode()
    answer = bo.post(f"{path}edit/", {"text": "the pool was full", "occurred_at": "2026-10-25T02:30:00"})
    assert answer.status_code == 303
    entry.refresh_from_db()
    assert (entry.text, entry.occurred_at) == ("the pool was full", FIRST)


def test_s19_of_two_equal_times_the_later_counts_unless_it_is_to_come(
    stage: Stage, opened: Incident, browser: Browser
) -> None:
    body = {"text": "first complaint", "occurred_at": "2026-10-25T02:30"}
    assert browser(stage.world.bo).post("/incidents/1/notes/", body).status_code == 303
    assert TimelineEntry.objects.latest("pk").occurred_at == SECOND
    with clock.frozen(datetime(2026, 10, 25, 1, 0, tzinfo=UTC)), timezone.override("Europe/Berlin"):
        form = NoteForm({"text": "now", "occurred_at": "2026-10-25T02:30"})
        assert form.is_valid()
        assert form.cleaned_data["occurred_at"] == FIRST


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-29T02:30", "yesterday", "2026-02-30T10:00", "9999-99-99T99:99"),
        *("0001-01-01T00:00", "0001-01-01T00:00:00.5"),
    ],
)
def test_an_hour_that_never_was_is_refused(text: str) -> None:
    """Where summer time begins, and for what is no time at all."""
    with timezone.override("Europe/Berlin"):
        form = NoteForm({"text": "x", "occurred_at": text})
        assert not form.is_valid()
        assert list(form.errors) == ["occurred_at"]
