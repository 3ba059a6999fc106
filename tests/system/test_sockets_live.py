"""Sockets on the real server: the handshake, limits of frames, ended sessions, readers that do not read (A28, A31)."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.system.harness import Portal, manage, memory_kib, wait_until

pytestmark = pytest.mark.system
SETUP = """
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts import actors
from incidents.commands import opening
from tests.world import build, token
world = build()
incident = opening.declare(actors.person(world.bo), title="Payments fail", service=world.checkout)
session = SessionStore()
session[SESSION_KEY] = str(world.bo.pk)
session[BACKEND_SESSION_KEY] = "accounts.backends.PeopleBackend"
session[HASH_SESSION_KEY] = world.bo.get_session_auth_hash()
session.create()
print("OUT", incident.number, session.session_key, token(world.bo))
"""
END_SESSIONS = "from django.contrib.sessions.models import Session; Session.objects.all().delete()"
NOTES = """
from accounts import actors
from accounts.models import User
from incidents.commands import timeline
from incidents.models import Incident
bo = actors.person(User.objects.get(email="bo@example.org"))
for number in range({count}):
    timeline.note(bo, Incident.objects.get(number={number}), text="x" * {size})
"""


@dataclass
class Scene:
    """A portal with one incident and Bo's session."""

    portal: Portal
    number: int
    session: str

    def shell(self, code: str) -> str:
        """Run some lines beside the portal."""
        done = manage(self.portal.directory, "shell", "-v", "0", "-c", code, port=self.portal.port)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def socket(
        self, *, origin: str | None = "", session: str | None = "", path: str = "", **more: Any
    ) -> ClientConnection:
        """Open a socket as Bo's browser would."""
        key = self.session if session == "" else session
        where = path or f"/ws/incidents/{self.number}/?since=0"
        return connect(
            f"ws://localhost:{self.portal.port}{where}",
            origin=self.portal.url if origin == "" else origin,  # type: ignore[arg-type]
            additional_headers={"Cookie": f"watchbill={key}"} if key else {},
            **more,
        )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Scene]:
    """One scene for all of it."""
    directory = tmp_path_factory.mktemp("sockets") / "var"
    shutil.copytree(migrated, directory)
    with Portal(directory) as portal:
        done = manage(portal.directory, "shell", "-v", "0", "-c", SETUP, port=portal.port)
        [line] = [line for line in done.stdout.splitlines() if line.startswith("OUT")] or [done.stderr]
        _, number, session, _token = line.split()
        yield Scene(portal, int(number), session)


def small_ears(port: int) -> socket.socket:
    """A connected socket for which the kernel keeps little."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    made.connect(("127.0.0.1", port))
    return made


def code_of(line: ClientConnection, seconds: float = 8) -> int:
    """The code with which the server closes."""
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            line.recv(timeout=seconds)
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd else 0
    raise AssertionError("it stayed open")


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example"])
def test_a_foreign_origin_is_403_at_the_handshake_a31(scene: Scene, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        scene.socket(origin=origin)
    assert refused.value.response.status_code == 403
    assert "Server" not in refused.value.response.headers


def test_nobody_and_foreign_paths_are_closed_with_their_codes_a31(scene: Scene) -> None:
    assert code_of(scene.socket(session=None)) == 4401
    assert code_of(scene.socket(session="made-up")) == 4401
    assert code_of(scene.socket(path="/ws/incidents/999999/")) == 4403
    assert code_of(scene.socket(path="/ws/anything/")) == 4403


def test_entries_come_in_order_with_their_numbers_res20(scene: Scene) -> None:
    with scene.socket() as line:
        scene.shell(NOTES.format(count=5, number=scene.number, size=5))
        frames = [json.loads(line.recv(timeout=10)) for _ in range(6)]
        assert [frame["seq"] for frame in frames] == list(range(1, 7))
        assert all(frame["kind"] == "skip" or frame["html"] for frame in frames)


def test_big_frames_are_1009_and_floods_4429_a31(scene: Scene) -> None:
    with scene.socket() as line:
        line.send("x" * (1024 * 1024))
        assert code_of(line) == 1009
    with scene.socket() as line:
        for _ in range(200):
            try:
                line.send('{"type": "here"}')
            except ConnectionClosed:
                break
        assert code_of(line) == 4429


def sockets_of(pid: int) -> int:
    """Open sockets of a process; the files of its database connections come and go and do not count."""
    found = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            found += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
    return found


@pytest.mark.faults
def test_a_reader_that_does_not_read_is_cut_and_memory_stays_bounded_f43(scene: Scene) -> None:
    web = scene.portal.children()["web"]
    before = memory_kib([web], "Rss")
    deaf = [scene.socket(max_queue=1, sock=small_ears(scene.portal.port)) for _ in range(10)]
    connected = sockets_of(web)
    scene.shell(NOTES.format(count=300, number=scene.number, size=9000))
    wait_until(lambda: sockets_of(web) <= connected - 10, 15, "the deaf are cut")
    assert memory_kib([web], "Rss") - before < 60 * 1024
    for line in deaf:
        line.socket.close()


def test_an_ended_session_closes_its_socket_within_five_seconds_a28(scene: Scene) -> None:
    # From now on: a backlog that nobody reads while the shell starts would cut the line by itself (F43).
    with scene.socket(path=f"/ws/incidents/{scene.number}/") as line:
        scene.shell(END_SESSIONS)
        started = time.monotonic()
        assert code_of(line) == 4401
        assert time.monotonic() - started <= 5.5
