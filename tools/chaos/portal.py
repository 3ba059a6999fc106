"""The whole product as processes on a throw-away data directory; kills only what it started."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tools.services import free_port

ROOT = Path(__file__).resolve().parents[2]
COMMAND_SECONDS = 1800  # for one command: a demo with weeks of past takes minutes on a loaded machine


def children(pid: int) -> list[int]:
    """Every living descendant of a process, by /proc."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
                if fields[0] != "Z":
                    parents.setdefault(int(fields[1]), []).append(int(entry))
    found: list[int] = []
    queue = [pid]
    while queue:
        below = parents.get(queue.pop(), [])
        found.extend(below)
        queue.extend(below)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def title(pid: int) -> str:
    """The command line of a process."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def fetch(
    url: str, data: bytes | None = None, *, timeout: float = 10, method: str | None = None, **headers: str
) -> tuple[int, bytes]:
    """One request without cookies; the status and body, also of a refusal. Raises OSError when nobody answers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=data, headers=named, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class Portal:
    """`manage.py up` on a free port; `settings` are WATCHBILL_ names without the prefix."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "portal.log"
        self.environment: dict[str, str] = {
            **{key: value for key, value in os.environ.items() if not key.startswith("WATCHBILL_")},
            "WATCHBILL_DATA_DIR": str(folder / "data"),
            "WATCHBILL_PORT": str(self.port),
            "WATCHBILL_URL": self.url,
            "WATCHBILL_STATIC_FROM_SOURCE": "on",
            **{f"WATCHBILL_{key}": value for key, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end and return what it printed."""
        return self._run(str(ROOT / "manage.py"), *arguments)

    def migrate(self) -> None:
        """Make the tables."""
        self.manage("migrate", "-v0")

    def python(self, module: str, *arguments: str) -> str:
        """Run a module of ours in the product's environment and return what it printed."""
        return self._run("-m", module, *arguments)

    def _run(self, *words: str) -> str:
        """Raises RuntimeError with what it said when it fails, TimeoutExpired when it does not end."""
        command, limit = [sys.executable, *words], COMMAND_SECONDS
        done = subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=limit, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr[-2000:]}")
        return done.stdout

    def start(self, wait: float = 30, prefix: tuple[str, ...] = ()) -> float:
        """Start the product and wait for its first answer; returns the seconds that it took."""
        begun = time.monotonic()
        with self.log.open("ab") as log:
            command = [*prefix, sys.executable, str(ROOT / "manage.py"), "up"]
            self.process = subprocess.Popen(
                command, env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        while time.monotonic() < begun + wait:
            if self.process.poll() is not None:
                raise RuntimeError(f"the portal ended with {self.process.returncode}: {self.tail()}")
            with contextlib.suppress(OSError):
                if fetch(f"{self.url}/healthz", timeout=2)[0] == 200:
                    return time.monotonic() - begun
            time.sleep(0.05)
        raise RuntimeError(f"the portal did not answer within {wait} s: {self.tail()}")

    def tail(self, size: int = 3000) -> str:
        """The end of the log."""
        return self.log.read_text(errors="replace")[-size:]

    @property
    def pid(self) -> int:
        """The runner's process id."""
        if self.process is None:
            raise RuntimeError("not started")
        return self.process.pid

    def tree(self) -> list[int]:
        """The runner's descendants."""
        return children(self.pid) if self.process else []

    def kill(self, pid: int) -> None:
        """kill -9 of one of our own processes."""
        self.signal(pid, signal.SIGKILL)

    def signal(self, pid: int, number: int) -> None:
        """Send a signal to one of our own processes; nothing when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def roles(self) -> dict[str, int]:
        """Role ("web", "worker-1", "bulk") -> process id of the runner's living children, from its own log lines."""
        started = re.findall(r"process started name='([a-z0-9-]+)' pid=(\d+)", self.log.read_text(errors="replace"))
        return {name: int(pid) for name, pid in started if alive(int(pid))}

    def kill_all(self) -> None:
        """kill -9 of the runner and of every descendant, at one moment."""
        pids = [self.pid, *self.tree()]
        for pid in pids:
            self.kill(pid)
        if self.process:
            self.process.wait(10)
        deadline = time.monotonic() + 10
        while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.02)

    def stop(self, wait: float = 15) -> tuple[int, float]:
        """SIGTERM; the exit code and the seconds until the end."""
        if self.process is None:
            return 0, 0.0
        begun = time.monotonic()
        self.process.terminate()
        try:
            code = self.process.wait(wait)
        except subprocess.TimeoutExpired:
            self.kill_all()
            code = -9
        return code, time.monotonic() - begun
