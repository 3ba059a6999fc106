"""The median time to acknowledge and the pages of the last night (LRN-17)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from core import clock, figures
from incidents.models import Incident, Milestone
from incidents.queries import pace as paces
from incidents.queries.boards import Scope
from incidents.queries.pace import Pace, last_night, pace
from oncall.models import Escalation, Page
from tests import world as make
from tests.incidents.conftest import Stage


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """What is kept for a while is asked anew."""
    figures.forget()


def answered(stage: Stage, seconds: int, *, days_ago: float = 1, **fields: Any) -> Incident:
    """An incident that was acknowledged so many seconds after it was detected."""
    number = Incident.objects.count() + 1
    ranks = {name: make.priority(3) for name in ("priority", "initial_priority", "peak_priority")}
    service = fields.pop("service", stage.service)
    row = Incident.objects.create(number=number, title=f"no {number}", service=service, status="closed", **ranks)
    Incident.objects.filter(pk=row.pk).update(**fields)
    at = clock.now() - timedelta(days=days_ago)
    Milestone.objects.create(incident=row, kind="detected", at=at - timedelta(seconds=seconds))
    Milestone.objects.create(incident=row, kind="acknowledged", at=at)
    return row


def test_the_middle_counts_and_not_the_average(stage: Stage) -> None:
    """One forgotten page of a whole day moves nothing."""
    for seconds in (60, 108, 86_400):
        answered(stage, seconds)
    assert pace(Scope()).words == "1:48"


def test_it_is_compared_with_the_week_before(stage: Stage) -> None:
    answered(stage, 108)
    answered(stage, 120, days_ago=8)
    answered(stage, 9999, days_ago=15)
    found = pace(Scope())
    assert (found.words, found.distance, found.trend) == ("1:48", timedelta(seconds=12), "faster")


def test_only_real_incidents_that_everybody_may_know_of_count(stage: Stage) -> None:
    """S34: figures are without private ones, and a drill is no incident; another team's are not mine."""
    search = make.service("Search index", stage.world.search)
    answered(stage, 30)
    answered(stage, 5000, kind="drill")
    answered(stage, 6000, visibility="private")
    answered(stage, 7000, service=search)
    assert pace(Scope(frozenset({stage.world.payments.pk}))).words == "0:30"
    assert pace(Scope()).words == "58:35"


def test_a_corrected_milestone_changes_the_figure_and_it_is_kept_for_minutes(stage: Stage) -> None:
    """S20: figures come from milestones; between two looks within five minutes nothing is asked again."""
    row = answered(stage, 600)
    assert pace(Scope()).words == "10:00"
    Milestone.objects.filter(incident=row, kind="detected").update(at=clock.now() - timedelta(days=1, minutes=5))
    assert pace(Scope()).words == "10:00"
    stage.at.move(seconds=301)
    assert pace(Scope()).words == "5:00"


def test_at_most_the_newest_thousand_are_looked_at(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paces, "SAMPLE", 2)
    answered(stage, 9000, days_ago=6)
    answered(stage, 60, days_ago=2)
    answered(stage, 100, days_ago=1)
    assert pace(Scope()).words == "1:20"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0:00"), (59.6, "1:00"), (108, "1:48"), (3599, "59:59"), (3600, "1 h 0 min"), (90_000, "1 d 1 h")],
)
def test_how_a_length_is_written(seconds: float, words: str) -> None:
    assert Pace(timedelta(seconds=seconds), None).words == words


@given(st.lists(st.integers(0, 100_000), max_size=9), st.lists(st.integers(0, 100_000), max_size=9))
def test_trend_and_distance_always_agree(now: list[int], before: list[int]) -> None:
    """Whatever the medians are: faster means less, same means no distance, and no week without answers is compared."""
    medians = [timedelta(seconds=median(each)) if each else None for each in (now, before)]
    found = Pace(*medians)
    if not now or not before:
        assert found.trend == ""
    else:
        difference = round(median(now)) - round(median(before))
        assert found.distance == timedelta(seconds=abs(difference))
        assert found.trend == ("same" if not difference else "faster" if difference < 0 else "slower")


def paged(stage: Stage, user: User, at: datetime, subject: str) -> None:
    """A page of the past."""
    run = Escalation.objects.filter(subject=subject).count() + 1
    escalation = Escalation.objects.create(subject=subject, run=run, state="stopped")
    Page.objects.create(
        escalation=escalation, subject=subject, user=user, level=1, pass_number=1, state="withdrawn", created_at=at
    )


def test_last_night_counts_ones_own_pages_and_those_of_ones_teams(stage: Stage) -> None:
    """22:00 to 07:00 in the viewer's zone; pages about private incidents of others are absent (A62)."""
    world, night = stage.world, datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
    known, private = answered(stage, 60), answered(stage, 60, visibility="private")
    paged(stage, world.bo, night, known.subject)
    paged(stage, world.cy, night, known.subject)
    paged(stage, world.cy, night, private.subject)
    paged(stage, world.di, night, known.subject)
    paged(stage, world.bo, night + timedelta(hours=6), known.subject)
    paged(stage, world.bo, night - timedelta(hours=6), known.subject)
    found = last_night(make.acts(world.bo))
    assert (found.own, found.teams, found.is_cut) == (1, 2, False)
    assert last_night(make.acts(world.di)).teams == 1
    assert last_night(make.acts(world.sam)).own == 0


def test_a_night_of_more_pages_than_are_looked_at_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paces, "NEWEST", 2)
    known = answered(stage, 60)
    for minute in range(4):
        paged(stage, stage.world.bo, datetime(2026, 11, 16, 2, minute, tzinfo=UTC), known.subject)
    found = last_night(make.acts(stage.world.bo))
    assert (found.own, found.is_cut) == (2, True)
