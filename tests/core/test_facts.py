"""Facts: told after the commit, at least once, each reader by itself."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

import pytest
from django.core.management import call_command

from core import due, facts, worker
from core.clock import FrozenClock
from core.models import DueRow, Fact, FeedTopic
from tests.core.processes import rolled_back

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class DoorOpened:
    door: int
    names: tuple[str, ...] = ()


@pytest.fixture(autouse=True)
def _own_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "_readers", {})
    monkeypatch.setattr(facts, "_kinds", {})
    monkeypatch.setattr(facts, "_names", {})
    facts.fact("door.opened")(DoorOpened)


def test_every_reader_is_told_after_the_commit() -> None:
    told: list[tuple[str, DoorOpened]] = []

    @facts.on(DoorOpened)
    def light(happened: DoorOpened) -> None:
        told.append(("light", happened))

    @facts.on(DoorOpened)
    def bell(happened: DoorOpened) -> None:
        told.append(("bell", happened))

    facts.record(DoorOpened(7, ("Ana",)))
    assert told == []
    assert worker.drain() == 2
    assert sorted(told) == [("bell", DoorOpened(7, ["Ana"])), ("light", DoorOpened(7, ["Ana"]))]  # type: ignore[arg-type]


def test_a_change_that_is_rolled_back_did_not_happen() -> None:
    @facts.on(DoorOpened)
    def light(happened: DoorOpened) -> None:
        raise AssertionError

    with rolled_back():
        facts.record(DoorOpened(7))
    assert worker.drain() == 0
    assert not Fact.objects.exists()


def test_a_reader_that_fails_is_told_again_and_stops_nobody(at: FrozenClock) -> None:
    told: list[str] = []

    @facts.on(DoorOpened)
    def light(happened: DoorOpened) -> None:
        FeedTopic.objects.create(name="light")
        told.append("light")
        if told.count("light") < 3:
            raise RuntimeError

    @facts.on(DoorOpened)
    def bell(happened: DoorOpened) -> None:
        told.append("bell")

    facts.record(DoorOpened(7))
    for _ in range(3):
        worker.drain(strict=False)
        at.move(minutes=2)
    assert sorted(told) == ["bell", "light", "light", "light"]
    assert FeedTopic.objects.count() == 1


def test_a_reader_that_always_fails_ends_among_the_parked(at: FrozenClock) -> None:
    @facts.on(DoorOpened)
    def light(happened: DoorOpened) -> None:
        raise RuntimeError("dark")

    facts.record(DoorOpened(7))
    for _ in range(9):
        worker.drain(strict=False)
        at.move(minutes=2)
    assert [(row.attempts, row.error) for row in due.parked()] == [(8, "RuntimeError: dark")]


def test_a_reader_that_an_upgrade_has_removed_is_not_forgotten(at: FrozenClock) -> None:
    @facts.on(DoorOpened)
    def light(happened: DoorOpened) -> None: ...

    facts.record(DoorOpened(7))
    facts._readers.clear()
    for _ in range(9):
        worker.drain(strict=False)
        at.move(minutes=2)
    assert due.parked().count() == 1


def test_facts_go_behind_everything_on_the_way_to_a_page() -> None:
    @facts.on(DoorOpened)
    def light(happened: DoorOpened) -> None: ...

    facts.record(DoorOpened(7))
    assert DueRow.objects.get().priority == due.Priority.FACT


def test_only_plain_values_are_carried() -> None:
    with pytest.raises(TypeError, match="door"):
        facts.record(DoorOpened(object()))  # type: ignore[arg-type]


def test_a_fact_is_a_frozen_dataclass_with_a_name_of_its_own() -> None:
    @dataclass
    class Loose:
        door: int

    with pytest.raises(ValueError, match="frozen"):
        facts.fact("loose")(Loose)

    @dataclass(frozen=True)
    class Other:
        door: int

    with pytest.raises(ValueError, match="already"):
        facts.fact("door.opened")(Other)


def test_the_map_can_be_printed() -> None:
    @facts.on(DoorOpened)
    def light(happened: DoorOpened) -> None: ...

    out = StringIO()
    call_command("reactions", stdout=out)
    assert out.getvalue().splitlines()[0] == "door.opened"
    assert "light" in out.getvalue()
