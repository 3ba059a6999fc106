"""The write lock of SQLite changes hands within milliseconds, and patience has an end (decision 0005, F20)."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from django.db import OperationalError, connection, transaction

from core import db
from core.models import Beat

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="about SQLite"),
]


@pytest.fixture
def other() -> Iterator[sqlite3.Connection]:
    """Another process's connection."""
    path = str(connection.settings_dict["NAME"])
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as opened:
        yield opened
    db.be_patient(20)


def test_whoever_waits_gets_the_lock_although_it_is_taken_again_at_once(other: sqlite3.Connection) -> None:
    stop, held = threading.Event(), threading.Event()

    def greedy() -> None:
        while not stop.is_set():
            other.execute("BEGIN IMMEDIATE")
            held.set()
            time.sleep(0.02)
            other.execute("COMMIT")
            time.sleep(0.002)

    thread = threading.Thread(target=greedy)
    thread.start()
    waits = []
    try:
        held.wait(5)
        for _ in range(10):
            began = time.monotonic()
            with transaction.atomic():
                waits.append(time.monotonic() - began)
            time.sleep(0.01)
    finally:
        stop.set()
        thread.join()
    assert sorted(waits)[5] < 0.3


def test_a_statement_of_its_own_waits_too(other: sqlite3.Connection) -> None:
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, other.execute, ["COMMIT"]).start()
    assert Beat.objects.filter(name="none").update(ok=False) == 0
    with connection.cursor() as cursor:
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.2, other.execute, ["COMMIT"]).start()
        cursor.executemany("DELETE FROM core_beat WHERE name = %s", [["none"]])


def test_patience_has_an_end_f20(other: sqlite3.Connection) -> None:
    other.execute("BEGIN EXCLUSIVE")
    db.be_patient(0.3)
    began = time.monotonic()
    with pytest.raises(OperationalError, match="locked"), transaction.atomic():
        pass
    assert 0.25 < time.monotonic() - began < 2
    assert Beat.objects.count() == 0  # reading goes on
    other.execute("ROLLBACK")


def test_an_error_is_not_waited_for() -> None:
    began = time.monotonic()
    with pytest.raises(OperationalError, match="no such table"), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM no_such_table")
    assert time.monotonic() - began < 1
