"""The whole product as processes: `manage.py up` on a throw-away directory and a free port."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from core.runner.lifeline import tie_to_parent
from tests.canaries import shown_by

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 40.0


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(directory: Path, port: int, **settings: str) -> dict[str, str]:
    """Only what the test says: no setting of the machine reaches the portal, nor one that unbuffers its output."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("WATCHBILL_", "PYTHONUNBUFFERED"))}
    ours = {"DATA_DIR": str(directory), "PORT": str(port), "STATIC_FROM_SOURCE": "on", **settings}
    kept |= {f"WATCHBILL_{key}": value for key, value in ours.items()}
    return {**kept, "DJANGO_SETTINGS_MODULE": "portal.settings"}


def manage(directory: Path, *words: str, port: int = 8000, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment(directory, port, **settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def wait_until(condition: Callable[[], Any], seconds: float, what: str) -> float:
    """Wait for a condition and say how long it took."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if condition():
            return time.monotonic() - started
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class Portal:
    """A running portal; `with Portal(path) as portal:` ends all of it, whatever the test did."""

    def __init__(self, directory: Path, *, port: int | None = None, command: str = "up", **settings: str) -> None:
        self.directory = directory
        self.port = port or free_port()
        self.settings = settings
        self.command = command
        self.url = f"http://localhost:{self.port}"
        self.log = directory.parent / f"up-{self.port}.log"
        self.output: int | None = None  # a descriptor that takes the place of the log
        self.process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers={"Host": f"localhost:{self.port}"}, timeout=15
        )

    def __enter__(self) -> Portal:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.end_all()
        shown = shown_by(self.text(), self.directory)
        assert not shown, f"{self.log} shows {shown}"

    def start(self) -> float:
        """Start it and wait for /healthz; the seconds that this took."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", self.command],
                cwd=ROOT,
                env=environment(self.directory, self.port, **self.settings),
                stdout=log if self.output is None else self.output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(tie_to_parent, os.getpid()),  # a test that is killed leaves no portal
            )
        return wait_until(self.is_alive, START_SECONDS, f"/healthz\n{self.text()}")

    def is_alive(self) -> bool:
        """Whether /healthz answers within half a second."""
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"the runner ended with {self.process.returncode}\n{self.text()}")
        try:
            return self.client.get("/healthz", timeout=0.5).status_code == 200
        except httpx.HTTPError:
            return False

    def text(self) -> str:
        """What it has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def pid(self) -> int:
        """The runner's process."""
        assert self.process is not None
        return self.process.pid

    def children(self) -> dict[str, int]:
        """Role -> pid of the runner's direct children, from its own log lines."""
        living = set(children_of(self.pid))
        started = re.findall(r"process started .*?name='([a-z0-9-]+)' pid=(\d+)", self.text())
        return {name: int(pid) for name, pid in started if int(pid) in living}

    def kill(self, role: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to one of its processes and return its pid."""
        pid = self.children()[role]
        os.kill(pid, number)
        return pid

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Ask the runner to end; exit code and seconds."""
        assert self.process is not None
        started = time.monotonic()
        os.kill(self.pid, number)
        code = self.process.wait(timeout=20)
        return code, time.monotonic() - started

    def end_all(self) -> None:
        """Kill what is left of this portal, and only that."""
        if self.process is None:
            return
        for pid in tree_of(self.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(timeout=10)


def children_of(pid: int) -> list[int]:
    """The direct children of a process."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def tree_of(pid: int) -> list[int]:
    """A process and all that descends from it."""
    found = [pid]
    for child in children_of(pid):
        found += tree_of(child)
    return found


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def memory_kib(pids: list[int], field: str = "Pss") -> int:
    """The sum of a figure of /proc/<pid>/smaps_rollup over some processes, in KiB."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{field}:"):
                total += int(line.split()[1])
    return total
