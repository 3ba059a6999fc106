"""Processes that are there, have ended, or have given their number to another (F2, F10)."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from unittest.mock import Mock

import pytest

from core import alive


def test_a_process_is_told_from_others_of_its_number() -> None:
    assert alive.started(os.getpid()) == alive.started(os.getpid()) != ""
    assert alive.started(999_999_999) == ""


def test_one_that_cannot_be_looked_at_is_not_taken_for_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without descriptors must not give away what it and its neighbours hold."""
    own = alive.own_start()
    monkeypatch.setattr(Path, "read_text", Mock(side_effect=OSError(errno.EMFILE, "no descriptor is left")))
    assert alive.started(os.getpid()) == alive.UNKNOWN
    assert not alive.is_another(os.getpid(), own)
    assert alive.own_start() == own
    monkeypatch.undo()
    assert not alive.is_another(os.getpid(), alive.UNKNOWN)
    assert alive.is_another(os.getpid(), "17")


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
