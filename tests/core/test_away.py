"""After a long absence the first worker looks through what waits before it takes anything (F52)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError

from core import away, clock, passes
from core.away import Away, Review
from core.clock import FrozenClock
from core.models import Beat
from core.worker import Worker

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[LookupError, IntegrityError])
def looked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the only review of the test has looked at: three things, of which the second is faulty."""
    seen: list[int] = []

    def look(key: int, found: Away) -> None:
        seen.append(key)
        if key == 2:
            raise request.param("a faulty row")

    monkeypatch.setattr(away, "_reviews", {"things": Review(lambda found: [1, 2, 3], look)})
    return seen


def sign(name: str, **ago: float) -> None:
    Beat.objects.create(name=name, at=clock.now() - timedelta(**ago))


def test_a_portal_that_never_ran_has_nothing_to_look_through(looked: list[int]) -> None:
    assert away.come_back() is None
    assert looked == []


def test_an_hour_is_no_long_absence(at: FrozenClock, looked: list[int]) -> None:
    sign(passes.ASKED, minutes=60)
    assert away.come_back() is None
    assert looked == []


@pytest.mark.parametrize("name", [passes.ASKED, "auditor", "worker:abc:1"])
def test_more_than_an_hour_is_one_and_a_faulty_thing_stops_no_other(
    at: FrozenClock, looked: list[int], name: str
) -> None:
    sign(name, minutes=61)
    sign("jobs", seconds=5)  # the bulk lane was there, but it sends no page
    found = away.come_back()
    assert found == Away(at.at - timedelta(minutes=61), at.at)
    assert looked == [1, 2, 3]


def test_the_newest_sign_counts(at: FrozenClock, looked: list[int]) -> None:
    sign("worker:abc:1", hours=9)
    sign("auditor", seconds=30)
    assert away.come_back() is None


def test_a_restore_is_looked_through_however_young_and_once(at: FrozenClock, looked: list[int]) -> None:
    taken = at.at - timedelta(minutes=3)
    sign(passes.ASKED, minutes=3)
    away.note_restore(taken)
    assert away.come_back() == Away(taken, at.at)
    at.move(minutes=1)
    assert away.come_back() is None
    assert looked == [1, 2, 3]


def test_one_that_was_broken_off_goes_on_with_the_same_absence(
    at: FrozenClock, looked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(passes.ASKED, hours=3)
    first = away._absence()
    at.move(minutes=2)
    Beat.objects.filter(name=passes.ASKED).update(at=at.at)  # another worker is at work by now
    assert away.come_back() == first
    assert looked == [1, 2, 3]


def test_a_review_that_cannot_begin_keeps_nobody_from_work(at: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(_found: Away) -> list[int]:
        raise LookupError("a fault of ours")

    monkeypatch.setattr(away, "_reviews", {"things": Review(find, lambda key, found: None)})
    sign(passes.ASKED, hours=3)
    assert away.come_back() is not None
    assert away.come_back() is None


def test_a_database_that_goes_away_has_the_worker_begin_anew(at: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def look(key: int, _found: Away) -> None:
        tries.append(key)
        if len(tries) == 2:
            raise OperationalError("server closed the connection")

    monkeypatch.setattr(away, "_reviews", {"things": Review(lambda found: [1, 2, 3], look)})
    sign(passes.ASKED, hours=3)
    with pytest.raises(OperationalError):
        away.come_back()
    assert away.come_back() is not None
    assert tries == [1, 2, 1, 2, 3]


def test_a_long_review_shows_that_it_goes_on_and_ends_when_the_worker_is_told_to(
    at: FrozenClock, looked: list[int]
) -> None:
    sign(passes.ASKED, hours=3)
    one = Worker()
    away.come_back(one._still_here)
    assert one.rounds == 3, "the watch counts them: a review of minutes is no worker that hangs"
    assert Beat.objects.filter(name__startswith="worker:").exists()
    away.note_restore(at.at)
    looked.clear()
    one.stopping.set()
    away.come_back(one._still_here)
    assert looked == []
    assert away.come_back() is not None, "the review is open for the next worker"
