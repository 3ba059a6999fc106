"""A worker and a web process run into a limit of memory (F11)."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path

import pytest

from tests.system.conftest import Make
from tests.system.scene import Scene, eventually
from tools.chaos.portal import fetch

pytestmark = [pytest.mark.system, pytest.mark.long]
MB = 1024 * 1024


def limit(pid: int, spare: int) -> None:
    """Leave a process `spare` bytes of address space beyond what it has now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    size = pages * resource.getpagesize() + spare
    resource.prlimit(pid, resource.RLIMIT_AS, (size, size))


def bulky(scene: Scene, token: str) -> int:
    """An event of nearly 512 KB; the status, 0 when nobody answered."""
    event = json.loads(scene.body(token))
    event["payload"]["custom_details"] = {"dump": "x" * 500_000}
    try:
        status, _ = fetch(f"{scene.portal.url}/v2/enqueue", json.dumps(event).encode(), timeout=20)
    except OSError:
        return 0
    return status


def test_processes_at_their_limit_lose_nothing_f11(make: Make) -> None:
    """200 events of 512 KB with 24 MB to spare: what was accepted is paged, at most twice, and the portal lives on."""
    scene = make(WORKERS="2")
    scene.portal.start()
    scene.arrives(scene.post())
    for role, pid in scene.portal.roles().items():
        if role != "bulk":
            limit(pid, 24 * MB)
    accepted = []
    for _ in range(200):
        token = scene.fresh()
        if bulky(scene, token) == 202:
            accepted.append(token)
    assert accepted
    eventually(lambda: all(scene.mails(token) for token in accepted), 240, "a mail for each")
    assert max(scene.counts(accepted).values()) <= 2
    assert scene.sql("SELECT count(*) FROM core_duerow WHERE state = 'parked'") == [(0,)]
    time.sleep(1)
    assert fetch(f"{scene.portal.url}/healthz")[0] == 200
