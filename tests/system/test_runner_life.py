"""`manage.py up` keeps its processes, ends in time and leaves nothing behind (F1, F2, F9, F10)."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.system.harness import Portal, free_port, is_running, manage, memory_kib, tree_of, wait_until

pytestmark = [pytest.mark.system, pytest.mark.faults]
ROLES = {"web", "worker-1", "bulk"}
HOLD = """
from datetime import timedelta
from core import alive, clock, leases
from core.models import DueRow
until = clock.now() + timedelta(hours=1)
owner = leases.owner_prefix({pid}, alive.started({pid})) + "abcdef"
DueRow.objects.create(key="test:held", kind="test.unknown", state="leased", lease_owner=owner, lease_until=until)
"""
HALF_A_FORM = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n\r\nhalf"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for the tests that leave it running."""
    with Portal(tmp_path_factory.mktemp("up") / "var") as running:
        wait_until(lambda: set(running.children()) == ROLES, 10, "all roles run")
        yield running


def test_it_says_where_it_is_and_shows_the_one_time_link(portal: Portal) -> None:
    wait_until(lambda: "Watchbill is ready" in portal.text(), 5, "the greeting")
    assert f"Watchbill is ready: http://localhost:{portal.port}\n" in portal.text()
    assert f"http://localhost:{portal.port}/setup/" in portal.text()
    assert "No mail server is set (WATCHBILL_EMAIL_URL): mail is written to " in portal.text()
    assert portal.client.get("/accounts/login/").status_code == 200


def test_every_role_comes_back_within_three_seconds_of_a_kill_f1(portal: Portal) -> None:
    for role in sorted(ROLES):
        took = _kill_and_wait(portal, role)
        assert took <= 3.0, role


def test_a_client_that_comes_while_the_web_process_is_away_waits_and_is_served(portal: Portal) -> None:
    portal.kill("web")
    time.sleep(0.1)
    assert httpx.get(f"http://127.0.0.1:{portal.port}/healthz", timeout=10).status_code == 200


def test_a_dead_workers_leases_are_freed_at_once(portal: Portal) -> None:
    pid = portal.children()["worker-1"]
    done = manage(portal.directory, "shell", "-v", "0", "-c", HOLD.format(pid=pid))
    assert done.returncode == 0, done.stderr
    assert _state(portal, "test:held") == "leased"
    portal.kill("worker-1")
    wait_until(lambda: _state(portal, "test:held") == "waiting", 3, "the row is free")


def test_a_web_process_that_stands_still_is_replaced_f9(portal: Portal) -> None:
    frozen = portal.kill("web", signal.SIGSTOP)
    took = wait_until(
        lambda: portal.children().get("web", frozen) != frozen and portal.is_alive(), 20, "a new web process"
    )
    assert 8 <= took <= 15
    assert not is_running(frozen)


def test_all_processes_together_stay_below_300_mb_p8(portal: Portal) -> None:
    portal.client.get("/accounts/login/")
    used = memory_kib(tree_of(portal.pid)) / 1024
    assert used <= 300, f"{used:.0f} MB"


def test_a_second_runner_on_the_same_directory_is_refused_f50(portal: Portal) -> None:
    second = manage(portal.directory, "up", port=free_port(), STATIC_FROM_SOURCE="on")
    assert second.returncode == 78
    assert second.stderr.strip() == f"watchbill: Watchbill is running already on {portal.directory}."


def test_it_ends_in_time_and_starts_again_in_three_seconds_f2_p8(tmp_path: Path, migrated: Path) -> None:
    """Within 10 s, exit code 0 and nothing left, also with clients that are half-way; Ctrl-C does the same.

    On a machine that is busy with other things a start may take three times what loading Django alone takes.
    """
    shutil.copytree(migrated, tmp_path / "var")
    with Portal(tmp_path / "var") as portal:
        half_open = [_client_that_says(portal, text) for text in (b"", b"GET /he", HALF_A_FORM)]
        everything = tree_of(portal.pid)
        code, took = portal.stop(signal.SIGTERM)
        assert (code, took <= 10) == (0, True)
        assert not [pid for pid in everything if is_running(pid)]
        for client in half_open:
            client.close()
        started = time.monotonic()
        manage(portal.directory, "version")
        bare = time.monotonic() - started
        assert portal.start() <= max(3.0, 3 * bare)
        assert portal.client.get("/accounts/login/").status_code == 200
        code, took = portal.stop(signal.SIGINT)
        assert (code, took <= 10) == (0, True)


def test_a_killed_runner_leaves_no_process_f10(tmp_path: Path, migrated: Path) -> None:
    shutil.copytree(migrated, tmp_path / "var")
    with Portal(tmp_path / "var") as portal:
        wait_until(lambda: len(tree_of(portal.pid)) >= 8, 10, "django-q2's own processes")
        everything = tree_of(portal.pid)
        os.kill(portal.pid, signal.SIGKILL)
        wait_until(lambda: not [pid for pid in everything if is_running(pid)], 5, "all of them end")


def test_a_reader_of_the_log_that_is_stuck_hangs_nothing_f63(tmp_path: Path, migrated: Path) -> None:
    """The pipe is full from the start: all comes up, a killed worker comes back, and it ends in time."""
    shutil.copytree(migrated, tmp_path / "var")
    unread, portal = os.pipe(), Portal(tmp_path / "var")
    _fill(unread[1])
    portal.output = unread[1]
    try:
        with portal:
            wait_until(lambda: _workers(portal), 20, "a worker's sign of life")
            (killed,) = _workers(portal)
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda: _workers(portal) - {killed}, 5, "the next worker's sign of life")
            assert portal.client.get("/accounts/login/").status_code == 200
            everything = tree_of(portal.pid)
            code, took = portal.stop(signal.SIGTERM)
            assert (code, took <= 10) == (0, True)
            assert not [pid for pid in everything if is_running(pid)]
    finally:
        for end in unread:
            os.close(end)


def test_a_database_of_a_newer_release_is_refused_f51(portal: Portal, tmp_path: Path) -> None:
    directory = tmp_path / "var"
    directory.mkdir()
    with _database(portal) as here, sqlite3.connect(directory / "watchbill.sqlite3") as there:
        here.backup(there)
        there.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('core', '9999_future', datetime('now'))"
        )
    done = manage(directory, "up", port=free_port())
    assert done.returncode == 78
    assert done.stderr.startswith("watchbill: The database belongs to a newer release of Watchbill;")
    assert done.stderr.count("\n") == 1


def _fill(pipe: int) -> None:
    """Write to a pipe until it takes no more, and have it make the next writer wait."""
    os.set_blocking(pipe, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(pipe, b"x" * 512)
    os.set_blocking(pipe, True)


def _workers(portal: Portal) -> set[int]:
    """The processes of the workers that have given a sign of life and not said goodbye."""
    with _database(portal) as database:
        rows = database.execute("SELECT name FROM core_beat WHERE name LIKE 'worker:%'").fetchall()
    return {int(name.rsplit(":", 1)[1]) for (name,) in rows}


def _client_that_says(portal: Portal, text: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", portal.port))
    client.sendall(text)
    return client


def _kill_and_wait(portal: Portal, role: str) -> float:
    killed = portal.kill(role)
    return wait_until(
        lambda: portal.children().get(role, killed) != killed and portal.is_alive(), 10, f"{role} is back"
    )


def _database(portal: Portal) -> sqlite3.Connection:
    return sqlite3.connect(portal.directory / "watchbill.sqlite3", timeout=10)


def _state(portal: Portal, key: str) -> str:
    with _database(portal) as database:
        return str(database.execute("SELECT state FROM core_duerow WHERE key = ?", [key]).fetchone()[0])
