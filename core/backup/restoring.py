"""The way back: everything is checked first, what stood there is kept aside, and no storm of pages follows (F52)."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from core import away, clock, health
from core.backup import archive, making, manifest, postgresql, sqlite
from core.backup.manifest import DATABASES, KEYS, Manifest, Refused
from core.models import Beat
from core.runner import prepare

#: What belongs to the hour of the backup alone: who was signed in, what was counted, what was held in the cache.
EMPTIED = ("django_session", "usersessions_usersession", "core_throttlecount", "cache")
#: What `_tidy` does, for the end of the transaction on PostgreSQL.
NO_WORKER = "DELETE FROM core_beat WHERE name LIKE 'worker:%'"
REVIEW = (
    "INSERT INTO core_beat (name, at, ok, detail) VALUES ('{0}', now(), true, '{1}')"
    " ON CONFLICT (name) DO UPDATE SET at = excluded.at, ok = excluded.ok, detail = excluded.detail"
)
SILENT = timedelta(seconds=30)  # a worker that has given no sign of life for so long is not there


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator has said: put it in the place of what is there; stored secrets may stay closed."""

    replace: bool = False
    other_keys: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was restored, and the folder in which stands what was there before (None where nothing was)."""

    manifest: Manifest
    aside: Path | None
    keys: bool


def restore(path: Path, wishes: Wishes) -> Outcome:
    """Put an archive in the place of this portal's data; raises Refused, and then nothing has changed."""
    os.umask(0o077)
    making.refuse_stranger()
    try:
        with prepare.lock_directory(), prepare.lock_use(alone=True), archive.opened(path) as tar:
            said = archive.check(tar)
            keys = any(member.name.startswith("keys/") for member in said.members)
            empty, aside = _is_empty(), _Aside()
            _refuse(said, wishes, keys=keys, empty=empty)
            with tempfile.TemporaryDirectory(prefix="restore-", dir=settings.DATA_DIR) as folder:
                staged = Path(folder)
                _refuse_full(said, staged)
                archive.extract(tar, said, staged)
                _put(said, staged, aside, dump_first=not empty)
    except prepare.CannotStart as error:
        raise Refused(str(error)) from None
    except DatabaseError as error:
        raise Refused(
            f"The database cannot be used ({type(error).__name__}): look at WATCHBILL_DATABASE_URL."
        ) from error
    except OSError as error:
        raise Refused(f"{path} cannot be restored: {error.strerror or type(error).__name__}.") from error
    return Outcome(said, aside.made, keys)


def _refuse(said: Manifest, wishes: Wishes, *, keys: bool, empty: bool) -> None:
    if said.database != connection.vendor:
        raise Refused(f"This backup is of {said.database} and this portal uses {connection.vendor}.")
    manifest.refuse_newer(said)
    if not empty and not wishes.replace:
        raise Refused("There is a portal here already; --replace puts the backup in its place and keeps it aside.")
    if not empty and _is_in_use():
        raise Refused("Something still uses this database: end the whole portal; after a crash wait half a minute.")
    if not keys and not wishes.other_keys and not set(said.sealed_with) <= set(manifest.prints()):
        raise Refused(
            "The stored secrets of this backup were sealed with other keys: put its secret-key and field-keys into "
            f"{settings.DATA_DIR} first, or give up those secrets with --other-keys."
        )


def _is_empty() -> bool:
    if any(making.attachments()):
        return False
    if connection.vendor == "postgresql":
        return postgresql.is_empty()
    return sqlite.is_empty(making.database_path())


def _is_in_use() -> bool:
    """Whether a worker has just given a sign of life, or PostgreSQL has somebody else on the line."""
    if connection.vendor == "postgresql" and postgresql.others():
        return True
    try:
        beats = list(Beat.objects.filter(name__startswith="worker:").values_list("at", flat=True))
    except DatabaseError:  # damaged, or of another time: that may be why a backup is wanted
        beats = []
    finally:
        connection.close()  # the file is about to be moved
    return any(health.lived(at, SILENT) for at in beats)


def _refuse_full(said: Manifest, folder: Path) -> None:
    wanted = sum(member.size for member in said.members) + making.SPARE
    free = shutil.disk_usage(folder).free
    if free < wanted:
        mb = 1024 * 1024
        raise Refused(f"{settings.DATA_DIR} has {free // mb} MB free and the backup needs {wanted // mb} MB.")


class _Aside:
    """The folder for what stood here before; made when there is something."""

    def __init__(self) -> None:
        self.made: Path | None = None

    @property
    def path(self) -> Path:
        """The folder, made now at the latest."""
        if self.made is None:
            self.made = Path(settings.DATA_DIR) / f"before-restore-{clock.now():%Y%m%dT%H%M%SZ}"
            self.made.mkdir(mode=0o700)
        return self.made


def _put(said: Manifest, staged: Path, aside: _Aside, *, dump_first: bool) -> None:
    """What is most likely to fail comes first; no row of the backup's time is used before it is tidied.

    SQLite is tidied as a file beside the present one, which it replaces last of all; PostgreSQL in the transaction that
    puts the rows in, so that an end of this process behind it leaves no database that pages without a look.
    """
    database, present = staged / DATABASES[said.database], making.database_path()
    if said.database == "sqlite":
        sqlite.check(database)
        with _elsewhere(database):
            _tidy(said)
    else:
        if dump_first:
            postgresql.dump(aside.path / DATABASES["postgresql"], staged)
        _put_dump(said, database, staged, aside)
    _put_attachments(staged / "attachments", aside)
    _put_keys(staged / "keys", aside)
    connection.close()
    if said.database == "sqlite":
        sqlite.put(database, present, aside.path if present.exists() else staged)


@contextlib.contextmanager
def _elsewhere(path: Path) -> Iterator[None]:
    """Our models on another SQLite file, which is one file again at the end."""
    connection.close()
    entry = connection.settings_dict
    entry["NAME"], present = str(path), entry["NAME"]
    try:
        yield
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode=DELETE")
    finally:
        connection.close()
        entry["NAME"] = present


def _put_dump(said: Manifest, database: Path, scratch: Path, aside: _Aside) -> None:
    review = json.dumps(away.restored(said.moment))  # of a checked time alone: it holds no quote
    try:
        postgresql.restore(database, scratch, EMPTIED, (NO_WORKER, REVIEW.format(away.NAME, review)))
    except Refused as error:
        kept = f" What stood there before is in {aside.made}." if aside.made else ""
        raise Refused(f"{error}{kept}") from error


def _put_attachments(staged: Path, aside: _Aside) -> None:
    """Swap the folders; across file systems by copying."""
    target = Path(settings.ATTACHMENTS_DIR)
    staged.mkdir(mode=0o700, exist_ok=True)
    if target.exists() and any(target.iterdir()):
        shutil.move(target, aside.path / "attachments")
    elif target.exists():
        target.rmdir()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.move(staged, target)


def _put_keys(staged: Path, aside: _Aside) -> None:
    for name in KEYS:
        fresh, target = staged / name, Path(settings.DATA_DIR) / name
        if fresh.exists():
            if target.exists():
                os.rename(target, aside.path / name)
            os.rename(fresh, target)


def _tidy(said: Manifest) -> None:
    """In SQLite's file nobody is signed in, nothing counted, no worker lives; the next looks before it sends (F52)."""
    there = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for name in sorted(there & set(EMPTIED)):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")  # noqa: S608 (own names)
    Beat.objects.filter(name__startswith="worker:").delete()
    away.note_restore(said.moment)
    connection.close()
