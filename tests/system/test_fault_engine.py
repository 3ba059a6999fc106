"""The engine is dead or the database is held, and the web process says so (F8, F20, F60, G10, G14, G15)."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.system.conftest import Make
from tests.system.scene import eventually
from tools.chaos.portal import ROOT, Portal, fetch

pytestmark = [pytest.mark.system, pytest.mark.long]


class Watchdog(BaseHTTPRequestHandler):
    """The external watchdog: notes when it is pinged."""

    pings: list[float] = []

    def do_GET(self) -> None:
        self.pings.append(time.monotonic())
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def watchdog() -> Iterator[str]:
    """Its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Watchdog)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/ping"
    server.shutdown()
    server.server_close()


def spawn(portal: Portal, command: str) -> subprocess.Popen[bytes]:
    """One process that nobody starts anew."""
    with portal.log.open("ab") as log:
        words = [sys.executable, str(ROOT / "manage.py"), command]
        return subprocess.Popen(words, env=portal.environment, cwd=ROOT, stdout=log, stderr=log)


def health(portal: Portal) -> int:
    """The status of /healthz/engine, 0 when nobody answers."""
    try:
        return fetch(f"{portal.url}/healthz/engine", timeout=5)[0]
    except OSError:
        return 0


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP], ids=["killed-f60", "frozen-f8"])
def test_the_only_worker_is_gone(make: Make, watchdog: str, end: signal.Signals) -> None:
    """Red within 60 s, a banner on the page, one mail from the web process, no ping; well again with a worker."""
    Watchdog.pings.clear()
    scene = make(WATCHDOG_URL=watchdog, OUTBOUND_ALLOW="127.0.0.1")
    portal = scene.portal
    web, worker = spawn(portal, "web"), spawn(portal, "worker")
    others = []
    try:
        eventually(lambda: health(portal) == 200, 90, f"the engine is well\n{portal.tail()}")
        eventually(lambda: Watchdog.pings, 90, "the first ping")
        ada = scene.sign_in("ada@example.org")
        eventually(lambda: not banner(ada), 10, "no banner: it is asked for each five seconds")
        os.kill(worker.pid, end)
        died, pings = time.monotonic(), len(Watchdog.pings)
        eventually(lambda: health(portal) == 503, 60, "/healthz/engine is red")
        red = time.monotonic() - died
        eventually(lambda: banner(ada), 15, "the banner on the page")
        mail = eventually(
            lambda: [m for m in scene.sink.log if m.to.startswith("ada")], 120, "the administrators' mail"
        )
        told = mail[0].at - died
        assert "pages do not leave" in mail[0].subject + mail[0].text
        waiting = scene.post()  # accepted meanwhile
        assert len(Watchdog.pings) == pings
        if end == signal.SIGSTOP:
            os.kill(worker.pid, signal.SIGCONT)
        else:
            others.append(spawn(portal, "worker"))
        scene.arrives(waiting, 30)
        sys.stdout.write(f"red after {red:.1f} s, mail after {told:.1f} s\n")
        assert red <= 60
        assert told <= 120
        eventually(lambda: health(portal) == 200, 120, "well again")
    finally:
        for process in (web, worker, *others):
            process.kill()
            process.wait(10)


def banner(page: httpx.Client) -> str:
    """The page of somebody who has signed in, once it carries the red banner's sentence."""
    text = page.get("/now/").text
    return text if "pages do not leave" in text else ""


def test_sqlite_is_held_for_thirty_seconds_f20(make: Make) -> None:
    """503 with Retry-After within 10 s, never a false 202; all of it is done within 30 s of the release."""
    scene = make(WORKERS="2")
    scene.portal.start()
    before = scene.post()
    scene.arrives(before)
    path = Path(scene.portal.environment["WATCHBILL_DATA_DIR"]) / "watchbill.sqlite3"
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    held, answers, tokens = time.monotonic(), [], []
    while time.monotonic() - held < 30:
        tokens.append(scene.fresh())
        started = time.monotonic()
        answers.append((scene.try_post(tokens[-1], timeout=20), time.monotonic() - started))
        assert fetch(f"{scene.portal.url}/healthz", timeout=2)[0] == 200
    blocker.execute("ROLLBACK")
    blocker.close()
    released = time.monotonic()
    assert {status for status, _ in answers[:-1]} == {503}
    assert max(took for _, took in answers[:-1]) <= 10
    for token in tokens:  # senders repeat what was refused
        assert eventually(partial(scene.is_taken, token), 15, "202 again")
    eventually(lambda: all(scene.mails(token) for token in tokens), 30, "a mail for each")
    assert time.monotonic() - released <= 30
    scene.at_rest()
    assert set(scene.counts(tokens).values()) == {1}
    assert len(scene.portal.roles()) == 4
