"""The due queue as stories: put once, lease, retry, park, take over (stack 2, F7, F17, F18)."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core import alive, claims, clock, due, health, leases, worker
from core.clock import FrozenClock
from core.due import Item, Priority
from core.models import DueRow, FeedTopic
from tests.core.processes import rolled_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Kinds `test.step` and `test.call`, which note what they did."""
    seen: list[str] = []

    def step(item: Item) -> None:
        seen.append(item.ref)

    def call(item: Item) -> None:
        assert item.still_mine()
        with item.finishing():
            seen.append(item.ref)

    use(monkeypatch, "test.step", "database", step)
    use(monkeypatch, "test.call", "external", call)
    return seen


def use(monkeypatch: pytest.MonkeyPatch, kind: str, effect: due.Effect, call: leases.Call, most: int = 8) -> None:
    """Register a kind for one test."""
    monkeypatch.setitem(leases._handlers, kind, due.Handler(kind, effect, most, call))


def state(key: str) -> str:
    return DueRow.objects.values_list("state", flat=True).get(key=key)


class TestPut:
    def test_a_key_is_taken_once(self, done: list[str]) -> None:
        assert due.put("page:1", "test.step", "a") is True
        assert due.put("page:1", "test.step", "b") is False
        assert worker.drain() == 1
        assert done == ["a"]

    def test_a_done_key_is_remembered(self, done: list[str]) -> None:
        due.put("page:1", "test.step", "a")
        worker.drain()
        assert due.put("page:1", "test.step", "a") is False
        assert worker.drain() == 0

    def test_a_change_that_is_rolled_back_asks_for_nothing(self, done: list[str]) -> None:
        with rolled_back():
            due.put("page:1", "test.step")
        assert not DueRow.objects.exists()

    def test_several_at_once(self) -> None:
        rows = [DueRow(key=f"k{n}", kind="test.step") for n in (1, 2, 2)]
        assert due.put_many(rows) == 2
        assert due.put_many([]) == 0

    @pytest.mark.parametrize("name", ["key", "ref", "kind", "lane"])
    def test_a_text_that_does_not_fit_is_refused_on_both_databases(self, name: str) -> None:
        texts = {"key": "k", "kind": "test.step", name: "x" * 251}
        with pytest.raises(ValueError, match=name):
            due.put(**texts)  # type: ignore[arg-type]

    def test_an_unknown_priority_is_refused(self) -> None:
        with pytest.raises(ValueError):
            due.put("k", "test.step", priority=13)

    def test_a_kind_has_one_handler(self) -> None:
        with pytest.raises(ValueError, match="two handlers"):
            due.due("fact.read", effect="database")(lambda item: None)


class TestOrder:
    def test_a_first_page_goes_before_everything_else(self, done: list[str], at: FrozenClock) -> None:
        for priority in (Priority.SUBSCRIBER, Priority.STEP, Priority.FIRST_PAGE, Priority.REMINDER):
            due.put(priority.name, "test.step", priority.name, priority=priority)
        at.move(seconds=1)
        due.put("late", "test.step", "late first page", priority=Priority.FIRST_PAGE)
        worker.drain()
        assert done == ["FIRST_PAGE", "late first page", "STEP", "REMINDER", "SUBSCRIBER"]

    def test_nothing_runs_before_its_time(self, done: list[str], at: FrozenClock) -> None:
        due.put("k", "test.step", "a", due=at.at + timedelta(minutes=5))
        assert worker.drain() == 0
        at.move(minutes=5)
        assert worker.drain() == 1

    def test_lateness_is_known(self, monkeypatch: pytest.MonkeyPatch, at: FrozenClock) -> None:
        late: list[timedelta] = []
        use(monkeypatch, "test.late", "database", lambda item: late.append(item.late))
        due.put("k", "test.late")
        at.move(minutes=11)
        worker.drain()
        assert late == [timedelta(minutes=11)]


class TestWithdraw:
    def test_by_prefix_and_by_keys(self, done: list[str]) -> None:
        for key in ("page:1:a", "page:1:b", "page:10:a", "page:2:a"):
            due.put(key, "test.step", key)
        assert due.withdraw("page:1:") == 2
        assert due.withdraw(["page:2:a", "unknown"]) == 1
        worker.drain()
        assert done == ["page:10:a"]

    def test_wild_cards_are_plain_characters(self) -> None:
        for key in ("a_c", "abc", "a%c", "A_c"):
            due.put(key, "test.step")
        assert due.withdraw("a_") == 1
        assert state("abc") == "waiting"

    def test_what_a_worker_holds_is_left_to_its_handler(self, done: list[str]) -> None:
        due.put("k", "test.call")
        due.claim(1)
        assert due.withdraw("k") == 0


class TestLease:
    def test_a_held_row_is_not_given_to_another(self, done: list[str]) -> None:
        due.put("k", "test.call")
        assert len(due.claim()) == 1
        assert due.claim() == []

    @pytest.mark.parametrize(("kind", "seconds"), [("test.step", 5), ("test.call", 25)])
    def test_it_ends_by_itself(self, done: list[str], at: FrozenClock, kind: str, seconds: int) -> None:
        due.put("k", kind)
        due.claim()
        at.move(seconds=seconds - 1)
        assert due.claim() == []
        at.move(seconds=1)
        assert [(item.attempts, item.lost) for item in due.claim()] == [(1, 1)]

    def test_a_frozen_worker_that_wakes_up_can_neither_send_nor_mark(self, done: list[str], at: FrozenClock) -> None:
        """F7: the lease is asked for before the effect, and the mark is a compare-and-swap."""
        due.put("k", "test.call")
        (frozen,) = due.claim()
        at.move(seconds=60)
        (other,) = due.claim()
        assert frozen.still_mine() is False
        with pytest.raises(due.LeaseLost):
            frozen.finish()
        frozen.retry(timedelta(0), "late")
        frozen.park("late")
        assert state("k") == "leased"
        other.finish()
        assert state("k") == "done"

    def test_one_that_is_nearly_over_is_prolonged_before_the_effect(self, done: list[str], at: FrozenClock) -> None:
        due.put("k", "test.call")
        (item,) = due.claim()
        at.move(seconds=20)
        assert item.still_mine()
        at.move(seconds=20)
        assert item.still_mine()
        assert due.claim() == []

    def test_finishing_is_all_or_nothing(self, done: list[str]) -> None:
        due.put("k", "test.call")
        (item,) = due.claim()
        with contextlib.suppress(RuntimeError), item.finishing():
            FeedTopic.objects.create(name="written")
            raise RuntimeError
        assert state("k") == "leased"
        assert not FeedTopic.objects.exists()
        assert item.settled is False

    def test_a_dead_process_is_relieved_at_once(self, done: list[str]) -> None:
        due.put("k", "test.call")
        (item,) = due.claim()
        assert due.free_leases(1) == 0
        pid = int(item.owner.split(":")[1])
        assert due.free_leases(pid) == 1
        assert [(again.attempts, again.lost) for again in due.claim()] == [(1, 1)]

    def test_a_starting_worker_relieves_the_dead_of_its_machine_only(self, done: list[str]) -> None:
        for number, owner in enumerate(
            [
                f"{leases.host()}:999999999:17:x",
                "elsewhere:999999999:17:x",
                f"{leases.host()}:1:{alive.started(1)}:x",
                f"{leases.host()}:1:17:x",  # a process of an earlier time had this number
            ]
        ):
            due.put(f"k{number}", "test.call")
            DueRow.objects.filter(key=f"k{number}").update(
                state="leased", lease_owner=owner, lease_until=clock.now() + timedelta(hours=1)
            )
        assert due.free_the_dead() == 2
        assert [state(f"k{number}") for number in range(4)] == ["waiting", "leased", "leased", "waiting"]


class TestFailure:
    def test_exactly_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A step that fails half-way leaves nothing behind and is done later as a whole."""
        tries: list[int] = []

        def step(item: Item) -> None:
            FeedTopic.objects.create(name="once")
            due.put("follow-up", "test.none")
            tries.append(item.attempts)
            if len(tries) < 3:
                raise RuntimeError("not yet")

        use(monkeypatch, "test.step", "database", step)
        with clock.frozen() as at:
            due.put("k", "test.step")
            for _ in range(3):
                worker.drain(strict=False)
                at.move(seconds=60)
        assert tries == [1, 2, 3]
        assert FeedTopic.objects.count() == 1
        assert state("k") == "done"

    @pytest.mark.parametrize("most", [1, 8], ids=["parks", "retries"])
    @pytest.mark.parametrize("effect", ["database", "external"])
    def test_a_step_whose_commit_was_not_answered_is_not_done_again(
        self, monkeypatch: pytest.MonkeyPatch, at: FrozenClock, effect: due.Effect, most: int
    ) -> None:
        """F21: the database took the COMMIT, and the line broke before it could say so."""
        seen: list[str] = []

        @contextlib.contextmanager
        def unanswered() -> Iterator[None]:
            with transaction.atomic():
                yield
            raise OperationalError("server closed the connection unexpectedly")

        def step(item: Item) -> None:
            with item.finishing() if effect == "external" else contextlib.nullcontext():
                seen.append(item.key)

        use(monkeypatch, "test.step", effect, step, most=most)
        due.put("k", "test.step")
        with monkeypatch.context() as broken:
            broken.setattr(leases, "transaction", SimpleNamespace(atomic=unanswered))
            worker.drain(strict=False)
        assert state("k") == "done"
        at.move(seconds=60)
        worker.drain()
        assert seen == ["k"]

    def test_a_body_that_finishes_may_still_postpone_or_park(self, done: list[str], at: FrozenClock) -> None:
        for key in ("later", "never"):
            due.put(key, "test.call")
            (item,) = due.claim()
            with item.finishing():
                item.retry(timedelta(seconds=5)) if key == "later" else item.park("no use")
            assert item.settled
        assert (state("later"), state("never")) == ("waiting", "parked")

    def test_the_delay_grows_to_a_minute(self, done: list[str], at: FrozenClock) -> None:
        due.put("k", "test.step")
        waits = []
        for attempt in range(1, 9):
            item = due.claim()[0]
            assert item.attempts == attempt
            started = at.at
            item.retry(timedelta(seconds=min(60, 2 ** (attempt - 1))), "no") if attempt > 7 else item.failed("no")
            waits.append(int((DueRow.objects.get(key="k").due - started).total_seconds()))
            at.set(DueRow.objects.get(key="k").due)
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60]

    def test_a_postponement_is_not_an_attempt(self, done: list[str], at: FrozenClock) -> None:
        due.put("k", "test.call")
        for _ in range(20):
            (item,) = due.claim()
            item.retry(timedelta(seconds=5))
            at.move(seconds=5)
        assert due.claim()[0].attempts == 1

    def test_poison_is_parked_with_an_alarm_and_the_others_go_on(
        self, monkeypatch: pytest.MonkeyPatch, done: list[str], at: FrozenClock
    ) -> None:
        """F17: one row that always fails is put aside; health says so until somebody acts."""

        def poison(item: Item) -> None:
            raise ValueError("broken contact method")

        use(monkeypatch, "test.poison", "external", poison, most=3)
        due.put("poison", "test.poison", priority=Priority.FIRST_PAGE)
        due.put("good", "test.call", "good", priority=Priority.SUBSCRIBER)
        for _ in range(4):
            worker.drain(strict=False)
            at.move(seconds=60)
        row = DueRow.objects.get(key="poison")
        assert (row.state, row.attempts, row.error) == ("parked", 3, "ValueError: broken contact method")
        assert done == ["good"]
        assert [p["ok"] for p in health.report()["checks"] if p["name"] == "parked"] == [False]
        assert due.try_again([row.pk]) == 1
        assert due.claim()[0].attempts == 1

    def test_parked_work_can_be_dismissed(self, done: list[str]) -> None:
        due.put("k", "test.call")
        due.claim()[0].park("no use")
        assert due.dismiss([row.pk for row in due.parked()]) == 1
        assert not due.parked().exists()

    def test_a_row_whose_workers_always_vanish_is_parked_in_the_end(self, done: list[str], at: FrozenClock) -> None:
        due.put("k", "test.call")
        for _ in range(leases.LOSSES):
            assert len(due.claim()) == 1
            at.move(seconds=26)
        worker.drain()
        assert state("k") == "parked"
        assert done == []

    def test_a_row_that_crashes_its_worker_has_three_tries(self, done: list[str]) -> None:
        """F18: the runner says that the process ended by itself."""
        due.put("k", "test.call")
        for _ in range(3):
            (item,) = due.claim()
            due.free_leases(int(item.owner.split(":")[1]), crashed=True)
        assert state("k") == "parked"

    def test_kills_from_outside_do_not_park(self, done: list[str]) -> None:
        due.put("k", "test.call")
        for _ in range(11):
            (item,) = due.claim()
            due.free_leases(int(item.owner.split(":")[1]))
        assert (item.attempts, item.lost) == (1, 10)
        worker.drain()
        assert state("k") == "done"

    def test_an_outcome_clears_the_suspicion(self, done: list[str]) -> None:
        due.put("k", "test.call")
        for _ in range(2):
            (item,) = due.claim()
            due.free_leases(int(item.owner.split(":")[1]), crashed=True)
        (item,) = due.claim()
        assert (item.lost, item.crashes) == (2, 2)
        item.retry(timedelta(0))
        (item,) = due.claim()
        assert (item.lost, item.crashes) == (0, 0)


class Queue(RuleBasedStateMachine):
    """Five workers, a moving clock: no row is ever in two hands whose leases both hold."""

    clock: FrozenClock

    @initialize()
    def start(self) -> None:
        DueRow.objects.all().delete()
        self.hands: list[Item] = []
        self.finished: Counter[str] = Counter()
        self.put: set[str] = set()

    @rule(number=st.integers(0, 5), kind=st.sampled_from(["test.step", "test.call"]))
    def ask(self, number: int, kind: str) -> None:
        assert due.put(f"k{number}", kind, due=self.clock.at) is (f"k{number}" not in self.put)
        self.put.add(f"k{number}")

    @rule(limit=st.integers(1, 4))
    def take(self, limit: int) -> None:
        self.hands.extend(due.claim(limit, kinds=["test.step", "test.call"]))

    @rule(seconds=st.sampled_from([1, 4, 6, 30]))
    def pass_time(self, seconds: int) -> None:
        self.clock.move(seconds=seconds)

    @rule(which=st.integers(0, 50), verb=st.sampled_from(["finish", "retry", "hand_back", "prolong"]))
    def act(self, which: int, verb: str) -> None:
        if not self.hands:
            return
        item = self.hands.pop(which % len(self.hands))
        if verb == "finish":
            try:
                item.finish()
            except due.LeaseLost:
                return
            self.finished[item.key] += 1
        elif verb == "retry":
            item.retry(timedelta(seconds=2), "no")
        elif verb == "hand_back":
            item.hand_back()
        else:
            item.still_mine()
            self.hands.append(item)

    @invariant()
    def one_hand_per_row(self) -> None:
        for key in self.put:
            assert sum(item.still_mine() for item in self.hands if item.key == key) <= 1

    @invariant()
    def done_once(self) -> None:
        assert all(count == 1 for count in self.finished.values())


def test_no_row_is_ever_in_two_hands(done: list[str], at: FrozenClock) -> None:
    """G9, F12, whatever the order of takes, ends, delays and lost leases."""
    Queue.clock = at
    few = settings(max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Queue, settings=few)


@pytest.mark.django_db(transaction=True)
def test_five_workers_at_once_do_each_row_once(done: list[str]) -> None:
    """F12, G9 with real connections: SQLite's writer lock, PostgreSQL's SKIP LOCKED."""
    due.put_many([DueRow(key=f"k{n}", kind="test.step", ref=str(n)) for n in range(120)])
    errors: list[Exception] = []

    def work() -> None:
        try:
            while items := due.claim(4):
                for item in items:
                    worker.do(item, strict=True)
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    while DueRow.objects.filter(state="waiting").exists():  # what a neighbour's lock hid from the last look
        worker.drain()
    assert sorted(done, key=int) == [str(n) for n in range(120)]
    assert not DueRow.objects.exclude(state="done").exists()


@pytest.mark.django_db(transaction=True)
def test_two_puts_of_one_key_at_once_make_one_row(done: list[str]) -> None:
    barrier = threading.Barrier(8)
    made: list[bool] = []

    def ask() -> None:
        barrier.wait(10)
        try:
            with transaction.atomic():
                made.append(due.put("page:1", "test.step"))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(made) == [False] * 7 + [True]


def test_the_peek_takes_no_write_lock(done: list[str]) -> None:
    with connection.execute_wrapper(refuse_writes):
        assert claims.peek(8, kinds=["test.step"]) == []


def refuse_writes(execute: object, sql: str, *rest: object) -> Iterator[object]:
    """Fail on anything but a SELECT."""
    assert sql.lstrip().startswith("SELECT"), sql
    return execute(sql, *rest)  # type: ignore[operator, no-any-return]
