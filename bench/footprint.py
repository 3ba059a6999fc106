"""P8: memory of the default system, seconds to the first page, seconds to migrate an empty database."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tools.chaos.portal import Portal, fetch


def pss(pid: int) -> int:
    """The proportional share of memory of one process in KiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def run(folder: Path) -> dict[str, Any]:
    """Migrate, start, ask for pages, weigh."""
    portal = Portal(folder)
    begun = time.monotonic()
    portal.manage("migrate", "-v0")
    migrated = time.monotonic() - begun
    portal.start()
    portal.stop()
    first = portal.start()
    for _ in range(20):
        fetch(f"{portal.url}/accounts/login/")
    time.sleep(5)
    processes = [portal.pid, *portal.tree()]
    weight = sum(pss(pid) for pid in processes) / 1024
    portal.stop()
    return {
        "migrate an empty database, s (goal 8)": round(migrated, 2),
        "start to first page, s (goal 3)": round(first, 2),
        "PSS of all processes, MB (goal 300)": round(weight),
        "processes": len(processes),
    }
