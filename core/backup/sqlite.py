"""A copy of SQLite's file while others write to it, and its return (A108)."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from core.backup.manifest import Refused

BESIDE = ("-wal", "-shm", "-journal")


def copy(source: Path, target: Path) -> None:
    """Copy the database as it stands at this moment; nobody waits. Raises Refused where it is damaged."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True, timeout=20)) as database,
            contextlib.closing(sqlite3.connect(target)) as made,
        ):
            database.backup(made)  # all pages in one step: one snapshot, and writers go on beside it
            made.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise Refused(f"The database {source} cannot be copied ({error}).") from error
    check(target)


def check(path: Path) -> None:
    """Whether the file is a sound database; raises Refused."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            said = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        raise Refused(f"The copy of the database is damaged: {said}.")


def is_empty(path: Path) -> bool:
    """Whether there is no file, or one without tables."""
    if not path.exists():
        return True
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            return not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.Error:
        return False


def put(staged: Path, target: Path, aside: Path) -> None:
    """Keep what is there, with its log, in `aside`; then the staged file takes its place.

    An end of this process leaves the former database or the new one, never none.
    """
    if target.exists():
        _settle(target)
        _keep(target, aside / target.name)
    for ending in BESIDE:
        old = target.with_name(target.name + ending)
        if old.exists():
            os.rename(old, aside / old.name)
    os.replace(staged, target)


def _settle(path: Path) -> None:
    """Put what stands in the log into the file, which is whole without it then; a damaged one stays as it is.

    Raises Refused while something else holds the file open in the middle of reading it.
    """
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=20)) as database,
    ):
        if database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise Refused(f"Something else is reading {path}. End it first; nothing was changed.")


def _keep(path: Path, copy: Path) -> None:
    try:
        os.link(path, copy)
    except OSError:  # a file system without links
        shutil.copy2(path, copy)
