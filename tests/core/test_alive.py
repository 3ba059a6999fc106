"""Processes that are there, have ended, or have given their number to another (F2, F10)."""

from __future__ import annotations

import os
import time

from core import alive


def test_a_process_is_told_from_others_of_its_number() -> None:
    assert alive.started(os.getpid()) == alive.started(os.getpid()) != ""
    assert alive.started(999_999_999) == ""


def test_one_that_has_ended_is_gone_although_nobody_has_looked_yet() -> None:
    """In a container without an init its number stays in the list of processes."""
    pid = os.fork()
    if not pid:
        os._exit(0)
    deadline = time.monotonic() + 5
    while alive.started(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert os.path.exists(f"/proc/{pid}")
    assert alive.started(pid) == ""
    os.waitpid(pid, 0)
