"""Group commit: nobody is answered before his row is committed, one bad item spoils nobody else's."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from pathlib import Path
from unittest.mock import Mock

import pytest
from django.db import connection

from core.groupcommit import Busy, GroupCommit
from core.models import Beat

pytestmark = pytest.mark.django_db(transaction=True)


def save(names: list[str]) -> list[str]:
    """Store one row per name; a name is refused when it is bad."""
    if "bad" in names:
        raise ValueError("bad name")
    Beat.objects.bulk_create([Beat(name=name) for name in names])
    return [name.upper() for name in names]


async def test_each_caller_gets_his_own_result_and_groups_share_a_commit() -> None:
    sizes: list[int] = []

    def counted(names: list[str]) -> list[str]:
        sizes.append(len(names))
        return save(names)

    writer = GroupCommit(counted, max_wait=0.05)
    names = [f"beat {number}" for number in range(50)]
    assert await asyncio.gather(*map(writer.submit, names)) == [name.upper() for name in names]
    assert await Beat.objects.acount() == 50
    assert len(sizes) <= 5


async def test_one_bad_item_fails_alone() -> None:
    writer = GroupCommit(save, max_wait=0.05)
    results = await asyncio.gather(*map(writer.submit, ["one", "bad", "two", "one"]), return_exceptions=True)
    assert results[0] == "ONE"
    assert isinstance(results[1], ValueError)
    assert results[2] == "TWO"
    assert isinstance(results[3], Exception)
    assert await Beat.objects.acount() == 2


async def test_a_full_queue_is_busy_at_once() -> None:
    gate = threading.Event()

    def slow(names: list[str]) -> list[str]:
        gate.wait(5)
        return names

    writer = GroupCommit(slow, max_batch=1, max_waiting=1)
    first = asyncio.ensure_future(writer.submit("a"))
    await asyncio.sleep(0.05)
    second = asyncio.ensure_future(writer.submit("b"))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await writer.submit("c")
    gate.set()
    assert await first == "a"
    assert await second == "b"


async def test_a_handler_that_forgets_a_result_saves_nothing() -> None:
    def forgetful(names: list[str]) -> list[str]:
        save(names)
        return []

    with pytest.raises(RuntimeError):
        await GroupCommit(forgetful).submit("a")
    assert await Beat.objects.acount() == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_stumbles_or_dies_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = GroupCommit(save)
    for fault in (RuntimeError, SystemExit):
        with monkeypatch.context() as patched:
            patched.setattr(writer, "_settle", Mock(side_effect=fault))
            with pytest.raises(Busy):
                writer.submit_and_wait("lost")
    while writer._thread is not None and writer._thread.is_alive():
        time.sleep(0.01)
    assert writer.submit_and_wait("a") == "A"


def test_a_locked_database_is_busy_in_time_and_nothing_is_saved_f20(monkeypatch: pytest.MonkeyPatch) -> None:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or not Path(name).is_file():
        pytest.skip("needs SQLite in a file")
    monkeypatch.setattr("core.groupcommit.BUSY_SECONDS", 0.5)
    blocker = sqlite3.connect(name, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    writer = GroupCommit(save)
    started = time.monotonic()
    with pytest.raises(Busy):
        writer.submit_and_wait("a")
    assert time.monotonic() - started < 2
    blocker.execute("ROLLBACK")
    blocker.close()
    assert Beat.objects.count() == 0
    assert writer.submit_and_wait("b") == "B"
