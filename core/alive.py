"""Whether a process of this machine is there, and still the same one: numbers are given out again, zombies linger."""

from __future__ import annotations

import os
from pathlib import Path

GONE = ("Z", "X", "x")  # ended; only their parent has not looked yet
_PROC = Path("/proc")


def started(pid: int) -> str:
    """When a process began, as a text that no later process of its number has; "" when it has ended.

    Ticks since the machine's start by /proc/<pid>/stat (proc(5)); without /proc "?" says that one of that number runs.
    """
    try:
        fields = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return "" if _PROC.joinpath("self").exists() else _asked(pid)
    return "" if fields[0] in GONE else fields[19]


def _asked(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass
    return "?"
