"""Making a backup while the portal runs: the database first, then the attachments, so that no row lacks its file."""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import DatabaseError, connection

from core import clock
from core.backup import archive, manifest, postgresql, sqlite
from core.backup.manifest import DATABASES, Manifest, Refused

OURS = re.compile(r"watchbill-\d{8}T\d{6}Z(?:-\d+)?\.tar", re.ASCII)
SPARE = 16 * 1024 * 1024  # bytes that must be left beside the archive


def refuse_stranger() -> None:
    """Only the owner of the data directory works on it: files of another user would shut the portal out (A108)."""
    owner = Path(settings.DATA_DIR).stat().st_uid
    if owner != os.geteuid():
        raise Refused(f"{settings.DATA_DIR} belongs to another user ({owner}); run this as that one.")


def database_path() -> Path:
    """Where SQLite's file is."""
    return Path(connection.settings_dict["NAME"])


def make(folder: Path, *, with_keys: bool = False) -> tuple[Path, Manifest]:
    """Write one verified archive (0600) into `folder`; raises Refused and leaves nothing behind then."""
    os.umask(0o077)
    refuse_stranger()
    if connection.vendor == "sqlite" and sqlite.is_empty(database_path()):
        raise Refused(f"There is no database in {settings.DATA_DIR} yet.")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_full(folder)
        with tempfile.TemporaryDirectory(prefix=".watchbill-", dir=folder) as scratch:
            made = _write(Path(scratch), with_keys=with_keys)
            with archive.opened(made) as tar:
                said = archive.check(tar)
            return _move(made, folder, said.moment), said
    except DatabaseError as error:
        raise Refused(f"The database cannot be read ({type(error).__name__}).") from error
    except OSError as error:
        raise Refused(f"The backup cannot be written to {folder}: {error.strerror or error}.") from error


def _write(scratch: Path, *, with_keys: bool) -> Path:
    path, at = scratch / "archive.tar", clock.now()
    copied = scratch / DATABASES[connection.vendor]
    if connection.vendor == "sqlite":
        sqlite.copy(database_path(), copied)
    else:
        postgresql.dump(copied, scratch)
    with path.open("xb") as file:
        writer = archive.Writer(file, at)
        for name, found in _files(copied, with_keys=with_keys):
            with found:
                writer.add(name, found, _length(found))
        writer.finish(manifest.describe(at, writer.members))
        file.flush()
        os.fsync(file.fileno())
    copied.unlink()
    return path


def _length(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _files(copied: Path, *, with_keys: bool) -> Iterator[tuple[str, BinaryIO]]:
    yield copied.name, copied.open("rb")
    for path in attachments():
        name = f"attachments/{path.parent.name}/{path.name}"
        if manifest.MEMBER.fullmatch(name) and path.is_file() and not path.is_symlink():
            try:
                yield name, path.open("rb")
            except FileNotFoundError:  # removed in this moment, with its row
                continue
    if with_keys:
        values = (settings.SECRET_KEY, ",".join(settings.FIELD_KEYS))
        for name, value in zip(manifest.KEYS, values, strict=True):
            yield f"keys/{name}", io.BytesIO(f"{value}\n".encode())


def attachments() -> Iterator[Path]:
    """The files of the attachments directory, in one order; it may not be there yet."""
    for folder in sorted(Path(settings.ATTACHMENTS_DIR).glob("[0-9a-f][0-9a-f]")):
        yield from sorted(folder.iterdir())


def _move(made: Path, folder: Path, at: datetime) -> Path:
    """Give the archive its name, which no other has; the name is on the disk when this returns."""
    base = f"watchbill-{at:%Y%m%dT%H%M%SZ}"
    for number in range(100):
        target = folder / (f"{base}.tar" if not number else f"{base}-{number}.tar")
        if target.exists():
            continue
        os.rename(made, target)
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        return target
    raise Refused(f"There are too many backups of this second in {folder}.")


def _refuse_full(folder: Path) -> None:
    copied = postgresql.size() if connection.vendor == "postgresql" else _size(database_path())
    wanted = 2 * copied + sum(_size(path) for path in attachments()) + SPARE
    free = shutil.disk_usage(folder).free
    if free < wanted:
        mb = 1024 * 1024
        raise Refused(f"{folder} has {free // mb} MB free and the backup needs {wanted // mb} MB for a moment.")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def prune(folder: Path, keep: int) -> list[Path]:
    """Remove our own archives but the newest `keep`; nothing else in the folder is touched."""
    ours = sorted(path for path in folder.iterdir() if OURS.fullmatch(path.name) and path.is_file())
    old = ours[:-keep]
    for path in old:
        path.unlink()
    return old
