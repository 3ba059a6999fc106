"""G17, F12, F14: an acknowledgement against the step, several workers at one step; threads on a real database."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from core import clock
from core.models import DueRow
from notifications.models import Delivery
from oncall.commands.steps import fire_step
from oncall.models import Escalation, Page
from tests.oncall.cases import KEY, Case, start, stop, work
from tests.world import World, build

ROUNDS = [12, pytest.param(500, marks=pytest.mark.long)]


@pytest.fixture
def open_world(transactional_db: None) -> World:
    return build()


def together(*acts: Callable[[], object]) -> None:
    """Run each in a thread and on a connection of its own, all at the same moment."""
    gate = threading.Barrier(len(acts))
    failures: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            gate.wait(10)
            act()
        except BaseException as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures


@transaction.atomic
def fire(escalation: Escalation) -> None:
    fire_step(escalation.pk, escalation.step)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_g17_f14_after_a_committed_acknowledgement_no_page_is_wanted(open_world: World, rounds: int) -> None:
    case = Case().register()
    for _ in range(rounds):
        with clock.frozen() as at:
            escalation = start(open_world.policy)
            at.move(minutes=5)
            together(lambda e=escalation: fire(e), stop)  # type: ignore[misc]
            assert work() == 0
        assert Escalation.objects.get(pk=escalation.pk).state == "stopped"
        assert not Page.objects.filter(escalation=escalation, state__in=["sent", "timed_out"]).exists()
        assert not Delivery.objects.filter(state="queued").exists()
        waiting = DueRow.objects.filter(state="waiting", kind__in=["escalation.step", "rule.fire", "delivery.send"])
        assert not waiting.exists()
    assert case.exhausted == 0


def test_f12_five_workers_take_one_step(open_world: World) -> None:
    Case().register()
    with clock.frozen() as at:
        escalation = start(open_world.policy)
        at.move(minutes=5)
        together(*[lambda: fire(escalation)] * 5)
    assert Page.objects.filter(escalation__subject=KEY).count() == 2
    assert Delivery.objects.count() == 2
