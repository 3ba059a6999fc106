"""Whoever writes into the record and whoever moves the incident take their locks in one order (F14, G17)."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from core import clock
from core.errors import Conflict
from incidents.commands import lifecycle, milestones, opening, timeline
from incidents.models import Incident, TimelineEntry
from incidents.queries.timeline import chained
from tests.world import World, acts, build

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
ROUNDS = 40


@pytest.fixture
def world(transactional_db: None) -> World:
    """Real locks need real transactions, and PostgreSQL: SQLite has one writer at a time."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    return build()


def against(first: Callable[[int], object], second: Callable[[int], object]) -> list[str]:
    """Do both many times in two threads that start together; what the database has refused."""
    refused: list[str] = []
    barrier = threading.Barrier(2)

    def run(act: Callable[[int], object]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(20)
            for number in range(ROUNDS):
                try:
                    act(number)
                except OperationalError as error:
                    refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return refused


def mover(world: World, incident: Incident) -> Callable[[int], object]:
    """Bo says that customers are safe, and that they are hit again, in turn."""
    turns = itertools.cycle([lifecycle.mitigate, lifecycle.relapse])
    return lambda _number: next(turns)(acts(world.bo), incident)


def in_hand(world: World) -> Incident:
    """An incident that Bo has taken."""
    incident = opening.declare(acts(world.bo), title="Checkout is slow", service=world.checkout)
    return lifecycle.acknowledge(acts(world.bo), incident)


def test_cys_notes_and_bos_moves_wait_for_each_other(world: World) -> None:
    incident = in_hand(world)

    def write(number: int) -> None:
        timeline.note(acts(world.cy), incident, text=f"note {number}")

    assert against(write, mover(world, incident)) == []
    assert TimelineEntry.objects.filter(incident=incident, kind="note").count() == ROUNDS
    assert timeline_is_whole(incident)


def test_anas_corrections_and_bos_moves_wait_for_each_other(world: World) -> None:
    """The milestone that Ana corrects is the one that Bo reaches again."""
    incident = in_hand(world)
    lifecycle.mitigate(acts(world.bo), incident)
    lifecycle.relapse(acts(world.bo), incident)

    def correct(_number: int) -> None:
        at = clock.now() + timedelta(seconds=1)
        milestones.correct(acts(world.ana), incident, kind="mitigated", at=at, why="The graphs say so")

    assert against(correct, mover(world, incident)) == []
    assert TimelineEntry.objects.filter(incident=incident, kind="milestone_edited").count() == ROUNDS
    edits = incident.milestones.get(kind="mitigated").edits
    assert len([edit for edit in edits if edit["by"] == "Ana Lima"]) == ROUNDS


def test_cy_edits_strikes_and_pins_while_bo_moves(world: World) -> None:
    incident = in_hand(world)
    made = [timeline.note(acts(world.cy), incident, text=f"note {number}") for number in range(ROUNDS)]

    def change(number: int) -> None:
        timeline.edit(acts(world.cy), made[number], text=f"edited {number}")
        timeline.pin(acts(world.cy), made[number])
        timeline.strike(acts(world.cy), made[number], reason="Not so")

    assert against(change, mover(world, incident)) == []
    assert TimelineEntry.objects.filter(incident=incident, pinned=True).exclude(struck_reason="").count() == ROUNDS


def test_a_message_and_its_copy_lose_a_secret_at_once(world: World) -> None:
    """S18: one removes it from the message, another from the copy: each takes it out of both, and neither waits."""
    incident = in_hand(world)
    said = [timeline.note(acts(world.bo), incident, text=f"hunter{n}", kind="chat") for n in range(ROUNDS)]
    for message in said:
        timeline.pin(acts(world.cy), message)
    copies = list(TimelineEntry.objects.filter(copied_from__in=said).order_by("pk"))

    def remove(rows: list[TimelineEntry]) -> Callable[[int], object]:
        def act(number: int) -> None:
            with contextlib.suppress(Conflict):  # the other was quicker
                timeline.strike(acts(world.pat), rows[number], reason="A password", redact=True)

        return act

    assert against(remove(said), remove(copies)) == []
    assert not TimelineEntry.objects.filter(text__contains="hunter").exists()


def timeline_is_whole(incident: Incident) -> bool:
    """No entry has lost its number to another, and none its place in the chain."""
    entries = list(TimelineEntry.objects.filter(incident=incident).order_by("seq"))
    return all(chained(a.hash, b) == b.hash for a, b in itertools.pairwise(entries))
