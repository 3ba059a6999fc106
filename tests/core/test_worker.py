"""The worker: bulkheads, suspects, wake-ups, kills and clean ends (F2, F4, F7, F18, F19, F20, G18)."""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.models import F

from core import clock, db, due, health, passes, wake
from core import worker as engine
from core.due import Item, Priority
from core.leases import Call
from core.models import Beat, DueRow, FeedTopic
from core.worker import BATCH, Worker
from tests.core.processes import Sink, fork_worker, reap, running_worker, until
from tests.core.test_due import state, use

real = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Periodic passes have stories of their own."""
    monkeypatch.setattr(passes, "_passes", {})


@pytest.fixture
def sink(tmp_path: Path) -> Sink:
    """Where effects are noted."""
    return Sink(tmp_path / "sink")


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker without a loop: the test goes round by itself."""
    made = Worker()
    yield made
    made.stopping.set()
    made.pool.close(5)
    made.pool._threads.shutdown(wait=True)
    gc.collect()  # the connections of the pool's threads go with them


def waits_for(release: threading.Event) -> Call:
    """A handler that hangs until it is released."""

    def call(item: Item) -> None:
        release.wait(20)

    return call


def ends_its_process(item: Item) -> None:
    """A handler that takes its worker with it."""
    os._exit(139)


class TestBulkhead:
    @real
    def test_a_hanging_provider_holds_six_places_and_delays_nobody(
        self, monkeypatch: pytest.MonkeyPatch, worker: Worker
    ) -> None:
        """G12: ten calls to a provider that hangs; another provider's call leaves at once."""
        release, seen = threading.Event(), []

        def call(item: Item) -> None:
            if item.lane == "hangs":
                release.wait(20)
            seen.append(item.lane)

        use(monkeypatch, "test.call", "external", call)
        for number in range(10):
            due.put(f"h{number}", "test.call", lane="hangs", priority=Priority.FIRST_PAGE)
        for number in range(3):
            due.put(f"q{number}", "test.call", lane="quick", priority=Priority.SUBSCRIBER)
        while worker.round():
            pass
        assert worker.pool.lanes().count("hangs") == 6
        until(lambda: seen.count("quick") == 3)
        assert worker.pool.full_lanes() == ["hangs"]
        release.set()
        until(lambda: worker.round() + seen.count("hangs") >= 10)
        until(lambda: worker.pool.room() == 16)

    @real
    def test_a_full_pool_does_not_delay_steps(self, monkeypatch: pytest.MonkeyPatch, worker: Worker) -> None:
        """F19: sixteen endless calls; a step of the database still runs, and nothing is leased that cannot start."""
        release, seen = threading.Event(), []
        use(monkeypatch, "test.call", "external", waits_for(release))
        use(monkeypatch, "test.step", "database", lambda item: seen.append(item.ref))
        for number in range(30):
            due.put(f"h{number}", "test.call", lane=str(number % 5), priority=Priority.FIRST_PAGE)
        while worker.round():
            pass
        due.put("step", "test.step", "a", priority=Priority.SUBSCRIBER)
        worker.round()
        assert seen == ["a"]
        assert DueRow.objects.filter(state="leased").count() == 16
        release.set()
        until(lambda: worker.round() == 0 and worker.pool.room() == 16)
        assert DueRow.objects.filter(state="done").count() == 31

    @real
    def test_a_call_that_never_ends_asks_for_a_new_process(
        self, monkeypatch: pytest.MonkeyPatch, worker: Worker
    ) -> None:
        release = threading.Event()
        use(monkeypatch, "test.call", "external", waits_for(release))
        due.put("k", "test.call")
        worker.round()
        assert not worker.pool.stuck(60)
        assert worker.pool.stuck(-1)
        release.set()


class TestSuspects:
    @real
    def test_a_suspect_is_taken_without_other_steps(self, monkeypatch: pytest.MonkeyPatch, worker: Worker) -> None:
        """F18: neighbours of a killer are not dragged along twice."""
        use(monkeypatch, "test.step", "database", lambda item: None)
        for number in range(5):
            due.put(f"k{number}", "test.step")
        DueRow.objects.filter(key__in=["k0", "k1"]).update(crashes=1)
        assert [worker.round() for _ in range(4)] == [1, 1, 3, 0]

    @real
    def test_two_suspects_are_never_out_together(self, monkeypatch: pytest.MonkeyPatch, worker: Worker) -> None:
        release = threading.Event()
        use(monkeypatch, "test.call", "external", waits_for(release))
        for number in range(4):
            due.put(f"k{number}", "test.call")
        DueRow.objects.filter(key__in=["k0", "k1"]).update(crashes=1)
        while worker.round():
            pass
        assert len(worker.pool.lanes()) == 3
        release.set()

    @real
    def test_steps_come_in_batches(self, monkeypatch: pytest.MonkeyPatch, worker: Worker) -> None:
        use(monkeypatch, "test.step", "database", lambda item: None)
        due.put_many([DueRow(key=f"k{n}", kind="test.step") for n in range(BATCH + 1)])
        assert [worker.round(), worker.round()] == [BATCH, 1]

    @real
    def test_the_end_hands_back_what_was_not_begun(self, monkeypatch: pytest.MonkeyPatch, worker: Worker) -> None:
        use(monkeypatch, "test.step", "database", lambda item: worker.stopping.set())
        for number in range(3):
            due.put(f"k{number}", "test.step")
        worker.round()
        rows = DueRow.objects.filter(state="waiting")
        assert [(row.attempts, row.lost) for row in rows] == [(0, 0), (0, 0)]


def count(item: Item) -> None:
    """Count a topic that a step before has made."""
    FeedTopic.objects.filter(name=item.ref).update(last_seq=F("last_seq") + 1)


class TestProcess:
    @real
    def test_a_commit_wakes_an_idle_worker(self, monkeypatch: pytest.MonkeyPatch, sink: Sink) -> None:
        """P2's first half: from the commit to the effect, far below a second."""

        def call(item: Item) -> None:
            sink.note(str(time.monotonic() - float(item.ref)))

        use(monkeypatch, "test.call", "external", call)
        with running_worker():
            until(lambda: Beat.objects.filter(name__startswith="worker:").exists())
            for number in range(5):
                time.sleep(0.05)
                with transaction.atomic():
                    due.put(f"k{number}", "test.call", str(time.monotonic()))
                until(partial(lambda wanted: len(sink.lines()) == wanted, number + 1))
        took = sorted(float(line) for line in sink.lines())
        assert took[2] < 0.5, took

    @real
    def test_a_full_data_disk_does_not_stop_paging(
        self, monkeypatch: pytest.MonkeyPatch, sink: Sink, tmp_path: Path
    ) -> None:
        """F28: with the database elsewhere the disk may take nothing at all: a wake-up call is only a hint."""

        def full() -> Path:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(wake, "_folder", full)
        use(monkeypatch, "test.call", "external", lambda item: sink.note(item.key))
        with running_worker() as pid:
            due.put("page:1", "test.call")
            until(lambda: sink.lines() == ["page:1"])
            os.kill(pid, signal.SIGTERM)
            assert reap(pid) == 0

    @real
    def test_kill_9_between_effect_and_mark_repeats_it_once(self, monkeypatch: pytest.MonkeyPatch, sink: Sink) -> None:
        """F4: the provider has it, the mark is missing: exactly one more delivery with the same key."""

        def call(item: Item) -> None:
            assert item.still_mine()
            sink.note(item.key)
            if len(sink.lines()) == 1:
                time.sleep(30)
            with item.finishing():
                FeedTopic.objects.create(name=item.key)

        use(monkeypatch, "test.call", "external", call)
        due.put("page:1", "test.call")
        with running_worker() as first:
            until(lambda: sink.lines() == ["page:1"])
            os.kill(first, signal.SIGKILL)
            assert reap(first) == -signal.SIGKILL
            assert due.free_leases(first) == 1
            with running_worker():
                until(lambda: state("page:1") == "done")
        assert sink.lines() == ["page:1", "page:1"]
        assert FeedTopic.objects.count() == 1

    @real
    def test_kill_9_of_a_step_at_any_instant_does_it_exactly_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """G1, G9 for steps of the database: twelve kills in mid-work, and everything is counted once in the end."""

        def step(item: Item) -> None:
            FeedTopic.objects.create(name=item.ref, last_seq=1)
            time.sleep(0.01)
            due.put(f"after:{item.ref}", "test.after", item.ref)

        use(monkeypatch, "test.step", "database", step)
        use(monkeypatch, "test.after", "database", count)
        due.put_many([DueRow(key=f"k{n}", kind="test.step", ref=f"t{n}") for n in range(100)])
        hits = 0
        for number in range(12):
            pid = fork_worker()
            until(lambda: DueRow.objects.filter(state="leased").exists())
            time.sleep(0.007 * number)
            os.kill(pid, signal.SIGKILL)
            reap(pid)
            hits += due.free_leases(pid) > 0
        assert hits >= 4
        with running_worker():
            until(lambda: DueRow.objects.filter(key__startswith="after:", state="done").count() == 100, 30)
        assert Counter(FeedTopic.objects.values_list("last_seq", flat=True)) == {2: 100}
        assert not due.parked().exists()

    @real
    def test_sigterm_finishes_what_runs_and_hands_back_the_rest(
        self, monkeypatch: pytest.MonkeyPatch, sink: Sink
    ) -> None:
        """F2, G18: exit code 0 within 10 s, nothing lost, nothing twice."""

        def call(item: Item) -> None:
            sink.note(item.key)
            time.sleep(0.3)
            with item.finishing():
                FeedTopic.objects.create(name=item.key)

        use(monkeypatch, "test.call", "external", call)
        due.put_many([DueRow(key=f"k{n}", kind="test.call", lane=str(n % 4)) for n in range(40)])
        pid = fork_worker()
        until(lambda: len(sink.lines()) >= 5)
        os.kill(pid, signal.SIGTERM)
        started = time.monotonic()
        assert reap(pid) == 0
        assert time.monotonic() - started < 10
        assert not DueRow.objects.filter(state="leased").exists()
        assert DueRow.objects.filter(state="done").count() == len(sink.lines()) == FeedTopic.objects.count()
        assert not Beat.objects.filter(name__startswith="worker:").exists()
        with running_worker():
            until(lambda: not DueRow.objects.exclude(state="done").exists(), 30)
        assert max(Counter(sink.lines()).values()) == 1

    @real
    def test_a_row_that_kills_its_worker_is_parked_after_three_tries(
        self, monkeypatch: pytest.MonkeyPatch, sink: Sink
    ) -> None:
        """F18: the others are done, the killer is given up with an alarm."""
        use(monkeypatch, "test.killer", "external", ends_its_process)
        use(monkeypatch, "test.call", "external", lambda item: sink.note(item.key))
        due.put("killer", "test.killer", priority=Priority.FIRST_PAGE)
        due.put_many([DueRow(key=f"k{n}", kind="test.call") for n in range(20)])
        lives = 0
        while state("killer") != "parked":
            pid = fork_worker()
            assert reap(pid) == 139
            due.free_leases(pid, crashed=True)
            lives += 1
        assert lives == 3
        with running_worker():
            until(lambda: DueRow.objects.filter(state="done").count() == 20)
        assert set(sink.lines()) == {f"k{n}" for n in range(20)}
        assert [p["ok"] for p in health.report()["checks"] if p["name"] == "parked"] == [False]

    @real
    def test_a_frozen_worker_is_replaced_by_its_neighbour(self, monkeypatch: pytest.MonkeyPatch, sink: Sink) -> None:
        """F7: SIGSTOP before the send; the neighbour sends; the woken one asks its lease and sends nothing."""

        def call(item: Item) -> None:
            first = not sink.lines()
            sink.note("took")
            if first:
                time.sleep(0.5)
            if item.still_mine():
                sink.note("sent")
                item.finish()

        use(monkeypatch, "test.call", "external", call)
        due.put("page:1", "test.call")
        with running_worker() as frozen:
            until(lambda: sink.lines() == ["took"])
            os.kill(frozen, signal.SIGSTOP)
            DueRow.objects.update(lease_until=clock.now() - timedelta(seconds=1))  # 25 s later
            with running_worker():
                until(lambda: state("page:1") == "done")
            os.kill(frozen, signal.SIGCONT)
            time.sleep(0.8)
        assert sink.lines() == ["took", "took", "sent"]

    @real
    def test_a_step_that_never_ends_ends_its_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """F19: the process counts its own turns and asks to be replaced; the row is free for the next one."""
        monkeypatch.setattr(engine, "WATCH_EVERY", 0.05)
        use(monkeypatch, "test.step", "database", lambda item: time.sleep(30))
        due.put("k", "test.step")
        pid = fork_worker()
        assert reap(pid) == 75
        assert due.free_leases(pid, crashed=True) == 1

    @real
    def test_a_step_that_hangs_inside_the_log_ends_its_process_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """F19: it holds the very lock that the last words need."""

        def hangs(item: Item) -> None:
            for handler in logging.root.handlers:
                handler.acquire()
            time.sleep(30)

        monkeypatch.setattr(engine, "WATCH_EVERY", 0.05)
        monkeypatch.setattr(engine, "LAST_WORDS", 0.2)
        monkeypatch.setattr(logging.root, "handlers", [logging.NullHandler(), logging.StreamHandler()])
        use(monkeypatch, "test.step", "database", hangs)
        due.put("k", "test.step")
        with running_worker() as pid:
            assert reap(pid) == 75

    def test_the_last_words_of_a_worker_that_hangs_tell_where_each_thread_is(self) -> None:
        """F19: one line of the log, never a write past it, which a stuck reader could hold up."""
        release, inside = threading.Event(), threading.Event()

        def hangs() -> None:
            inside.set()
            release.wait(20)

        hanging = threading.Thread(target=hangs, name="external-7")
        hanging.start()
        inside.wait(5)
        said = engine._stacks()
        release.set()
        hanging.join(5)
        assert "MainThread: " in said
        assert " hangs" in said.partition("external-7: ")[2].partition("; ")[0]

    @real
    def test_a_call_that_never_ends_replaces_its_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """F19, F47: a thread cannot be taken back, a process can."""
        monkeypatch.setattr(engine, "STUCK", 0.2)
        monkeypatch.setattr(engine, "GRACE", 0.2)
        use(monkeypatch, "test.call", "external", lambda item: time.sleep(30))
        due.put("k", "test.call")
        assert reap(fork_worker()) == 75

    @real
    def test_a_locked_database_is_waited_for(self, monkeypatch: pytest.MonkeyPatch, sink: Sink) -> None:
        """F20, F24: somebody holds every lock for two seconds; the worker goes on by itself afterwards."""
        use(monkeypatch, "test.step", "database", lambda item: sink.note(item.key))
        with running_worker() as pid:
            until(lambda: Beat.objects.filter(name__startswith="worker:").exists())
            due.put("k", "test.step", due=clock.now() + timedelta(milliseconds=300))
            with transaction.atomic():
                if connection.vendor == "postgresql":
                    with connection.cursor() as cursor:
                        cursor.execute("LOCK TABLE core_duerow IN ACCESS EXCLUSIVE MODE")
                else:
                    FeedTopic.objects.create(name="lock")
                time.sleep(2)
                assert sink.lines() == []
            until(lambda: state("k") == "done")
            os.kill(pid, signal.SIGTERM)
            assert reap(pid) == 0


@real
def test_a_worker_stands_back_while_somebody_upgrades_the_tables(
    monkeypatch: pytest.MonkeyPatch, worker: Worker
) -> None:
    """F50, G19: a migration that this release does not know ends the worker."""
    worker.beat()
    assert not worker.stopping.is_set()
    monkeypatch.setattr(db, "applied_count", lambda: 10_000)
    monkeypatch.setattr(db, "schema_state", lambda: "ahead")
    worker._beat_at = float("-inf")
    worker.beat()
    assert worker.stopping.is_set()
