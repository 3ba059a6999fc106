"""The live feed: gapless per topic, whoever writes at once; hints are only hints (G16's ground)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from core import live, wake
from core.models import FeedEntry
from tests.core.processes import rolled_back, until

pytestmark = pytest.mark.django_db


class Board:
    prefix = "board"

    def may_see(self, actor: Any, key: str) -> str | None:
        return "everybody"

    def render(self, key: str, entries: Sequence[FeedEntry], audience: str) -> list[live.Frame]:
        return [live.Frame(entry.seq, entry.kind) for entry in entries]


def test_numbers_begin_at_one_per_topic_and_have_no_gaps() -> None:
    assert [live.append("a:1", "entry", str(n)) for n in range(3)] == [1, 2, 3]
    assert live.append("a:2", "entry") == 1
    assert [(e.seq, e.ref) for e in live.since("a:1", 1)] == [(2, "1"), (3, "2")]
    assert [e.seq for e in live.since("a:1", 0, limit=2)] == [1, 2]
    assert live.last_seq("a:1") == 3
    assert live.last_seq("a:3") == 0
    assert live.heads(["a:1", "a:2", "a:3"]) == {"a:1": 3, "a:2": 1}


def test_a_change_that_is_rolled_back_leaves_no_gap() -> None:
    live.append("a:1", "entry")
    with rolled_back():
        live.append("a:1", "entry")
    assert live.append("a:1", "entry") == 2


@pytest.mark.django_db(transaction=True)
def test_many_writers_and_a_reader_who_never_misses_one() -> None:
    """Whoever has read up to a number has everything below it, also while eight connections write at once."""
    writers, each = 8, 15
    seen: list[int] = []
    errors: list[Exception] = []

    def write(number: int) -> None:
        try:
            for turn in range(each):
                with transaction.atomic():
                    live.append("a:1", "entry", f"{number}.{turn}")
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    def read() -> None:
        try:
            while len(seen) < writers * each and not errors:
                seen.extend(entry.seq for entry in live.since("a:1", seen[-1] if seen else 0))
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)] + [threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert seen == list(range(1, writers * each + 1))
    assert len(set(FeedEntry.objects.values_list("ref", flat=True))) == writers * each


@pytest.mark.django_db(transaction=True)
def test_web_processes_are_woken_by_the_commit_and_not_before() -> None:
    ears = wake.listen("web")
    try:
        with transaction.atomic():
            live.append("a:1", "entry")
            live.append("a:2", "entry")
            assert not ears.wait(0.05)
        assert ears.wait(2)
    finally:
        ears.close()


def test_a_family_of_topics_is_registered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_topics", {})
    board = Board()
    live.register_topic(board)
    live.register_topic(board)
    with pytest.raises(ValueError, match="board"):
        live.register_topic(Board())
    assert live.topic_of("board:7") == (board, "7")
    assert live.topic_of("other:7") is None


def test_a_path_names_a_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_paths", [])
    live.register_path("ws/boards/<int:number>/", lambda actor, values: f"board:{values['number']}" if actor else None)
    assert live.name_for("ws/boards/42/", "Ana") == "board:42"
    assert live.name_for("ws/boards/42/", None) is None
    assert live.name_for("ws/boards/x/", "Ana") is None
    assert live.name_for("ws/boards/42/more", "Ana") is None


def test_only_families_with_a_limit_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_topics", {})
    monkeypatch.setattr(live, "_keep", {})
    live.register_topic(Board(), keep=timedelta(days=7))
    live.append("board:1", "entry")
    live.append("incident:1", "entry")
    FeedEntry.objects.update(at=FeedEntry.objects.first().at - timedelta(days=8))  # type: ignore[union-attr]
    assert [rows.count() for rows in live.forgettable()] == [1]


def test_calls_of_one_transaction_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(wake, "_caller", lambda role: calls_to(calls))
    with transaction.atomic():
        before = len(connection.run_on_commit)
        wake.after_commit("web")
        wake.after_commit("web")
        with transaction.atomic():
            wake.after_commit("web")
        assert len(connection.run_on_commit) == before + 1


_made: dict[int, Any] = {}


def calls_to(calls: list[str]) -> Any:
    """One and the same function for one list."""
    return _made.setdefault(id(calls), lambda: calls.append("web"))


class TestWake:
    def test_a_call_is_heard_by_its_role_only(self) -> None:
        web, worker = wake.listen("web"), wake.listen("worker")
        try:
            wake.call("web")
            assert web.wait(2)
            assert not worker.wait(0.05)
            assert not web.wait(0.05)
        finally:
            web.close()
            worker.close()

    def test_what_a_dead_process_left_is_swept_away(self, tmp_path: Any, settings: Any) -> None:
        settings.DATA_DIR = tmp_path
        dead = wake._folder() / "web-999999999-1.port"
        dead.write_text("1")
        wake.call("web")
        assert not dead.exists()

    def test_a_broken_file_hurts_nobody(self, tmp_path: Any, settings: Any) -> None:
        settings.DATA_DIR = tmp_path
        (wake._folder() / "web-1-1.port").write_text("x")
        wake.call("web")

    @pytest.mark.services
    @pytest.mark.django_db(transaction=True)
    def test_another_host_is_woken_by_the_database(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Set-up B: the datagram does not leave the machine, NOTIFY does."""
        if connection.vendor != "postgresql":
            pytest.skip("needs PostgreSQL")
        monkeypatch.setattr(wake, "call", lambda role: None)
        ears = wake.listen("worker")
        try:

            def heard() -> bool:
                with transaction.atomic():
                    wake.after_commit("worker")
                return ears.wait(0.2)

            until(heard, 10)
        finally:
            ears.close()


def test_the_boards_of_people_are_forgotten_and_the_story_of_an_incident_is_not() -> None:
    """F46: what the product itself registers."""
    assert live._keep == {"now": timedelta(days=1)}
    assert live.topic_of("incident:1") is not None
