"""Bulk jobs: one number through the queue, attempts in our own row, no pickle ever (A99)."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import timedelta
from multiprocessing import Value
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from django.core.signing import BadSignature, dumps
from django_q import conf, monitor, pusher, signing
from django_q import worker as cluster_worker
from django_q.brokers import get_broker
from django_q.models import OrmQ, Task

from core import jobs, passes, worker
from core.clock import FrozenClock
from core.models import Beat, BulkJob, DueRow
from tests.core.processes import rolled_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A job `test.letter` that notes what it was given."""
    seen: list[str] = []
    monkeypatch.setitem(jobs._jobs, "test.letter", seen.append)
    return seen


class Once:
    """An event that is set after the first look: one turn of a loop that would go on for ever."""

    def is_set(self) -> bool:
        return True


def one_turn() -> None:
    """What the cluster's three processes do with what waits in its table."""
    tasks: Any = Queue()
    pusher.pusher(tasks, Once(), get_broker())
    results: Any = Queue()
    tasks.put("STOP")
    cluster_worker.worker(tasks, results, Value("f", -1), timeout=30)
    results.put("STOP")
    monitor.monitor(results, get_broker())


@pytest.mark.django_db(transaction=True)
def test_a_job_goes_through_the_real_cluster_code(letters: list[str]) -> None:
    number = jobs.enqueue("test.letter", "42")
    one_turn()
    assert letters == ["42"]
    assert BulkJob.objects.get(pk=number).state == "done"
    assert not OrmQ.objects.exists()
    assert not Task.objects.exists()


def test_it_is_part_of_the_callers_transaction(letters: list[str]) -> None:
    with rolled_back():
        jobs.enqueue("test.letter")
    assert not OrmQ.objects.exists()
    assert not BulkJob.objects.exists()


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        jobs.enqueue("os.system", "true")


def test_only_a_number_travels(letters: list[str]) -> None:
    jobs.enqueue("test.letter", "secret-ref")
    task = signing.SignedPackage.loads(OrmQ.objects.get().payload)
    assert task["args"] == (BulkJob.objects.get().pk,)
    assert "secret-ref" not in str(task)


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (Path.touch, (self.path,))


class Pickler:
    dumps = staticmethod(pickle.dumps)
    loads = staticmethod(pickle.loads)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["the queue's own key", "SECRET_KEY"])
def test_a_planted_pickle_is_never_loaded(letters: list[str], tmp_path: Path, settings: Any, key: str) -> None:
    """A99: even one that is signed with the right key."""
    bomb = tmp_path / "file"
    Pickler.loads(Pickler.dumps(Bomb(tmp_path / "it works when loaded")))
    assert (tmp_path / "it works when loaded").exists()
    secret = settings.SECRET_KEY if key == "SECRET_KEY" else conf.Conf.SECRET_KEY
    OrmQ.objects.create(
        key=conf.Conf.CLUSTER_NAME,
        payload=dumps(Bomb(bomb), key=secret, salt=conf.Conf.PREFIX, serializer=Pickler),
        lock="2000-01-01T00:00:00Z",
    )
    jobs.enqueue("test.letter", "after")
    one_turn()
    one_turn()
    assert not bomb.exists()
    assert letters == ["after"]
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize(
    "planted",
    [
        {"func": "os.system", "args": ["true"], "id": "x", "name": "y"},
        {"id": "x", "job": "1"},
        {"id": "x", "job": True},
        {"id": 1, "job": 1},
        {},
        [],
        "x",
        None,
        7,
    ],
)
def test_a_package_that_names_a_function_is_refused(planted: object) -> None:
    payload = dumps(planted, key=conf.Conf.SECRET_KEY, salt=conf.Conf.PREFIX)
    with pytest.raises(BadSignature):
        signing.SignedPackage.loads(payload)


def test_nobody_else_can_put_work_into_the_queue() -> None:
    with pytest.raises(TypeError):
        signing.SignedPackage.dumps({"id": "x", "func": "os.system", "args": ("true",)})


def test_schedules_of_the_library_are_off() -> None:
    """A planted schedule row could name any function."""
    assert conf.Conf.SCHEDULER is False


def test_a_failing_job_is_tried_again_and_given_up(monkeypatch: pytest.MonkeyPatch, at: FrozenClock) -> None:
    tries: list[str] = []

    def fails(ref: str) -> None:
        tries.append(ref)
        raise RuntimeError("no")

    monkeypatch.setitem(jobs._jobs, "test.fails", fails)
    jobs.enqueue("test.fails", "a")
    for _ in range(8):
        for task in OrmQ.objects.all():
            jobs.run(signing.SignedPackage.loads(task.payload)["args"][0])
            task.delete()
        at.move(hours=2)
        worker.drain()
    assert tries == ["a"] * 5
    row = BulkJob.objects.get()
    assert (row.state, row.attempts, row.error) == ("parked", 5, "RuntimeError: no")


def test_a_job_that_kills_its_worker_is_given_up(letters: list[str]) -> None:
    """Stack 9: django-q2 counts attempts on results only; ours are counted before the run."""
    number = jobs.enqueue("test.letter")
    BulkJob.objects.update(attempts=5)
    jobs.run(number)
    assert letters == []
    assert BulkJob.objects.get().state == "parked"


def test_a_package_that_comes_twice_is_done_once(letters: list[str]) -> None:
    number = jobs.enqueue("test.letter", "a")
    jobs.run(number)
    jobs.run(number)
    assert letters == ["a"]


def test_a_job_has_one_function() -> None:
    with pytest.raises(ValueError, match="already"):
        jobs.job("core.canary")(lambda ref: None)


def test_cron_asks_once_per_slot_whatever_number_of_workers(
    letters: list[str], monkeypatch: pytest.MonkeyPatch, at: FrozenClock
) -> None:
    monkeypatch.setattr(passes, "_passes", {})
    monkeypatch.setattr(passes, "_asked", {})
    jobs.cron("test.letter", every=timedelta(hours=1))
    assert passes.ask() == 1
    assert passes.ask() == 0
    passes._asked.clear()  # another process
    assert passes.ask() == 0
    worker.drain()
    assert BulkJob.objects.count() == 1
    at.move(minutes=59)
    assert passes.ask() == 0
    at.move(minutes=1)
    assert passes.ask() == 1


def test_turns_that_an_outage_swallowed_are_not_made_up_for(
    letters: list[str], monkeypatch: pytest.MonkeyPatch, at: FrozenClock
) -> None:
    monkeypatch.setattr(passes, "_passes", {})
    monkeypatch.setattr(passes, "_asked", {})
    jobs.cron("test.letter", every=timedelta(minutes=1))
    passes.ask()
    worker.drain()
    at.move(hours=10)
    passes.ask()
    worker.drain()
    assert BulkJob.objects.count() == 2


def test_turns_go_on_after_the_clock_was_set_back(
    letters: list[str], monkeypatch: pytest.MonkeyPatch, at: FrozenClock
) -> None:
    """F39: the slots of the hour that comes twice have their turns again, once each, whoever asks, each time."""
    monkeypatch.setattr(passes, "_passes", {})
    monkeypatch.setattr(passes, "_asked", {})
    jobs.cron("test.letter", every=timedelta(minutes=1))

    def an_hour() -> int:
        made = 0
        for _ in range(60):
            made += passes.ask()
            monkeypatch.setattr(passes, "_asked", {})  # another process
            made += passes.ask()
            at.move(minutes=1)
        return made

    assert an_hour() == 60
    for _ in range(3):
        at.move(hours=-1)
        assert an_hour() == 60


def test_a_ref_that_does_not_fit_is_refused_on_every_database(letters: list[str]) -> None:
    jobs.enqueue("test.letter", "x" * 120)
    with pytest.raises(ValueError, match="longer than 120"):
        jobs.enqueue("test.letter", "x" * 121)


def test_a_pass_that_fails_leaves_a_sign_and_is_not_parked(monkeypatch: pytest.MonkeyPatch, at: FrozenClock) -> None:
    monkeypatch.setattr(passes, "_passes", {})
    monkeypatch.setattr(passes, "_asked", {})

    def fails() -> None:
        raise RuntimeError

    passes.every("fails", timedelta(minutes=1))(fails)
    passes.ask()
    worker.drain()
    beat = Beat.objects.get(name="pass:fails")
    assert (beat.ok, beat.detail["error"]) == (False, "RuntimeError")
    assert DueRow.objects.get().state == "done"


def test_the_canary_tells_a_dead_cluster_from_an_idle_one(at: FrozenClock) -> None:
    assert jobs.stalled() is False
    number = jobs.enqueue("core.canary")
    at.move(minutes=5)
    assert jobs.stalled() is True
    jobs.run(number)
    assert jobs.stalled() is False
