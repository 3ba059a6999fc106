"""Whether a process of this machine is there, and still the same one: numbers are given out again, zombies linger."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

GONE = ("Z", "X", "x")  # ended; only their parent has not looked yet
UNKNOWN = "?"  # it runs as far as can be told: nobody may act as if it had ended
_PROC = Path("/proc")


def started(pid: int) -> str:
    """When a process began, as a text that no later process of its number has; "" when it has ended.

    Ticks since the machine's start by /proc/<pid>/stat (proc(5)); UNKNOWN where that cannot be read just now (no
    descriptor is left) or there is no /proc and one of that number runs.
    """
    try:
        fields = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "" if _PROC.joinpath("self").exists() else _asked(pid)
    except OSError:
        return UNKNOWN
    return "" if fields[0] in GONE else fields[19]


def is_another(pid: int, since: str) -> bool:
    """Whether the process of this number that began at `since` (as `started` says) has certainly ended."""
    now = started(pid)
    return now == "" or (UNKNOWN not in (now, since) and now != since)


def own_start() -> str:
    """When this process began."""
    return _own(os.getpid())


@lru_cache(maxsize=2)
def _own(pid: int) -> str:
    return started(pid)


def _asked(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass
    return UNKNOWN
