"""Folders that are slow to fill, filled once for all processes of a run of the suite."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tools.chaos.portal import Portal

MADE_SECONDS = 400  # somebody else makes the folder meanwhile


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that `make` fills once, for all processes of this run of the suite."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{folder}.lock", timeout=MADE_SECONDS):
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)  # what another process left half made
            folder.mkdir()
            make(folder)
            (folder / "made").touch()
    return folder


def tables(factory: pytest.TempPathFactory) -> Path:
    """A data directory with tables and nobody in it; copy it."""
    return once(factory, "migrated", lambda folder: Portal(folder).migrate()) / "data"
