"""PostgreSQL restarts and goes away under a running worker (F21, F22, G10)."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import Error, connection, connections, transaction

from core import away, clock, due, passes
from core.backup import manifest, postgresql, restoring
from core.due import Item
from core.models import Beat, DueRow
from core.runner import prepare
from tests.core.processes import Sink, running_worker, until
from tests.core.test_due import use
from tools.services import Postgres

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A cluster of this test's own, with empty tables; Django's connections point at it meanwhile."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="watchbill-own-"))  # pytest's own folders are closed to the server's account
    made = Postgres(folder)
    kept = dict(connection.settings_dict)
    ours = {"HOST": "127.0.0.1", "PORT": str(made.port), "NAME": "watchbill", "USER": "watchbill", "PASSWORD": ""}
    connections.close_all()
    connection.settings_dict.update(ours)
    try:
        call_command("migrate", verbosity=0)
        yield made
    finally:
        connections.close_all()
        connection.settings_dict.update({key: kept[key] for key in ours})
        made.stop("immediate")
        shutil.rmtree(folder)


class Sender(threading.Thread):
    """Puts a row every 20 ms and keeps the keys whose commit was confirmed."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.accepted: list[str] = []
        self.refused = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        """Put until stopped; a failure is a refusal, never a false promise."""
        number = 0
        while not self.stopping.wait(0.02):
            number += 1
            try:
                with transaction.atomic():
                    due.put(f"k{number}", "test.call", str(number))
                self.accepted.append(f"k{number}")
            except Error:
                self.refused += 1
                connection.close()
        connection.close()


def alive(pid: int) -> bool:
    """Whether a child still runs."""
    return os.waitpid(pid, os.WNOHANG) == (0, 0)


@pytest.mark.parametrize("away", [0.0, 4.0])
def test_the_worker_goes_on_by_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Postgres, away: float
) -> None:
    """F21 (restart -m immediate), F22 (stopped for a while): no process of ours is started anew, nothing is lost."""
    sink = Sink(tmp_path / "sink")

    def call(item: Item) -> None:
        if item.still_mine():
            sink.note(item.key)
            item.finish()

    use(monkeypatch, "test.call", "external", call)
    monkeypatch.setattr(passes, "_passes", {})
    with running_worker() as pid:
        sender = Sender()
        sender.start()
        until(lambda: len(sink.lines()) > 20)
        if away:
            server.stop("immediate")
            time.sleep(away)
            server.start()
        else:
            server.restart("immediate")
        connections.close_all()
        seen = len(sink.lines())
        took = until(lambda: len(sink.lines()) > seen + 20)
        sender.stopping.set()
        sender.join(10)
        until(lambda: set(sender.accepted) <= set(sink.lines()), 40)
        assert alive(pid)
    assert took < 6
    assert not DueRow.objects.filter(state="parked").exists()
    twice = len(sink.lines()) - len(set(sink.lines()))
    assert twice <= 16  # at most what was in flight


def test_a_server_that_refuses_us_is_told_from_one_that_is_away_f49(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By PostgreSQL's own words: a wrong password, no such database; one that is stopped may come back."""
    connections.close_all()
    monkeypatch.setitem(connection.settings_dict, "NAME", "nothing")
    with pytest.raises(prepare.CannotStart, match="no database “nothing”") as refused:
        prepare.tables_in_time(20)
    monkeypatch.undo()
    (server.folder / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
    server.restart()
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "wrong")
    with pytest.raises(prepare.CannotStart, match="refuses the password of the user “watchbill”") as wrong:
        prepare.tables_in_time(20)
    server.stop()
    with pytest.raises(prepare.NotYet):
        prepare.tables_in_time(0)
    server.start()
    assert (refused.value.code, wrong.value.code) == (78, 78)


def test_a_restore_that_is_killed_behind_its_commit_is_looked_through_f52(
    server: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The review stands in the same transaction as the rows; SQLite's twin is among the tests of the commands."""

    class Killed(Exception):
        """The process ends here."""

    def restore(*words: Any) -> None:
        put(*words)
        raise Killed

    Beat.objects.create(name="worker:gone:1")
    Beat.objects.create(name=away.NAME, ok=False, detail={"reviewed": "2026-01-01"})
    dump = tmp_path / "database.pgdump"
    postgresql.dump(dump, tmp_path)
    said = manifest.describe(clock.now() - timedelta(days=2), [])
    put = postgresql.restore
    monkeypatch.setattr(postgresql, "restore", restore)
    with pytest.raises(Killed):
        restoring._put(said, tmp_path, restoring._Aside(), dump_first=False)
    [beat] = Beat.objects.all()
    assert (beat.name, beat.ok, beat.detail) == (away.NAME, True, away.restored(said.moment))
