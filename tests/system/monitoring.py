"""Real Prometheus Alertmanager from Debian, started with a configuration of the test's own."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.system.scene import eventually
from tools.chaos.portal import fetch
from tools.services import free_port

CONFIG = """
route:
  receiver: watchbill
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 4s
receivers:
  - name: watchbill
    webhook_configs:
      - url: {url}
        send_resolved: true
"""


def installed() -> bool:
    """Whether Alertmanager and its tool are here."""
    return bool(shutil.which("prometheus-alertmanager") and shutil.which("amtool"))


@dataclass
class Alertmanager:
    """A running server."""

    url: str

    def fire(self, name: str, **labels: str) -> None:
        """Add an alert that fires."""
        self._amtool("alert", "add", name, *(f"{key}={value}" for key, value in labels.items()))

    def resolve(self, name: str, **labels: str) -> None:
        """End an alert."""
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
        start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
        pairs = [f"{key}={value}" for key, value in labels.items()]
        self._amtool("alert", "add", name, *pairs, f"--start={start}", f"--end={end}")

    def _amtool(self, *arguments: str) -> None:
        command = ["amtool", f"--alertmanager.url={self.url}", *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=30)


@contextlib.contextmanager
def alertmanager(folder: Path, target: str) -> Iterator[Alertmanager]:
    """Alertmanager that posts to `target`, gone at the end."""
    port = free_port()
    config = folder / "alertmanager.yml"
    config.write_text(CONFIG.format(url=target))
    process = subprocess.Popen(
        [
            "prometheus-alertmanager",
            f"--config.file={config}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        stdout=(folder / "alertmanager.log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: _is_ready(url), 30, "Alertmanager is ready")
        yield Alertmanager(url)
    finally:
        process.kill()
        process.wait(10)


def _is_ready(url: str) -> bool:
    with contextlib.suppress(OSError):
        return fetch(f"{url}/-/ready", timeout=1)[0] == 200
    return False
