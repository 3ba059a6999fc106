"""How often somebody may try: exact across threads and processes (A37, A85)."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from core import throttle
from core.clock import FrozenClock
from core.errors import TooMany
from core.models import ThrottleCount


def tries(name: str, key: str, number: int, *, limit: int = 3, seconds: int = 60) -> int:
    """How many of so many tries were let through."""
    passed = 0
    for _ in range(number):
        try:
            throttle.hit(name, key, limit, seconds)
        except TooMany:
            continue
        passed += 1
    return passed


@pytest.mark.django_db
def test_the_limit_holds_and_says_how_long(at: FrozenClock) -> None:
    """A37: 429 with Retry-After."""
    assert tries("sign-in", "ana", 3) == 3
    at.move(seconds=20)
    with pytest.raises(TooMany) as refusal:
        throttle.hit("sign-in", "ana", 3, 60)
    assert refusal.value.retry_after == 40
    assert refusal.value.hint == "Try again in about a minute."


@pytest.mark.django_db
def test_many_are_counted_at_once_and_nothing_is_refused(at: FrozenClock) -> None:
    assert throttle.add("flood", "7", 40, 60) == 40
    at.move(seconds=59)
    assert throttle.add("flood", "7", 2, 60) == 42
    assert throttle.add("flood", "8", 1, 60) == 1
    at.move(seconds=1)
    assert throttle.add("flood", "7", 5, 60) == 5


@pytest.mark.django_db
def test_the_next_window_begins_anew(at: FrozenClock) -> None:
    assert tries("sign-in", "ana", 9) == 3
    at.move(seconds=59)
    assert tries("sign-in", "ana", 2) == 0
    at.move(seconds=1)
    assert tries("sign-in", "ana", 9) == 3


@pytest.mark.django_db
def test_names_and_keys_do_not_share(at: FrozenClock) -> None:
    assert tries("sign-in", "ana", 5) == 3
    assert tries("sign-in", "bo", 5) == 3
    assert tries("reset", "ana", 5) == 3
    assert tries("sign-ina", "na", 5) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "\0", "\ud83d", "x" * 100_000, "ana@example.org|127.0.0.1", "'; DROP TABLE"])
def test_any_text_is_a_key(key: str, at: FrozenClock) -> None:
    """A21: and none of it stands in the database in clear."""
    assert tries("sign-in", key, 5) == 3
    assert len(ThrottleCount.objects.get().key) == 64


@pytest.mark.django_db
def test_a_success_can_forget(at: FrozenClock) -> None:
    assert tries("sign-in", "ana", 5) == 3
    throttle.forget("sign-in", "ana")
    assert tries("sign-in", "ana", 5) == 3


@pytest.mark.django_db
def test_what_is_over_is_swept_away(at: FrozenClock) -> None:
    for number in range(5):
        throttle.hit("sign-in", str(number), 3, 60 + number)
    at.move(seconds=62)
    assert throttle.sweep() == 3
    assert ThrottleCount.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_count_is_exact_between_connections() -> None:
    """stack 5: two processes let ten through where five were allowed, with counters in memory."""
    passed: list[int] = []

    def run() -> None:
        try:
            passed.append(tries("sign-in", "ana", 20, limit=15))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 15


def test_a_pace_lets_bursts_through_and_refills(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("core.throttle.time.monotonic", lambda: now[0])
    pace = throttle.Pace(per_second=2, burst=4)

    def passed() -> int:
        number = 0
        try:
            while True:
                pace.step("ana")
                number += 1
        except TooMany:
            return number

    assert passed() == 4
    now[0] += 1.0
    assert passed() == 2
    now[0] += 60
    assert passed() == 4
    pace.step("bo")


def test_a_pace_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A85: a flood of keys takes no memory without bound."""
    monkeypatch.setattr(throttle, "PACED", 100)
    pace = throttle.Pace(per_second=1, burst=1)
    for number in range(1000):
        pace.step(str(number))
    assert len(pace._buckets) == 100
