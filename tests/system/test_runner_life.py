"""`manage.py up` keeps its processes, ends in time and leaves nothing behind (F1, F2, F9, F10)."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.system.harness import Portal, free_port, is_running, manage, memory_kib, tree_of, wait_until

pytestmark = pytest.mark.system
ROLES = {"web", "worker-1", "bulk"}


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
    wait_until(lambda: f"worker:{_host(portal)}:{pid}" in _beats(portal), 10, "the worker's sign of life")
    with _database(portal) as database:
        database.execute(
            "INSERT INTO core_duerow (key, kind, ref, lane, due, priority, state, lease_owner, lease_until, attempts,"
            " lost, error, created_at) VALUES ('test:held', 'test.unknown', '', '', datetime('now'), 50, 'leased', ?,"
            " datetime('now', '+1 hour'), 1, 0, '', datetime('now'))",
            [f"{_host(portal)}:{pid}:abcdef"],
        )
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_ten_seconds_with_exit_code_0_f2(tmp_path: Path, number: signal.Signals) -> None:
    with Portal(tmp_path / "var") as portal:
        everything = tree_of(portal.pid)
        code, took = portal.stop(number)
        assert code == 0
        assert took <= 10
        assert not [pid for pid in everything if is_running(pid)]


def test_it_ends_in_time_with_clients_that_are_half_way(tmp_path: Path) -> None:
    with Portal(tmp_path / "var") as portal:
        half_open = []
        for text in (
            b"",
            b"GET /he",
            b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n\r\nhalf",
        ):
            client = socket.create_connection(("127.0.0.1", portal.port))
            client.sendall(text)
            half_open.append(client)
        time.sleep(0.2)
        code, took = portal.stop()
        assert code == 0
        assert took <= 10
        for client in half_open:
            client.close()


def test_a_killed_runner_leaves_no_process_f10(tmp_path: Path) -> None:
    with Portal(tmp_path / "var") as portal:
        wait_until(lambda: len(tree_of(portal.pid)) >= 8, 10, "django-q2's own processes")
        everything = tree_of(portal.pid)
        os.kill(portal.pid, signal.SIGKILL)
        wait_until(lambda: not [pid for pid in everything if is_running(pid)], 5, "all of them end")


def test_a_start_on_a_migrated_database_serves_within_three_seconds_p8(tmp_path: Path) -> None:
    """On a machine that is busy with other things, within three times what loading Django alone takes there."""
    with Portal(tmp_path / "var") as portal:
        portal.stop()
        started = time.monotonic()
        manage(portal.directory, "version")
        bare = time.monotonic() - started
        took = portal.start()
        assert portal.client.get("/accounts/login/").status_code == 200
        assert took <= max(3.0, 3 * bare)


def _kill_and_wait(portal: Portal, role: str) -> float:
    killed = portal.kill(role)
    return wait_until(
        lambda: portal.children().get(role, killed) != killed and portal.is_alive(), 10, f"{role} is back"
    )


def _database(portal: Portal) -> sqlite3.Connection:
    return sqlite3.connect(portal.directory / "watchbill.sqlite3", timeout=10)


def _beats(portal: Portal) -> list[str]:
    with _database(portal) as database:
        return [row[0] for row in database.execute("SELECT name FROM core_beat")]


def _host(portal: Portal) -> str:
    names = [name for name in _beats(portal) if name.startswith("worker:")]
    return names[0].split(":")[1] if names else ""


def _state(portal: Portal, key: str) -> str:
    with _database(portal) as database:
        return str(database.execute("SELECT state FROM core_duerow WHERE key = ?", [key]).fetchone()[0])
