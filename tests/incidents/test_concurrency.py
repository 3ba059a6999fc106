"""Many at once, with real threads and real locks (F14, F15, G17, O31)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from core import worker
from core.errors import Conflict
from incidents.commands import lifecycle, opening
from incidents.commands.alerts import accept_batch
from incidents.kinds import Normalised
from incidents.models import Alert, Incident, IncidentCounter
from oncall.models import Escalation, Page
from tests.world import World, acts, build, priority

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None) -> World:
    for rank in range(1, 6):
        priority(rank)
    return build()


def together(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Run `act` in threads that start at one moment; what each gave or raised, in order."""
    barrier = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(20)
            results[number] = act(number)
        except (Conflict, OperationalError) as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def send(service_id: int, key: str = "disk", **words: Any) -> str:
    with transaction.atomic():
        return accept_batch([Normalised(service_id, "trigger", key, summary=key, **words)])[0].outcome


def test_f15_fifty_events_with_one_key_make_one_incident_with_count_fifty(world: World) -> None:
    outcomes = together(50, lambda number: send(world.checkout.pk))
    assert sorted(map(str, outcomes)) == ["duplicate"] * 49 + ["new"]
    worker.drain()
    assert Alert.objects.get().count == 50
    assert Incident.objects.get().alert_count == 1
    assert Page.objects.count() == 1


def test_f15_the_same_with_a_group_of_fifty_keys(world: World) -> None:
    outcomes = together(50, lambda number: send(world.checkout.pk, f"key {number}", tool_group="g"))
    assert set(outcomes) == {"new"}
    worker.drain()
    assert Incident.objects.get().alert_count == 50
    assert Page.objects.count() == 1


def test_g17_twenty_people_press_acknowledge_and_one_wins(world: World) -> None:
    send(world.checkout.pk)
    worker.drain()
    incident = Incident.objects.get()
    people = [world.bo, world.cy, world.ana, world.pat, world.ada]
    results = together(20, lambda number: lifecycle.acknowledge(acts(people[number % 5]), incident))
    losers = [each for each in results if isinstance(each, Conflict)]
    assert len(losers) == 19
    winner = Incident.objects.get().participants.get(assignee=True).user.name
    assert all(winner in str(each) for each in losers)


@pytest.mark.parametrize("repetition", range(5))
def test_f14_an_acknowledgement_races_the_escalation_step(world: World, repetition: int) -> None:
    """Whoever comes first: after the commit nobody is paged any more."""
    send(world.checkout.pk)
    worker.drain()
    incident = Incident.objects.get()
    from core.models import DueRow
    from oncall.commands.steps import fire_step

    step = DueRow.objects.get(kind="escalation.step", state="waiting").ref
    escalation, number = (int(part) for part in step.split(":"))

    def act(place: int) -> Any:
        with transaction.atomic():
            return lifecycle.acknowledge(acts(world.ana), incident) if place == 0 else fire_step(escalation, number)

    together(2, act)
    assert Incident.objects.get().status == "acknowledged"
    assert not Escalation.objects.filter(state__in=["running", "exhausted"]).exists()
    assert not Page.objects.filter(state__in=["sent", "timed_out"]).exists()
    assert worker.drain() >= 0
    assert Page.objects.count() in (1, 2)


def test_numbers_have_no_gaps_and_no_twins(world: World) -> None:
    made = together(12, lambda number: opening.declare(acts(world.bo), title=f"n {number}", service=world.checkout))
    assert sorted(each.number for each in made) == list(range(1, 13))
    assert IncidentCounter.objects.get().last == 12


def test_a_failed_opening_gives_its_number_back(world: World) -> None:
    def fail() -> None:
        with transaction.atomic():
            opening.declare(acts(world.bo), title="x", service=world.checkout)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert opening.declare(acts(world.bo), title="y", service=world.checkout).number == 1
